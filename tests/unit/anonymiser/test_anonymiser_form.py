"""What stays is what its VR says that it is: no day, time or UID in disguise, whatever retains it (PS3.5 6.2, 9.1)."""

import re

import pytest

from services.anonymiser.cleaning.clock import proper as proper_day
from services.anonymiser.cleaning.uids import proper
from services.anonymiser.dataset.tree import find, word
from services.anonymiser.profile.load import BadProfile
from shared.events import Finding, InstanceAnonymised
from shared.outcome import Done
from tests.unit.anonymiser.building import PSEUDONYMS, cleaned, elements_of, instance, sequence, text, value_of, verdict
from tests.unit.anonymiser.door import Bench

SERIES, STUDY, INSTANCE = 0x0020000E, 0x0020000D, 0x00080018
STUDY_DATE, STUDY_TIME, ACQUIRED = 0x00080020, 0x00080030, 0x0008002A
DATES = "name: own\nbase: basic\ntitle: Own\noptions: [retain-longitudinal-full-dates]\n"
UIDS = "name: own\nbase: basic\ntitle: Own\noptions: [retain-uids]\n"
UP = ["../../Smith", "..", ".", "1.2.3/../../x", "1..2", ".1.2", "1.2.", "1.2\\..", "..\\1.2", "Smith", "1.2 3", "/1.2"]


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (STUDY_DATE, "DA", "Smithers"),
        (STUDY_DATE, "DA", "20240102\\Smith"),
        (STUDY_DATE, "DA", "20240230"),
        (STUDY_DATE, "DA", "98765432"),
        (STUDY_TIME, "TM", "J Smithers jr"),
        (STUDY_TIME, "TM", "101112 Smith"),
        (ACQUIRED, "DT", "Smith"),
        (ACQUIRED, "DT", "20240102Smith"),
        (ACQUIRED, "DT", "2024Smit"),
    ],
)
def test_a_day_or_a_time_that_is_none_does_not_stay_because_days_are_retained(tag: int, vr: str, value: str):
    result = cleaned(instance(text(tag, vr, value)), DATES)
    assert value_of(result, tag) == b""
    assert Finding(code="malformed-date", tag=f"{tag:08X}") in result.findings


def test_where_a_day_must_stand_a_dummy_does():
    (item,) = find(
        elements_of(cleaned(instance(sequence(0x00400260, (text(0x0040A121, "DA", "Smith"),))), DATES)), 0x00400260
    ).items
    assert word(item, 0x0040A121) == "19000101"


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (STUDY_DATE, "DA", "20240102"),
        (STUDY_DATE, "DA", "2024.01.02"),
        (STUDY_DATE, "DA", "20240102\\20240103"),
        (STUDY_TIME, "TM", "10"),
        (STUDY_TIME, "TM", "101112.123456"),
        (STUDY_TIME, "TM", "10:11:12"),
        (ACQUIRED, "DT", "2024"),
        (ACQUIRED, "DT", "202401"),
        (ACQUIRED, "DT", "20240102101112.5+0100"),
        (ACQUIRED, "DT", "20240102+0100"),
    ],
)
def test_days_and_times_are_retained_as_they_are(tag: int, vr: str, value: str):
    assert value_of(cleaned(instance(text(tag, vr, value)), DATES), tag) == value.encode()
    assert proper_day(vr, value.encode())


@pytest.mark.parametrize("tag", [STUDY, SERIES, INSTANCE])
@pytest.mark.parametrize("uid", UP)
def test_what_is_no_uid_is_not_retained_as_one(tag: int, uid: str):
    result = cleaned(instance(text(tag, "UI", uid)), UIDS)
    assert value_of(result, tag) == PSEUDONYMS.uid(uid).encode()
    assert Finding(code="malformed-uid", tag=f"{tag:08X}") in result.findings
    assert all(proper(one) for one in (result.study_uid, result.series_uid, result.instance_uid, result.sop_class_uid))


def test_of_several_references_only_what_is_no_uid_is_replaced():
    result = cleaned(instance(text(0x00080058, "UI", "1.2.3.4.5\\Smith\\1.2.840.7")), UIDS)
    assert value_of(result, 0x00080058) == f"1.2.3.4.5\\{PSEUDONYMS.uid('Smith')}\\1.2.840.7".encode()


@pytest.mark.parametrize("uid", ["1.2.3", "1.2.03", "2.25.329800735698586629295641978511506172918", "0"])
def test_uids_are_retained_as_they_are(uid: str):
    result = cleaned(instance(text(STUDY, "UI", uid)), UIDS)
    assert result.study_uid == uid
    assert not [one for one in result.findings if one.code == "malformed-uid"]


def test_a_kind_of_object_is_no_word_either():
    given = instance(sequence(0x00081140, (text(0x00081150, "UI", ".."), text(0x00081155, "UI", "1.2.3"))))
    (item,) = find(elements_of(cleaned(given, "research")), 0x00081140).items
    assert word(item, 0x00081150) == PSEUDONYMS.uid("..")


@pytest.mark.parametrize(
    "rule",
    ["action: set, value: ../../x", "action: empty", "action: remove", "action: dummy, vr: [UI]"],
)
def test_no_profile_gives_an_object_away_under_what_is_no_uid(rule: str):
    with pytest.raises(BadProfile):
        verdict(instance(), f"{UIDS}attributes: [{{path: StudyInstanceUID, {rule}, why: a test}}]\n")


@pytest.mark.parametrize("profile", ["basic", UIDS], ids=["basic", "own"])
@pytest.mark.parametrize("vr", ["LO", "SH", "OB", "UN"])
@pytest.mark.parametrize("tag", [STUDY, SERIES, INSTANCE])
def test_a_uid_that_was_sent_as_something_else_is_one_afterwards(tag: int, vr: str, profile: str):
    result = cleaned(instance(text(tag, vr, "../Smith")), profile)
    assert value_of(result, tag) == PSEUDONYMS.uid("../Smith").encode()
    assert find(elements_of(result), tag).vr == "UI"


@pytest.mark.parametrize("uid", UP)
def test_the_key_of_a_clean_copy_goes_nowhere_but_into_its_revision(uid: str):
    bench = Bench("own", {"own": UIDS})
    outcome = bench(bench.event(instance(text(STUDY, "UI", uid), text(INSTANCE, "UI", uid))))
    assert isinstance(outcome, Done)
    event = outcome.events[0].event
    assert isinstance(event, InstanceAnonymised)
    assert re.fullmatch(r"own-[0-9a-f]{12}/[\d.]+/[\d.]+/[\d.]+\.[0-9a-f]{12}\.dcm", event.key)
    assert ".." not in event.key
    assert list(bench.clean.objects) == [event.key]


def test_a_retained_code_of_letters_is_no_name():
    given = instance(text(0x00100010, "PN", "Quintanilla^Rosalind"), text(0x00100040, "CS", "QUINTANILLA"))
    assert value_of(cleaned(given, "research"), 0x00100040) == b""
    assert value_of(cleaned(instance(text(0x00100040, "CS", "F")), "research"), 0x00100040) == b"F"
