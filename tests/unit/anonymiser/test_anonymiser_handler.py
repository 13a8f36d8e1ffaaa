"""What the door between the zones lets through, and what it tells of the rest."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from shared.dicom import part10
from shared.events import (
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceAnonymised,
    InstanceCleared,
    InstanceDecided,
    InstanceHeld,
    InstanceReceived,
)
from shared.outcome import Done, Quarantine, Reason, Reject, Skip, Transient
from shared.storage import ObjectNotFound
from tests.support.events import arrival_of, decided
from tests.unit.anonymiser.door import LARGEST, Bench


def _file(name: str) -> bytes:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    return Path(path).read_bytes()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_lets_a_clean_copy_through(bench: Bench) -> None:
    original = _file("CT_small.dcm")
    outcome = bench(bench.event(original))
    assert isinstance(outcome, Done)
    event = outcome.events[0].event
    assert isinstance(event, InstanceAnonymised)
    assert list(bench.clean.objects) == [event.key]
    assert event.key.endswith(f"/{event.sop_instance_uid}.{event.digest[:12]}.dcm")
    assert event.size == len(bench.clean.objects[event.key])
    assert event.header is not None
    assert event.header["00100020"]["Value"] == [event.patient_id]
    assert "7FE00010" in {item.tag for item in event.bulk}
    told = event.model_dump_json()
    source = dcmread(get_testdata_file("CT_small.dcm", download=False))
    for value in (source.PatientID, source.StudyInstanceUID, source.SOPInstanceUID, part10.digest(original, "")):
        assert str(value) not in told


def test_the_same_again_gives_the_same_bytes_and_the_same_event(bench: Bench) -> None:
    event = bench.event(_file("CT_small.dcm"))
    first, objects = bench(event), dict(bench.clean.objects)
    assert bench(event) == first
    assert bench.clean.objects == objects


def test_what_it_holds_back_stays_on_the_identified_side(bench: Bench) -> None:
    event = bench.event(_file("examples_ybr_color.dcm"))
    outcome = bench(event)
    assert isinstance(outcome, Quarantine)
    verdict, counted = outcome.events
    assert isinstance(verdict.event, IdentifiedInstanceQuarantined)
    assert verdict.event.arrival == event.arrival
    assert isinstance(counted.event, InstanceHeld)
    assert event.arrival not in counted.id + counted.key + counted.event.model_dump_json()
    assert bench.clean.objects == {}


def test_what_is_larger_than_the_node_reads_waits_for_a_person(bench: Bench) -> None:
    event = bench.event(_file("CT_small.dcm")).model_copy(update={"size": LARGEST + 1})
    outcome = bench(event)
    assert isinstance(outcome, Quarantine)
    assert outcome.reason is Reason.UNCLEANABLE
    assert isinstance(bench(event.model_copy(update={"size": LARGEST})), Done)
    place = event.model_dump(include={"arrival", "key", "digest", "study_key"})
    retry = decided(decision="retry", for_reason="uncleanable", ground="other", **place)
    assert isinstance(bench(retry), Done)


def test_what_is_no_dicom_is_rejected(bench: Bench) -> None:
    outcome = bench(bench.event(b"no dicom at all"))
    assert isinstance(outcome, Reject)
    assert isinstance(outcome.events[0].event, IdentifiedInstanceRejected)
    assert bench.clean.objects == {}


def test_a_store_that_is_away_is_left_to_the_runner(bench: Bench) -> None:
    event = bench.event(_file("CT_small.dcm"))
    bench.clean.away = True
    with pytest.raises(Transient):
        bench(event)


def test_a_missing_original_is_no_transient_trouble(bench: Bench) -> None:
    event = bench.event(_file("CT_small.dcm"))
    bench.identified.delete(event.key)
    with pytest.raises(ObjectNotFound):
        bench(event)


def test_what_somebody_has_ended_is_not_missed(bench: Bench) -> None:
    event = bench.event(_file("CT_small.dcm"))
    bench.identified.delete(event.key)
    bench.ended.add(event.arrival)
    assert bench(event) == Skip(Reason.DISCARDED)


def test_nothing_is_made_of_what_was_erased_even_if_it_is_there_or_somebody_decides(bench: Bench) -> None:
    event = bench.event(_file("CT_small.dcm"))
    bench.erased.add(event.arrival)
    assert bench(event) == Skip(Reason.ERASED)
    assert bench(_decision(event, decision="release")) == Skip(Reason.ERASED)
    assert bench.clean.objects == {}


def _decision(event: InstanceReceived, **changes: str) -> InstanceDecided:
    return decided(**{name: getattr(event, name) for name in arrival_of(1)}, **changes)


def test_what_is_tried_with_another_profile_is_told_under_its_revision(bench: Bench) -> None:
    event = bench.event(_file("CT_small.dcm"))
    outcome = bench(_decision(event, decision="retry", profile="eucaim"))
    assert isinstance(outcome, Done)
    clean, cleared = outcome.events[0].event, outcome.events[1].event
    assert isinstance(clean, InstanceAnonymised)
    assert isinstance(cleared, InstanceCleared)
    assert clean.profile == cleared.profile
    assert clean.profile.startswith("eucaim-")
    assert clean.released == ()


def test_a_profile_that_there_is_not_holds_it_and_is_told_under_the_site_s(bench: Bench) -> None:
    event = bench.event(_file("CT_small.dcm"))
    outcome = bench(_decision(event, decision="retry", profile="nobody-s"))
    assert isinstance(outcome, Quarantine)
    verdict = outcome.events[0].event
    assert isinstance(verdict, IdentifiedInstanceQuarantined)
    assert (verdict.reason, verdict.places) == ("held-by-profile", ("no such profile",))
    assert verdict.profile.startswith("basic-")


@pytest.mark.parametrize(("choice", "reason"), [("discard", Reason.DISCARDED), ("expire", Reason.EXPIRED)])
def test_what_is_ended_is_rejected_and_not_even_read(bench: Bench, choice: str, reason: Reason) -> None:
    event = bench.event(_file("CT_small.dcm"))
    bench.identified.delete(event.key)
    outcome = bench(_decision(event, decision=choice, ground="other"))
    assert isinstance(outcome, Reject)
    assert outcome.reason is reason
    verdict = outcome.events[0].event
    assert isinstance(verdict, IdentifiedInstanceRejected)
    assert verdict.reason == reason
