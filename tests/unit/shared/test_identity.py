"""Pseudonyms: stable, keyed, unlinkable across purposes and sites, and silent about the key."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dicom.identity import PatientCode, Pseudonyms
from shared.dicom.shift import MAX_SHIFT_DAYS, MIN_SHIFT_DAYS

KEY = bytes(range(32))
ONE, OTHER = Pseudonyms(KEY), Pseudonyms(KEY[::-1])


def code(patient_id: str, *, site: str = "s1", issuer: str = "", study: str = "1.2.3") -> PatientCode:
    return ONE.patient_code(site, issuer, patient_id, study)


def test_values_are_fixed_for_good():
    """A change here gives every patient of every project a second identity."""
    assert ONE.uid("1.2.840.113619.2.1") == "2.25.339918252869850095214110786920974239989"
    assert code("4711").code == "IC-IHZU6PWNLM3PLSQIBXG7O"
    assert ONE.shift(code("4711")).days == 1420
    assert ONE.event_id("received", "a", "b") == "75353e9d-972a-8921-b7ea-61abd0fc9198"
    assert ONE.arrival("s1", "00" * 32) == "74acaaef495961f08991facc21ab0549"
    assert ONE.partition_key("1.2.3") == "4a54676a77940a511acc6462fab0d6ec"


@given(st.text(max_size=70))
def test_uids_are_version_8_uuids_and_fit(original: str):
    uid = ONE.uid(original)
    number = uuid.UUID(int=int(uid.removeprefix("2.25.")))
    assert number.version == 8
    assert number.variant == uuid.RFC_4122
    assert len(uid) <= 64
    assert uid == ONE.uid(original)
    assert uid != OTHER.uid(original)


def test_padding_is_not_part_of_a_uid():
    assert ONE.uid("1.2.3\0") == ONE.uid(" 1.2.3 ") == ONE.uid("1.2.3") != ONE.uid("1.2.30")


@given(st.text(min_size=1, max_size=64), st.text(max_size=64))
def test_patient_codes_fit_every_vr_they_go_to(patient_id: str, issuer: str):
    assert re.fullmatch(r"IC-[A-Z2-7]{21}", code(patient_id, issuer=issuer).code)


def test_patients_are_told_apart_by_site_issuer_id_and_case():
    codes = {code("a").code, code("A").code, code("a", site="s2").code, code("a", issuer="x").code, code("b").code}
    assert len(codes) == 5


def test_padding_and_unicode_form_do_not_make_another_patient():
    assert code(" 4711\0") == code("4711", study="9.9")
    assert code("Mu\u0308ller") == code("M\u00fcller")


@pytest.mark.parametrize("blank", ["", "   ", "\0"])
def test_a_blank_id_falls_back_to_the_study_and_says_so(blank: str):
    first, second = code(blank), code(blank, study="1.2.4")
    assert first.from_study
    assert second.from_study
    assert first != second
    assert not code("1.2.3").from_study
    assert code("1.2.3").code != first.code, "a study's UID as a patient ID is another thing"


def test_parts_are_delimited():
    assert code("c", issuer="ab").code != code("bc", issuer="a").code
    assert ONE.event_id("e", "ab", "c") != ONE.event_id("e", "a", "bc")


@given(st.text(max_size=20))
def test_shifts_are_a_year_or_more_either_way(name: str):
    assert MIN_SHIFT_DAYS <= abs(ONE.shift(PatientCode(name)).days) <= MAX_SHIFT_DAYS


def test_shifts_spread():
    shifts = [ONE.shift(code(str(number))).days for number in range(2000)]
    assert len(set(shifts)) > 1500
    assert 900 < sum(shift > 0 for shift in shifts) < 1100


def test_purposes_cannot_be_compared():
    value = "1.2.3"
    digits = {
        ONE.partition_key(value),
        ONE.arrival("", value),
        uuid.UUID(ONE.event_id(value)).hex,
        uuid.UUID(int=int(ONE.uid(value)[5:])).hex,
    }
    assert len(digits) == 4


def test_rules_are_named_and_not_told():
    assert ONE.rules_digest("network", "H1") == ONE.rules_digest("network", "H1")
    named = {ONE.rules_digest("network", "H1"), ONE.rules_digest("networkH", "1"), OTHER.rules_digest("network", "H1")}
    assert len(named) == 3


def test_our_own_ids_hang_on_the_node_s_key_and_pseudonyms_do_not():
    node = Pseudonyms(KEY, node=KEY[::-1])
    assert node.uid("1.2.3") == ONE.uid("1.2.3")
    assert node.shift(code("4711")) == ONE.shift(code("4711"))
    assert node.arrival("s1", "00") == OTHER.arrival("s1", "00")
    assert node.partition_key("1.2.3") == OTHER.partition_key("1.2.3")
    assert node.event_id("held", "a") == OTHER.event_id("held", "a")


def test_the_key_is_not_shown():
    shown = repr(ONE) + str(ONE) + repr(ONE.patient_code("s1", "", "4711", ""))
    assert KEY.hex() not in shown
    assert repr(KEY) not in shown
    assert not hasattr(ONE, "__dict__")


@pytest.mark.parametrize(
    ("key", "prefix"), [(b"short", "IC"), (KEY, ""), (KEY, "clinic"), (KEY, "ABCDEFGHI"), (KEY, "A-B")]
)
def test_weak_keys_and_telling_prefixes_are_refused(key: bytes, prefix: str):
    with pytest.raises(ValueError):
        Pseudonyms(key, prefix=prefix)


def test_a_weak_key_of_the_node_is_refused():
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Pseudonyms(KEY, node=b"short")
