"""What the shipped profiles promise: EUCAIM with and without its five known defects, and the defaults of research."""

import hashlib
import re

import pytest

from services.anonymiser.dataset.tree import Element, find, word
from services.anonymiser.engine import Cleaned, Engine
from services.anonymiser.profile.load import load, shipped
from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Patients
from tests.unit.anonymiser.building import (
    CT,
    MR,
    SITE,
    claimed,
    cleaned,
    elements_of,
    instance,
    sequence,
    text,
    value_of,
)

SERIES_DESCRIPTION, INSTITUTION = 0x0008103E, 0x00080080
ETHNIC_GROUP, OCCUPATION, LAST_MENSTRUAL_DATE = 0x00102160, 0x00102180, 0x001021D0
UID = "1.3.6.1.4.1.5962.99.1.2280943358"
SPECIAL = (
    text(ETHNIC_GROUP, "SH", "Sorbian "),
    sequence(0x00102161, (text(0x00080104, "LO", "Sorbian "),)),
    text(0x00102162, "UC", "Sorbian "),
    text(OCCUPATION, "SH", "Lamplighter "),
    text(LAST_MENSTRUAL_DATE, "DA", "20160517"),
)


# --- eucaim: none of the five defects


@pytest.mark.parametrize("profile", ["eucaim", "eucaim-compatible", "research", "basic"])
def test_a_referenced_sop_class_stays_what_it_is(profile: str):
    reference = (text(0x00081150, "UI", MR), text(0x00081155, "UI", UID))
    result = cleaned(instance(sequence(0x00081140, reference)), profile)
    element = find(elements_of(result), 0x00081140)
    assert element is not None
    assert word(element.items[0], 0x00081150) == MR
    assert word(element.items[0], 0x00081155) not in ("", UID)


@pytest.mark.parametrize("profile", ["eucaim", "eucaim-compatible"])
def test_the_method_is_coded_and_what_departs_is_described(profile: str):
    result = cleaned(instance(text(0x00081030, "LO", "Abdomen "), text(0x00101020, "DS", "1.77")), profile)
    assert claimed(result) == ["113105", "113108"]
    method = (value_of(result, 0x00120063) or b"").decode()
    assert "departs: dates keep year and month" in method
    assert "departs: PatientBirthDate first-of-month" in method


def test_what_tells_small_cohorts_apart_is_removed_and_descriptions_are_cleaned():
    result = cleaned(instance(*SPECIAL, text(SERIES_DESCRIPTION, "LO", "T2 axial Doe Lamplighter")), "eucaim")
    for tag in (element.tag for element in SPECIAL):
        assert find(elements_of(result), tag) is None
    assert value_of(result, SERIES_DESCRIPTION) == b"T2 axial"
    for gone in (b"Sorbian", b"Lamplighter", b"20160517", b"201605"):
        assert gone not in result.part10


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
def test_a_known_uid_or_patient_cannot_be_confirmed_without_the_key(digest: str):
    result = cleaned(instance(text(0x00080018, "UI", UID), text(INSTITUTION, "LO", "Charite ")), "eucaim")
    assert UID.encode() not in result.part10
    for known in (UID, "4711-A", f"{SITE}4711-A", f"{SITE}:4711-A", "Doe^Jane", "Charite", "1.2.3.4"):
        for form in (known, known.upper(), known + "\0", known + " "):
            hashed = hashlib.new(digest, form.encode())
            number = int.from_bytes(hashed.digest()[:16])
            for shown in (hashed.hexdigest()[:12], hashed.hexdigest()[:12].upper(), str(number), str(number)[:12]):
                assert shown.encode() not in result.part10


def test_the_same_patient_gets_the_same_code_over_runs_and_workers_and_another_with_another_key():
    def made(key: bytes) -> Cleaned:
        verdict = Engine(load("eucaim"), Pseudonyms(key), Patients.of(SITE)).anonymise(instance(), SITE)
        assert isinstance(verdict, Cleaned)
        return verdict

    one, again, other = made(b"k" * 32), made(b"k" * 32), made(b"l" * 32)
    assert one.patient == again.patient
    assert one.part10 == again.part10
    assert one.patient != other.patient
    assert one.instance_uid != other.instance_uid


# --- eucaim: what the pipeline is meant to do


@pytest.mark.parametrize("profile", ["eucaim", "eucaim-compatible"])
def test_eucaim_keeps_year_and_month_and_times_of_day(profile: str):
    result = cleaned(
        instance(
            text(0x00080020, "DA", "20160517"),
            text(0x0008002A, "DT", "20160518091533"),
            text(0x00080030, "TM", "091533"),
            text(0x00100030, "DA", "19710923"),
        ),
        profile,
    )
    assert value_of(result, 0x00080020) == b"20160501"
    assert value_of(result, 0x0008002A) == b"20160501091533"
    assert value_of(result, 0x00080030) == b"091533"
    assert value_of(result, 0x00100030) == b"19710901"


