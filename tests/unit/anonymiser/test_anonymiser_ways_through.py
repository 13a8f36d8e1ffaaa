"""Ways through that a reader has found: each was open once."""

import pytest

from services.anonymiser.dataset.tree import Element
from services.anonymiser.engine import Cleaned, Held, Rejected
from shared.outcome import Reason
from tests.unit.anonymiser.building import CT, engine, instance, sequence, text, value_of, verdict
from tests.unit.anonymiser.building import SITE as HERE

NAME = text(0x00100010, "PN", "Quintanilla^Rosalind")
PIXELS = Element(0x7FE00010, "OW", bytes(512))
WORDS = b"KLAUS WEBERLING NOTES "
OWN = """
name: own
base: research
title: Own
rules: [{when: {Modality: {equals: [MR]}}, hold: true, why: test}]
"""
PROFILES = pytest.mark.parametrize("profile", ["basic", "research"])


@PROFILES
@pytest.mark.parametrize("tag", [0x00180015, 0x00200062, 0x00185101])
@pytest.mark.parametrize("value", ["QUINTANILLA", "4711-A"])
def test_what_the_object_knows_of_its_patient_is_no_code(profile: str, tag: int, value: str):
    result = verdict(instance(NAME, text(tag, "CS", value)), profile)
    assert isinstance(result, Held) or value_of(result, tag) == b""


@PROFILES
@pytest.mark.parametrize("tag", [0x00281055, 0x00286022])
def test_a_text_that_is_sent_as_a_code_goes(profile: str, tag: int):
    result = verdict(instance(text(tag, "CS", "SEEN BY KLAUS WEBERLING")), profile)
    assert isinstance(result, Cleaned)
    assert value_of(result, tag) is None


@PROFILES
def test_a_picture_inside_a_sequence_goes(profile: str):
    result = verdict(instance(sequence(0x00082112, (Element(0x7FE00010, "OW", WORDS * 4),))), profile)
    assert isinstance(result, Cleaned)
    assert WORDS not in result.part10


@PROFILES
def test_a_second_picture_is_not_let_through_beside_the_first(profile: str):
    assert verdict(instance(PIXELS, Element(0x7FE00008, "OF", bytes(64))), profile) == Held(Reason.UNREADABLE_PIXELS)


@pytest.mark.parametrize(
    "element",
    [
        Element(0x00101030, "OB", WORDS),
        text(0x00101020, "LT", "smokes with neighbour Weberling"),
        Element(0x00181000, "OB", WORDS),
        text(0x001021A0, "UT", "smokes with neighbour Weberling"),
    ],
)
def test_an_option_keeps_only_what_its_attribute_can_be(element: Element):
    result = verdict(instance(element), "research")
    assert isinstance(result, Cleaned)
    assert b"WEBERLING" not in result.part10.upper()


@PROFILES
def test_a_voice_beside_an_image_is_held(profile: str):
    sound = sequence(0x54000100, (Element(0x54001010, "OB", bytes(400)),))
    assert verdict(instance(sound, sop_class=CT), profile) == Held(Reason.ENCAPSULATED_DOCUMENT)


@PROFILES
def test_bytes_that_nobody_looks_into_go(profile: str):
    result = verdict(instance(Element(0x00160062, "OB", WORDS)), profile)
    assert isinstance(result, Cleaned)
    assert WORDS not in result.part10


@pytest.mark.parametrize("vr", ["IS", "DS", "CS"])
def test_a_date_of_the_patient_is_no_number(vr: str):
    tag = {"IS": 0x00200012, "DS": 0x00180050, "CS": 0x00180015}[vr]
    result = verdict(instance(text(0x00080020, "DA", "20240102"), text(tag, vr, "20240102")), "research")
    assert isinstance(result, Held) or value_of(result, tag) == b""


def test_a_release_lifts_only_what_the_person_saw():
    unknown = instance(sop_class="1.2.840.10008.5.1.4.1.1.66")
    assert verdict(unknown, OWN) == Held(Reason.UNCLEANABLE)
    released = engine(OWN).anonymise(unknown, HERE, released=frozenset({Reason.UNCLEANABLE}))
    assert released == Held(Reason.HELD_BY_PROFILE)


def test_who_releases_a_kind_that_nobody_knows_has_not_released_its_pixels():
    unknown = instance(PIXELS, Element(0x00280010, "US", b"\0\0"), sop_class="1.2.840.10008.5.1.4.1.1.66")
    assert verdict(unknown, "research") == Held(Reason.UNCLEANABLE)
    released = engine("research").anonymise(unknown, HERE, released=frozenset({Reason.UNCLEANABLE}))
    assert released == Held(Reason.UNREADABLE_PIXELS)


@PROFILES
def test_a_class_of_endless_length_is_no_class(profile: str):
    assert verdict(instance(sop_class="1.2.840.10008.5.1.4.1.1.12." + "1" * 70), profile) == Rejected(
        Reason.UNDECODABLE
    )


def test_the_last_day_of_the_calendar_is_no_crash():
    shifted = "name: own\nbase: research\ntitle: Own\ndates: {time_of_day: shift}\n"
    last = (text(0x00080020, "DA", "99991231"), text(0x00080030, "TM", "235959"))
    moment = text(0x0008002A, "DT", "99991231235959")
    assert isinstance(verdict(instance(*last, moment), shifted), Cleaned)


def test_a_text_without_end_is_emptied_and_not_searched_for_hours():
    result = verdict(instance(text(0x00204000, "LT", "02.01.2024 " * 20_000)), "research")
    assert isinstance(result, Cleaned)
    assert value_of(result, 0x00204000) == b""


def test_classes_without_end_are_not_remembered():
    rules, _ = engine("research")._selection.of(())
    for number in range(600):
        rules.place(f"1.2.3.{number}")
    assert len(rules._places) <= 500
    assert rules.place("1.2.3.1") is rules.place("1.2.3.1")
