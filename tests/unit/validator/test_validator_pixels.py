"""Pixel data against what the header promises."""

import pytest

from shared.events import BulkElement
from shared.outcome import Reason
from tests.unit.validator.headers import (
    JPEG_2000,
    MPEG_4,
    NATIVE,
    RLE,
    RT_DOSE,
    encapsulated,
    header,
    native,
    told,
    verdict,
)

RGB = {"t00280002": 3, "t00280004": "RGB", "t00280006": 0, "t00280100": 8, "t00280101": 8, "t00280102": 7}
ONE_BIT = {"t00280100": 1, "t00280101": 1, "t00280102": 0}
NO_INTEGER = {"t00280101": None, "t00280102": None, "t00280103": None}


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, 40),
        ({"t00280008": 3}, 120),
        ({"t00280008": "3"}, 120),
        ({"t00280100": 32}, 80),
        ({**RGB}, 60),
        ({**RGB, "t00280006": 1}, 60),
        ({**RGB, "t00280004": "YBR_FULL_422"}, 40),
        ({**RGB, "t00280004": "YBR_FULL"}, 60),
        ({**ONE_BIT, "t00280008": 4}, 10),
        ({**ONE_BIT, "t00280010": 8, "t00280011": 8, "t00280008": 2}, 16),
    ],
)
def test_native_length(changes: dict[str, object], needed: int) -> None:
    made = header(**changes)
    assert verdict(made, native(needed)).findings == ()
    assert verdict(made, native(needed - 1)).reason is Reason.PIXEL_LENGTH
    longer = verdict(made, native(needed + 2))
    assert longer.reason is None
    assert told(longer) == {("pixels-long", "7FE00010")}


def test_odd_length_is_padded() -> None:
    made = header(t00280010=3, t00280011=3, t00280100=8, t00280101=8, t00280102=7)
    assert verdict(made, native(10)).findings == ()
    assert told(verdict(made, native(9))) == {("pixels-unpadded", "7FE00010")}
    assert verdict(made, native(8)).reason is Reason.PIXEL_LENGTH


def test_bits_run_on_between_frames() -> None:
    made = header(**ONE_BIT, t00280010=3, t00280011=3, t00280008=3)
    assert verdict(made, native(4)).findings == ()  # 27 bits, not three times two bytes


@pytest.mark.parametrize(("tag", "bits", "needed"), [("7FE00008", 32, 80), ("7FE00009", 64, 160)])
def test_floating_point(tag: str, bits: int, needed: int) -> None:
    made = header(t00280100=bits, **NO_INTEGER)
    assert verdict(made, native(needed, tag)).findings == ()
    assert verdict(made, native(needed - 2, tag)).reason is Reason.PIXEL_LENGTH
    assert told(verdict(header(t00280100=16, **NO_INTEGER), native(needed, tag))) == {("bits", "00280100")}


@pytest.mark.parametrize("tag", ["00280002", "00280004", "00280010", "00280011", "00280100", "00280101", "00280103"])
def test_image_pixel_type_1(tag: str) -> None:
    found = verdict(header(**{f"t{tag}": None}))
    assert found.reason is Reason.MISSING_TYPE_1
    assert ("missing-type-1", tag) in told(found)


@pytest.mark.parametrize("value", [0, -1, 1.5, "x", True, {"a": 1}])
def test_rows_that_nobody_can_use(value: object) -> None:
    found = verdict(header(t00280010={"vr": "US", "Value": [value]}))
    assert found.reason is Reason.MISSING_TYPE_1
    assert told(found) == {("missing-type-1", "00280010")}


def test_high_bit_follows_from_bits_stored() -> None:
    found = verdict(header(t00280102=None))
    assert found.reason is None
    assert told(found) == {("missing-type-1", "00280102")}


def test_bits_that_contradict_each_other_are_findings() -> None:
    found = verdict(header(t00280101=20, t00280102=11))
    assert found.reason is None
    assert told(found) == {("bits", "00280101"), ("bits", "00280102")}


def test_planar_configuration_is_needed_where_no_codec_tells() -> None:
    made = header(**{**RGB, "t00280006": 7})
    assert verdict(made, native(60)).reason is Reason.MISSING_TYPE_1
    coded = verdict(made, encapsulated(1), JPEG_2000)
    assert coded.reason is None
    assert told(coded) == {("missing-type-1c", "00280006")}


def test_palette_colour_needs_its_palette() -> None:
    found = verdict(header(t00280004="PALETTE COLOR"))
    assert found.reason is Reason.MISSING_TYPE_1
    assert ("missing-type-1c", "00281101") in told(found)


@pytest.mark.parametrize("frames", [0, -2, "x", None])
def test_frames_that_nobody_can_use_count_as_one(frames: object) -> None:
    found = verdict(header(t00280008={"vr": "IS", "Value": [frames]}))
    assert found.reason is None
    assert told(found) == {("frames-unusable", "00280008")}


@pytest.mark.parametrize(
    ("frames", "fragments", "syntax", "reason"),
    [
        (1, 1, JPEG_2000, None),
        (1, 7, JPEG_2000, None),
        (3, 3, JPEG_2000, None),
        (3, 6, JPEG_2000, None),
        (3, 2, JPEG_2000, Reason.PIXEL_LENGTH),
        (1, 0, JPEG_2000, Reason.PIXEL_LENGTH),
        (250, 1, MPEG_4, None),
        (3, 3, RLE, None),
        (3, 1, RLE, Reason.PIXEL_LENGTH),
    ],
)
def test_fragments(frames: int, fragments: int, syntax: str, reason: Reason | None) -> None:
    found = verdict(header(t00280008=frames), encapsulated(fragments), syntax)
    assert found.reason is reason
    assert len(found.findings) == (0 if reason is None else 1)


def test_rle_with_several_fragments_per_frame_is_a_finding() -> None:
    found = verdict(header(), encapsulated(2), RLE)
    assert found.reason is None
    assert told(found) == {("fragments-many", "7FE00010")}


def test_empty_fragments_are_no_pixel_data() -> None:
    assert verdict(header(), encapsulated(1, length=0), JPEG_2000).reason is Reason.PIXEL_LENGTH


@pytest.mark.parametrize(("bulk", "syntax"), [(encapsulated(1), NATIVE), (native(40), JPEG_2000)])
def test_encapsulated_exactly_when_the_transfer_syntax_says_so(bulk: tuple[BulkElement, ...], syntax: str) -> None:
    found = verdict(header(), bulk, syntax)
    assert found.reason is Reason.PIXEL_LENGTH
    assert told(found) == {("encapsulation", "7FE00010")}


def test_an_unknown_transfer_syntax_is_a_finding() -> None:
    found = verdict(header(), encapsulated(1), "1.2.840.113619.5.2")
    assert found.reason is None
    assert told(found) == {("unknown-transfer-syntax", None)}


def test_only_one_pixel_element_belongs_there() -> None:
    found = verdict(header(), (*native(40), *native(80, "7FE00008")))
    assert found.reason is None
    assert told(found) == {("several-pixel-elements", "7FE00010")}


def test_a_dose_may_be_without_a_grid_but_a_grid_is_checked() -> None:
    made = header(t00080016=RT_DOSE, t00080060="RTDOSE", t00280100=32)
    assert verdict(made, bulk=()).reason is None
    assert verdict(made, native(80)).reason is None
    assert verdict(made, native(40)).reason is Reason.PIXEL_LENGTH