@pytest.mark.parametrize("profile", ["eucaim", "eucaim-compatible"])
def test_eucaim_names_patients_and_institutions_by_codes_of_its_own(profile: str):
    result = cleaned(instance(text(INSTITUTION, "LO", "Charite ")), profile)
    other = cleaned(instance(text(INSTITUTION, "LO", "La Fe ")), profile)
    assert re.fullmatch(rb"EUCAIM-[A-Z2-7]{16,}", value_of(result, 0x00100020) or b"")
    assert value_of(result, 0x00100020) == value_of(result, 0x00100010)
    assert value_of(result, INSTITUTION) not in (None, b"", b"Charite", value_of(other, INSTITUTION))
    assert value_of(result, INSTITUTION) == value_of(
        cleaned(instance(text(INSTITUTION, "LO", "Charite")), profile), INSTITUTION
    )


@pytest.mark.parametrize("profile", ["eucaim", "eucaim-compatible"])
def test_eucaim_has_no_private_groups_overlays_or_curves(profile: str):
    planes = (
        text(0x20050010, "LO", "Philips MR Imaging DD 001 "),
        Element(0x2005100D, "FL", b"\0\0\x80?"),
        Element(0x60003000, "OW", b"\xaa\xaa"),
        Element(0x50003000, "OW", b"\xaa\xaa"),
    )
    result = cleaned(instance(*planes, text(0x00100040, "CS", "F ")), profile)
    groups = {element.group for element in elements_of(result)}
    assert not {group for group in groups if group & 1 or group >> 8 in (0x50, 0x60)}


def test_eucaim_compatible_keeps_what_that_pipeline_keeps_and_does_not_claim_the_basic_profile():
    kept = (
        text(0x00180015, "CS", "PROSTATE"),
        text(0x00181030, "LO", "Prostata mp"),
        text(0x00181000, "LO", "SN4711"),
        text(0x00200010, "SH", "ST1"),
        text(0x00204000, "LT", "fine"),
        text(0x00284000, "LT", "seen"),
        text(SERIES_DESCRIPTION, "LO", "Quadrille of Doe"),
        *SPECIAL,
    )
    result = cleaned(instance(*kept), "eucaim-compatible")
    assert value_of(result, 0x00180015) == b"PROSTATE"
    assert value_of(result, 0x00181030) == b"Prostata mp"
    assert value_of(result, 0x00204000) == b"fine"
    assert value_of(result, SERIES_DESCRIPTION) == b"Quadrille of"
    assert value_of(result, ETHNIC_GROUP) == b"Sorbian"
    assert value_of(result, LAST_MENSTRUAL_DATE) == b"20160501"
    assert "113100" not in claimed(result)
    method = (value_of(result, 0x00120063) or b"").decode()
    for departure in ("(0018,xxxx) redact", "(0020,xxxx) redact", "(0028,xxxx) redact", "SeriesDescription redact"):
        assert f"departs: {departure}" in method


def test_eucaim_compatible_still_takes_out_what_identifies():
    words = "Doe, Jane 4711-A"
    telling = (text(0x00181030, "LO", words), text(0x00204000, "LT", words), text(SERIES_DESCRIPTION, "LO", words))
    result = cleaned(instance(*telling, text(0x00200052, "UI", UID)), "eucaim-compatible")
    for gone in (b"Doe", b"Jane", b"4711", UID.encode()):
        assert gone not in result.part10


# --- research


def test_research_removes_ethnic_group_and_last_menstrual_date_although_its_options_keep_or_move_them():
    result = cleaned(instance(*SPECIAL, text(0x00101020, "DS", "1.77")), "research")
    for tag in (ETHNIC_GROUP, 0x00102161, 0x00102162, LAST_MENSTRUAL_DATE):
        assert find(elements_of(result), tag) is None
    assert value_of(result, 0x00101020) == b"1.77"
    assert claimed(result)[0] == "113100", "stricter than the options is no departure"


def test_research_is_what_has_every_option_that_is_carried_out_here():
    options = {option.value for option in load("research").options}
    assert options == {
        "clean-pixel-data",
        "clean-graphics",
        "clean-structured-content",
        "clean-descriptors",
        "retain-longitudinal-modified-dates",
        "retain-patient-characteristics",
        "retain-device-identity",
        "retain-safe-private",
    }
    assert load("basic").options == frozenset()


@pytest.mark.parametrize("name", sorted(shipped()))
@pytest.mark.parametrize("sop_class", [CT, MR])
def test_no_shipped_profile_lets_a_name_or_number_through(name: str, sop_class: str):
    result = cleaned(instance(text(0x00100030, "DA", "19710923"), sop_class=sop_class), name)
    for gone in (b"Doe", b"Jane", b"4711", b"19710923"):
        assert gone not in result.part10
