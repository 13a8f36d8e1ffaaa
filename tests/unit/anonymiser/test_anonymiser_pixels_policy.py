"""Which objects are looked at: all that nobody can vouch for."""

from dataclasses import replace

import pytest
from pydicom.uid import ExplicitVRLittleEndian

from services.anonymiser.dataset.tree import Element, Item, Syntax
from services.anonymiser.pixels.policy import PixelPolicy, to_look_at
from services.anonymiser.profile.load import load
from services.anonymiser.profile.pixel_policy import policy_of
from tests.unit.anonymiser.building import text
from tests.unit.anonymiser.pictures import with_elements

STORAGE = "1.2.840.10008.5.1.4.1.1."
SYNTAX = Syntax(str(ExplicitVRLittleEndian))
POLICY = PixelPolicy()
PIXELS = Element(0x7FE00010, "OW", bytes(8))


def _object(kind: str, modality: str, *extra: Element, image_type: str = "ORIGINAL\\PRIMARY\\AXIAL") -> Item:
    common = (
        text(0x00080008, "CS", image_type),
        text(0x00080016, "UI", STORAGE + kind),
        text(0x00080060, "CS", modality),
        text(0x00280004, "CS", "MONOCHROME2"),
        PIXELS,
    )
    return with_elements(common, *extra)


QUIET = [("2", "CT"), ("2.1", "CT"), ("4", "MR"), ("4.1", "MR"), ("128", "PT"), ("20", "NM"), ("77.1.5.4", "OPT")]


@pytest.mark.parametrize(("kind", "modality"), QUIET)
def test_originals_of_detectors_are_not_looked_at(kind: str, modality: str) -> None:
    assert not to_look_at(_object(kind, modality), SYNTAX, POLICY)


@pytest.mark.parametrize(("kind", "modality"), [("66.4", "SEG"), ("481.2", "RTDOSE"), ("30", "MR"), ("66.7", "SEG")])
def test_numbers_are_not_looked_at_whatever_their_image_type(kind: str, modality: str) -> None:
    assert not to_look_at(_object(kind, modality, image_type="DERIVED\\SECONDARY"), SYNTAX, POLICY)


@pytest.mark.parametrize(
    ("kind", "modality"),
    [
        *[("1", "CR"), ("1.1", "DX"), ("1.1.1", "DX"), ("1.2", "MG"), ("1.3", "IO"), ("13.1.3", "MG")],
        *[
            ("7", "OT"),
            ("7.4", "OT"),
            ("6.1", "US"),
            ("3.1", "US"),
            ("12.1", "XA"),
            ("12.2", "RF"),
            ("481.1", "RTIMAGE"),
        ],
        *[("77.1.1", "ES"), ("77.1.4", "XC"), ("77.1.5.1", "OP"), ("14.1", "IVOCT"), ("999", "ZZ"), ("", "")],
    ],
)
def test_all_others_are(kind: str, modality: str) -> None:
    assert to_look_at(_object(kind, modality), SYNTAX, POLICY)


@pytest.mark.parametrize("modality", ["US", "SC", "XA", "OT", "us"])
def test_a_writing_modality_in_another_class_is(modality: str) -> None:
    assert to_look_at(_object("2", modality), SYNTAX, POLICY)


@pytest.mark.parametrize(
    "sign",
    [
        text(0x00280301, "CS", "YES"),
        text(0x00480010, "CS", "YES"),
        text(0x00080064, "CS", "WSD"),
        text(0x00080064, "CS", "DF"),
        text(0x00080008, "CS", "DERIVED\\PRIMARY\\SCREEN SAVE"),
        text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\DOSE_INFO"),
        text(0x00080008, "CS", "DERIVED\\SECONDARY\\MPR"),
        text(0x00080008, "CS", ""),
        text(0x00280004, "CS", "RGB"),
        text(0x00280004, "CS", "PALETTE COLOR"),
    ],
    ids=lambda sign: f"{sign.tag:08X}={bytes(sign.value).decode()}",
)
def test_a_sign_of_writing_is_enough(sign: Element) -> None:
    assert to_look_at(_object("2", "CT", sign), SYNTAX, POLICY)


def test_burned_in_annotation_no_exempts_nothing() -> None:
    denied = text(0x00280301, "CS", "NO")
    assert to_look_at(_object("7", "OT", denied), SYNTAX, POLICY)
    assert not to_look_at(_object("2", "CT", denied), SYNTAX, POLICY)


def test_a_digital_interface_is_no_sign() -> None:
    assert not to_look_at(_object("2", "CT", text(0x00080064, "CS", "DI")), SYNTAX, POLICY)


@pytest.mark.parametrize("flavour", ["LABEL", "OVERVIEW"])
def test_of_slides_the_label_and_the_overview_are(flavour: str) -> None:
    assert to_look_at(_object("77.1.6", "SM", image_type=f"ORIGINAL\\PRIMARY\\{flavour}\\NONE"), SYNTAX, POLICY)
    volume = _object("77.1.6", "SM", text(0x00280004, "CS", "RGB"), image_type="ORIGINAL\\PRIMARY\\VOLUME\\NONE")
    assert not to_look_at(volume, SYNTAX, POLICY)


@pytest.mark.parametrize("pixels", [Element(0x7FE00010, "OW"), Element(0x00280010, "US", b"\1\0")])
def test_without_pixels_there_is_nothing_to_look_at(pixels: Element) -> None:
    kept = tuple(element for element in _object("7", "OT") if element.tag != 0x7FE00010)
    assert not to_look_at(with_elements(kept, pixels), SYNTAX, POLICY)


def test_a_profile_decides_otherwise() -> None:
    always = replace(POLICY, always=frozenset({"CT", STORAGE + "66.4"}))
    assert to_look_at(_object("2", "CT"), SYNTAX, always)
    assert to_look_at(_object("66.4", "SEG"), SYNTAX, always)
    never = replace(POLICY, never=frozenset({STORAGE + "1.1", "US"}))
    assert not to_look_at(_object("1.1", "DX"), SYNTAX, never)
    assert not to_look_at(_object("6.1", "US"), SYNTAX, never)
    assert to_look_at(_object("4", "MR"), SYNTAX, replace(POLICY, quiet=frozenset()))


def test_the_default_knows_the_shipped_layouts() -> None:
    policy = policy_of(load("research"))
    assert len(policy.layouts) > 10
    assert policy.clean
