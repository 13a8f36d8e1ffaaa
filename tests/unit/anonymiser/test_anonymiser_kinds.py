"""Which kinds of objects go through, and which are held for what they are."""

import pytest

from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tree import Element
from services.anonymiser.engine import Cleaned, Held, Rejected
from services.anonymiser.kinds import Kind, kind_of
from shared.outcome import Reason
from tests.unit.anonymiser.building import LONGITUDINAL, MR, SITE, engine, instance, sequence, text, value_of, verdict

PIXELS = Element(0x7FE00010, "OW", b"\1\2\3\4")
STORAGE = "1.2.840.10008.5.1.4.1.1."
DROPS = LONGITUDINAL.replace("name: longitudinal", "name: own") + "documents: drop\n"
HOLDS_ACME = """
name: own
base: basic
title: Own
rules:
  - when: {Manufacturer: {contains: [acme]}, Modality: {equals: [MR]}}
    hold: true
    why: its comments are not to be trusted
"""


# PDF, CDA, STL, OBJ, MTL; video of endoscopes, microscopes and cameras; voices and other sound.
DOCUMENTS = ["104.1", "104.2", "104.3", "104.4", "104.5", "77.1.1.1", "77.1.2.1", "77.1.4.1", "9.4.1", "9.4.2"]
# MPEG-2, MPEG-4 AVC and HEVC (PS3.5 Annex A.4); those that end with 1 are in fragments.
VIDEO = [f"1.2.840.10008.1.2.4.10{number}" for number in range(9)] + ["1.2.840.10008.1.2.4.102.1"]


@pytest.mark.parametrize("profile", ["basic", "research", "eucaim", "eucaim-compatible"])
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_sound_and_video_are_held(kind: str, profile: str):
    assert verdict(instance(sop_class=STORAGE + kind), profile) == Held(Reason.ENCAPSULATED_DOCUMENT)


@pytest.mark.parametrize("syntax", VIDEO)
def test_video_is_held_whatever_class_it_has(syntax: str):
    assert kind_of(read(instance(sop_class=STORAGE + "77.1.1"))[1], syntax) is Kind.DOCUMENT


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_sound_and_video_are_dropped_where_the_profile_says_so(kind: str):
    assert verdict(instance(sop_class=STORAGE + kind), DROPS) == Rejected(Reason.DROPPED_BY_PROFILE)


def test_a_document_that_a_person_let_through_is_cleaned_around_and_whole():
    pdf = Element(0x00420011, "OB", b"%PDF-1.7 of Zbyszko.")
    title = text(0x00420010, "ST", "report of Doe")
    data = instance(pdf, title, sop_class=STORAGE + "104.1")
    result = engine("research").anonymise(data, SITE, released=frozenset({Reason.ENCAPSULATED_DOCUMENT}))
    assert isinstance(result, Cleaned)
    assert value_of(result, pdf.tag) == pdf.value
    assert value_of(result, title.tag) == b"report of"
    assert b"released by a person" in result.part10


def test_a_document_in_any_object_is_one():
    assert verdict(instance(Element(0x00420011, "OB", b"%PDF"))) == Held(Reason.ENCAPSULATED_DOCUMENT)


@pytest.mark.parametrize("sop_class", [STORAGE + "66", STORAGE + "999", "1.3.46.670589.5.0.1"])
def test_what_nobody_has_thought_about_is_held(sop_class: str):
    assert verdict(instance(sop_class=sop_class)) == Held(Reason.UNCLEANABLE)


@pytest.mark.parametrize("kind", ["481.3", "481.5", "9.1.1", "66.4", "67", "88.11", "88.33", "88.59", "11.1"])
def test_objects_without_pixels_go_through(kind: str):
    assert isinstance(verdict(instance(sop_class=STORAGE + kind)), Cleaned)


@pytest.mark.parametrize("kind", ["6.1", "3.1", "7", "12.1", "77.1.4"])
def test_without_the_option_for_pixels_those_that_people_write_into_are_held(kind: str):
    result = verdict(instance(PIXELS, sop_class=STORAGE + kind))
    assert isinstance(result, Held)


def test_a_profile_may_hold_what_its_rule_names():
    maker = text(0x00080070, "LO", "The ACME Company")
    assert verdict(instance(maker), HOLDS_ACME) == Held(Reason.HELD_BY_PROFILE)
    assert isinstance(
        verdict(
            instance(
                maker,
                sop_class=MR,
            ),
            LONGITUDINAL.replace("name: longitudinal", "name: own"),
        ),
        Cleaned,
    )
    assert isinstance(verdict(instance(), HOLDS_ACME), Cleaned)


def test_overlays_apart_from_the_pixels_just_go():
    plane = (
        Element(0x60000100, "US", b"\1\0"),
        Element(0x60000102, "US", b"\0\0"),
        Element(0x60003000, "OW", b"\xaa\xaa"),
    )
    result = verdict(instance(*plane, sequence(0x00081140, ())))
    assert isinstance(result, Cleaned)
    assert not any(tag.startswith("60") for tag in result.header)
