"""Who counts as whom: only what was declared, and nothing that contradicts itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Merge, Patients, Person, Rules, UnknownSite
from shared.misconfigured import Misconfigured

PSEUDONYMS = Pseudonyms(bytes(range(32)))
RULES = {
    "alone": Rules("alone"),
    "one": Rules("shared"),
    "two": Rules("shared", default_issuer="HOSPITAL"),
}


def person(patient_id: str, issuer: str = "", domain: str = "alone") -> Person:
    return Person(domain, issuer, patient_id)


def merges(*pairs: tuple[str, str]) -> list[Merge]:
    return [Merge(person(old), person(new), f"alias {n}") for n, (old, new) in enumerate(pairs, start=1)]


def code(patients: Patients, site: str, patient_id: str, issuer: str = "") -> str:
    return PSEUDONYMS.code_of(patients.person(site, issuer, patient_id), "1.2.3").code


def test_sites_share_patients_only_inside_a_declared_domain():
    patients = Patients(RULES)
    assert code(patients, "one", "4711", "H") == code(patients, "two", "4711", "H")
    assert code(patients, "alone", "4711", "H") != code(patients, "one", "4711", "H")


def test_without_a_domain_the_code_is_what_it_always_was():
    assert code(Patients.of("s1"), "s1", "4711") == PSEUDONYMS.patient_code("s1", "", "4711", "").code


@pytest.mark.parametrize("blank", ["", "  ", "\0"])
def test_a_blank_issuer_counts_as_the_site_s_own(blank: str):
    patients = Patients(RULES)
    assert code(patients, "two", "4711", blank) == code(patients, "two", "4711", "HOSPITAL")
    assert code(patients, "one", "4711", blank) != code(patients, "one", "4711", "HOSPITAL")


def test_a_blank_id_stays_blank_and_falls_back_to_the_study():
    found = Patients(RULES, merges(("a", "b"))).person("alone", "", " \0")
    assert found.patient_id == ""
    assert PSEUDONYMS.code_of(found, "1.2.3").from_study


def test_merged_ids_are_one_patient_along_the_whole_chain():
    patients = Patients(RULES, merges(("c", "d"), ("a", "b"), ("b", "c")))
    assert len({code(patients, "alone", patient_id) for patient_id in "abcd"}) == 1
    assert code(patients, "alone", "d") == code(Patients(RULES), "alone", "d"), "the last one keeps its code"
    assert code(patients, "alone", "e") != code(patients, "alone", "d")


def test_a_merge_holds_for_the_domain_and_for_no_other():
    declared = Merge(person("a", domain="shared"), person("b", domain="shared"), "alias 1")
    patients = Patients(RULES, [declared])
    assert code(patients, "one", "a") == code(patients, "one", "b")
    assert code(patients, "alone", "a") != code(patients, "alone", "b")


def test_case_and_issuer_tell_patients_apart_in_merges_too():
    patients = Patients(RULES, merges(("a", "b")))
    assert code(patients, "alone", "A") != code(patients, "alone", "b")
    assert code(patients, "alone", "a", "H") != code(patients, "alone", "b")


def test_padding_and_unicode_form_do_not_hide_a_merge():
    patients = Patients(RULES, merges(("M\u00fcller", "b")))
    assert code(patients, "alone", " Mu\u0308ller\0") == code(patients, "alone", "b")


@pytest.mark.parametrize(
    "pairs", [(("a", "a"),), (("a", "b"), ("b", "a")), (("x", "a"), ("a", "b"), ("b", "c"), ("c", "a"))]
)
def test_merges_in_a_circle_are_refused(pairs: tuple[tuple[str, str], ...]):
    with pytest.raises(Misconfigured, match="circle: alias"):
        Patients(RULES, merges(*pairs))


def test_two_successors_are_refused_and_the_same_twice_is_not():
    Patients(RULES, merges(("a", "b"), ("a", "b")))
    with pytest.raises(Misconfigured, match="alias 1 and alias 3"):
        Patients(RULES, merges(("a", "b"), ("b", "c"), ("a", "c")))


@pytest.mark.parametrize("pair", [("", "b"), ("a", "")])
def test_a_blank_id_cannot_be_merged(pair: tuple[str, str]):
    with pytest.raises(Misconfigured, match="alias 1: a blank ID"):
        Patients(RULES, merges(pair))


def test_a_site_without_rules_is_refused():
    with pytest.raises(UnknownSite, match="does not name site elsewhere"):
        Patients(RULES).person("elsewhere", "", "4711")


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=8))
def test_whatever_is_accepted_is_settled(pairs: list[tuple[str, str]]):
    """Nobody's successor has a successor, and both of each pair are one."""
    try:
        patients = Patients(RULES, merges(*pairs))
    except Misconfigured:
        return
    for old, new in pairs:
        end = patients.person("alone", "", old)
        assert end == patients.person("alone", "", new)
        assert patients.person("alone", end.issuer, end.patient_id) == end
