"""What is held, and for which reason."""

import pytest

from services.anonymiser.dataset.tree import Element
from services.anonymiser.engine import Cleaned, Held, Verdict
from shared.outcome import Reason
from tests.unit.anonymiser.building import BIG, CT, EXPLICIT, MR, SC, instance, sequence, text, verdict

PIXELS = Element(0x7FE00010, "OW", b"\1\2\3\4")
STORAGE = "1.2.840.10008.5.1.4.1.1."
OVERLAY = (
    Element(0x60000100, "US", b"\1\0"),
    Element(0x60000102, "US", b"\0\0"),
    Element(0x60003000, "OW", b"\xaa\xaa"),
)


def passes(result: Verdict) -> bool:
    return isinstance(result, Cleaned)


@pytest.mark.parametrize("kind", ["6.1", "3.1", "7", "7.2", "12.1", "12.2", "77.1.1", "77.1.4", "77.1.5.1", "77.1.1.1"])
def test_classes_that_people_write_into(kind: str):
    assert verdict(instance(PIXELS, sop_class=STORAGE + kind)) == Held(Reason.BURNED_IN_TEXT)


@pytest.mark.parametrize("modality", ["US", "XA", "RF", "ES", "OT", "sc"])
def test_modalities_that_people_write_into(modality: str):
    assert verdict(instance(PIXELS, text(0x00080060, "CS", modality))) == Held(Reason.BURNED_IN_TEXT)


@pytest.mark.parametrize(
    "element",
    [
        text(0x00280301, "CS", "YES"),
        text(0x00080064, "CS", "SD"),
        text(0x00080064, "CS", "WSD"),
        text(0x00080008, "CS", "DERIVED\\SECONDARY\\SCREEN SAVE"),
        text(0x00480010, "CS", "YES"),
    ],
)
def test_marks_of_writing(element: Element):
    assert verdict(instance(PIXELS, element)) == Held(Reason.BURNED_IN_TEXT)


def test_a_colour_ct_is_a_report():
    colour = Element(0x00280002, "US", b"\3\0")
    assert verdict(instance(PIXELS, colour, sop_class=CT)) == Held(Reason.BURNED_IN_TEXT)
    assert passes(verdict(instance(PIXELS, colour, sop_class=MR))), "a colour map of diffusion directions"


def test_labels_of_slides():
    slide = STORAGE + "77.1.6"
    label = text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\LABEL\\NONE")
    volume = text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE")
    assert verdict(instance(PIXELS, label, sop_class=slide)) == Held(Reason.BURNED_IN_TEXT)
    assert passes(verdict(instance(PIXELS, volume, sop_class=slide)))


def test_documents():
    assert verdict(instance(sop_class=STORAGE + "104.1")) == Held(Reason.ENCAPSULATED_DOCUMENT)
    assert verdict(instance(Element(0x00420011, "OB", b"%PDF"))) == Held(Reason.ENCAPSULATED_DOCUMENT)


@pytest.mark.parametrize("kind", ["88.11", "88.33", "88.59", "88.67"])
def test_reports_and_key_objects(kind: str):
    assert verdict(instance(sop_class=STORAGE + kind)) == Held(Reason.FREE_TEXT_OBJECT)


def test_content_anywhere_and_presentation_states_with_graphics():
    assert verdict(instance(sequence(0x0040A730, ()))) == Held(Reason.FREE_TEXT_OBJECT)
    state = STORAGE + "11.1"
    assert verdict(instance(sequence(0x00700001, ()), sop_class=state)) == Held(Reason.FREE_TEXT_OBJECT)
    assert verdict(instance(*OVERLAY, sop_class=state)) == Held(Reason.OVERLAY)
    assert passes(verdict(instance(sop_class=state)))


def test_overlays_apart_from_the_pixels_just_go():
    result = verdict(instance(PIXELS, *OVERLAY))
    assert isinstance(result, Cleaned)
    assert not any(tag.startswith("60") for tag in result.header)


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG])
def test_overlays_within_the_pixels_are_held(syntax: str):
    number = (lambda n: n.to_bytes(2, "little")) if syntax == EXPLICIT else (lambda n: n.to_bytes(2, "big"))
    embedded = (Element(0x60020100, "US", number(16)), Element(0x60020102, "US", number(12)))
    assert verdict(instance(PIXELS, *embedded, syntax=syntax)) == Held(Reason.OVERLAY)
    no_data = (Element(0x60020100, "US", number(1)), Element(0x60020102, "US", number(0)))
    assert verdict(instance(PIXELS, *no_data, syntax=syntax)) == Held(Reason.OVERLAY)


@pytest.mark.parametrize("sop_class", [STORAGE + "66", STORAGE + "9.4.1", STORAGE + "999", "1.3.46.670589.5.0.1"])
def test_what_nobody_has_thought_about_is_held(sop_class: str):
    assert verdict(instance(sop_class=sop_class)) == Held(Reason.UNCLEANABLE)


@pytest.mark.parametrize("kind", ["481.3", "481.5", "9.1.1", "66.4", "67"])
def test_objects_that_the_table_can_clean_pass(kind: str):
    assert passes(verdict(instance(sop_class=STORAGE + kind)))


def test_the_secondary_capture_without_pixels_is_no_exception():
    assert verdict(instance(sop_class=SC)) == Held(Reason.BURNED_IN_TEXT)
