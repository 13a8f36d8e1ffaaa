"""Writing in every photometric interpretation and transfer syntax: gone where it was, and nothing else has changed."""

import numpy as np
import pytest
from pydicom.uid import JPEG2000, ExplicitVRLittleEndian, JPEGBaseline8Bit, JPEGLSNearLossless, RLELossless

from services.anonymiser.dataset.tree import Element, Item, Syntax, word
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.cleaning import Blanked, HeldPixels, Untouched, clean_pixels
from services.anonymiser.pixels.description import describe, pixels_of
from services.anonymiser.pixels.policy import PixelPolicy
from services.anonymiser.pixels.workers import Examiner
from shared.outcome import Reason
from tests.unit.anonymiser.picture_checks import (
    applied,
    by_pydicom,
    constant,
    fragments,
    frames_of,
    inside,
    outside,
)
from tests.unit.anonymiser.pictures import (
    COLUMNS,
    DEFLATED_FRAMES,
    GREY,
    KINDS,
    LOSSLESS,
    LOSSY,
    NATIVE,
    RGB,
    ROWS,
    TEXT,
    Kind,
    knowing,
    pictured,
    stored_values,
    with_elements,
)

EXAMINER = Examiner(0)
POLICY = PixelPolicy()
WAYS = [
    (kind, syntax)
    for kind in KINDS
    for syntax in (*NATIVE, *LOSSLESS, *LOSSY, DEFLATED_FRAMES)
    # No encoder makes a signed near-lossless image to try it on.
    if not (kind.signed and syntax == JPEGLSNearLossless)
]
_HALVED = Kind("YBR_FULL_422", samples=3)


def cleaned(elements: Item, syntax: Syntax) -> Blanked:
    result = clean_pixels(elements, syntax, POLICY, EXAMINER, knowing())
    assert isinstance(result, Blanked), result
    return result


@pytest.mark.parametrize(("kind", "syntax"), WAYS, ids=str)
def test_writing_is_gone_and_nothing_else(kind: Kind, syntax: str) -> None:
    elements, read_syntax = pictured([stored_values(kind)], kind, syntax)
    (before,) = frames_of(elements, read_syntax)
    result = cleaned(elements, read_syntax)
    assert (result.syntax, result.examined, result.boxes) == (read_syntax, True, 1)
    (after,) = frames_of(applied(elements, result), result.syntax)
    assert constant(inside(after))
    assert not constant(inside(before))
    np.testing.assert_array_equal(outside(after), outside(before))


@pytest.mark.parametrize(("kind", "syntax"), [way for way in WAYS if way[1] != DEFLATED_FRAMES], ids=str)
def test_another_reader_sees_black(kind: Kind, syntax: str) -> None:
    elements, read_syntax = pictured([stored_values(kind)], kind, syntax)
    finished = by_pydicom(applied(elements, cleaned(elements, read_syntax)), read_syntax)
    values = finished.pixel_array
    if kind.photometric == "MONOCHROME1":
        assert (inside(values) == values.max()).all()
    elif kind.photometric == "PALETTE COLOR":
        assert (inside(values) == 200).all()
    else:
        assert (inside(values) == values.min()).all()
    assert finished.BurnedInAnnotation == "NO"


@pytest.mark.parametrize("kind", [GREY, Kind("YBR_FULL", samples=3)], ids=str)
def test_without_an_encoder_it_becomes_native(kind: Kind) -> None:
    elements, syntax = pictured([stored_values(kind)], kind, JPEGBaseline8Bit)
    before = by_pydicom(elements, syntax).pixel_array
    result = cleaned(elements, syntax)
    assert result.syntax == Syntax(str(ExplicitVRLittleEndian))
    finished = by_pydicom(applied(elements, result), result.syntax)
    assert finished.PhotometricInterpretation == ("MONOCHROME2" if kind == GREY else "RGB")
    assert (finished.LossyImageCompression, finished.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    pixels = pixels_of(elements)
    assert pixels is not None
    ratio = ROWS * COLUMNS * kind.samples / len(pixels.value)
    assert finished.LossyImageCompressionRatio == pytest.approx(ratio, rel=0.1)
    assert "NumberOfFrames" not in finished
    after = finished.pixel_array
    assert (inside(after) == (after.min() if kind == GREY else 0)).all()
    assert np.abs(outside(after).astype(int) - outside(before)).max() <= (0 if kind == GREY else 1)


def test_what_says_that_it_was_lossy_is_believed() -> None:
    stated = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "7.5", "LossyImageCompressionMethod": "X"}
    elements, syntax = pictured([stored_values(GREY)], GREY, JPEGBaseline8Bit, **stated)
    finished = by_pydicom(applied(elements, cleaned(elements, syntax)), Syntax(str(ExplicitVRLittleEndian)))
    assert (finished.LossyImageCompressionRatio, finished.LossyImageCompressionMethod) == (7.5, "X")


@pytest.mark.parametrize("kind", [_HALVED, Kind("YBR_PARTIAL_422", samples=3)], ids=str)
def test_halved_colour_is_blanked_in_pairs(kind: Kind) -> None:
    full = stored_values(Kind("YBR_FULL", samples=3))
    pairs = full.reshape(ROWS, COLUMNS // 2, 2, 3)
    halved = np.concatenate((pairs[..., 0], pairs[:, :, 0, 1:]), axis=-1)  # Y1 Y2 CB CR
    elements, syntax = pictured([full], kind, ExplicitVRLittleEndian)
    elements = with_elements(elements, Element(0x7FE00010, "OB", halved.tobytes()))
    result = cleaned(elements, syntax)
    assert result.syntax == syntax
    values = np.frombuffer(bytes(applied(elements, result)[-1].value), np.uint8).reshape(ROWS, COLUMNS // 2, 4)
    changed = (values != halved).any(axis=-1)
    blanked = values[TEXT.top : TEXT.bottom, TEXT.left // 2 : TEXT.right // 2]
    assert (blanked == (0 if kind == _HALVED else 16, 0 if kind == _HALVED else 16, 128, 128)).all()
    assert not changed[:, : TEXT.left // 2 - 2].any()
    assert not changed[: TEXT.top - 3].any()


def test_what_says_halved_and_is_whole_is_taken_as_it_is() -> None:
    elements, syntax = pictured([stored_values(Kind("YBR_FULL", samples=3))], _HALVED, ExplicitVRLittleEndian)
    assert describe(elements, syntax).photometric == "YBR_FULL"
    result = cleaned(elements, syntax)
    values = np.frombuffer(bytes(applied(elements, result)[-1].value), np.uint8).reshape(ROWS, COLUMNS, 3)
    assert (inside(values) == (0, 128, 128)).all()


@pytest.mark.parametrize("frames", [1, 3])
def test_single_bits_are_blanked_wherever_a_frame_begins(frames: int) -> None:
    kind = Kind("MONOCHROME2", 1, 1)
    odd = [stored_values(kind)[:, :91] for _ in range(frames)]  # 64 rows of 91 bits
    ragged = [frame[:63] for frame in odd]  # 5733 bits: no frame but the first begins with a byte
    elements, syntax = pictured(ragged, kind, ExplicitVRLittleEndian)
    elements = with_elements(elements, *([] if frames == 1 else [Element(0x00280008, "IS", b"3 ")]))
    result = cleaned(elements, syntax)
    for before, after in zip(ragged, frames_of(applied(elements, result), syntax), strict=True):
        assert inside(before).any()
        assert not inside(after).any()
        np.testing.assert_array_equal(outside(after), outside(before))


@pytest.mark.parametrize("syntax", [*LOSSLESS, *LOSSY, DEFLATED_FRAMES])
def test_frames_without_writing_keep_their_fragments(syntax: str) -> None:
    clear = stored_values(GREY, 1)
    clear[TEXT.top : TEXT.bottom, TEXT.left : TEXT.right] = 99
    elements, read_syntax = pictured([clear, stored_values(GREY), clear], GREY, syntax)
    detector = knowing() if syntax not in LOSSY else knowing(TEXT, least=150)
    result = clean_pixels(elements, read_syntax, POLICY, EXAMINER, detector)
    assert isinstance(result, Blanked)
    before, after = fragments(elements, 3), fragments(applied(elements, result), 3)
    assert [one == other for one, other in zip(before.frames, after.frames, strict=True)] == [True, False, True]
    assert (after.offsets, after.sound) == (before.offsets, True)
    assert constant(inside(frames_of(applied(elements, result), read_syntax)[1]))


def test_an_extended_offset_table_goes_with_the_old_offsets() -> None:
    elements, syntax = pictured([stored_values(GREY), stored_values(GREY, 1)], GREY, RLELossless)
    tables = (Element(tag, "OV", bytes(16)) for tag in (0x7FE00001, 0x7FE00002))
    result = cleaned(with_elements(elements, *tables), syntax)
    assert result.elements[0x7FE00001] is result.elements[0x7FE00002] is None


def test_all_frames_without_loss_are_no_longer_of_an_irreversible_transform() -> None:
    elements, syntax = pictured([stored_values(RGB)], RGB, JPEG2000)
    elements = with_elements(elements, Element(0x00280004, "CS", b"YBR_ICT "))
    result = cleaned(elements, syntax)
    assert word(applied(elements, result), 0x00280004) == "YBR_RCT"
    assert (inside(by_pydicom(applied(elements, result), syntax).pixel_array) == 0).all()


def test_what_told_of_the_old_pixels_is_removed() -> None:
    elements, syntax = pictured([stored_values(GREY)], GREY, ExplicitVRLittleEndian)
    stale = (0x00280106, 0x00280107, 0x00603000, 0x00880200, 0x4FFE0001, 0xFFFAFFFA)
    vrs = ("US", "US", "SQ", "SQ", "SQ", "SQ")
    told = (Element(tag, vr, b"" if vr == "SQ" else b"\0\0") for tag, vr in zip(stale, vrs, strict=True))
    result = cleaned(with_elements(elements, *told), syntax)
    assert [result.elements[tag] for tag in stale] == [None] * len(stale)


def test_floats_are_looked_at_and_never_blanked() -> None:
    values = np.full((ROWS, COLUMNS), np.nan, "<f4")
    values[:40, :40] = np.random.default_rng(1).random((40, 40))
    elements, syntax = pictured([stored_values(GREY)], GREY, ExplicitVRLittleEndian)
    kept = (element for element in elements if element.tag not in (0x7FE00010, 0x00280100, 0x00280101, 0x00280102))
    real = with_elements(tuple(kept), Element(0x7FE00008, "OF", values.tobytes()))
    assert clean_pixels(real, syntax, POLICY, EXAMINER, knowing(Box(0, 0, 40, 40))) == HeldPixels(Reason.BURNED_IN_TEXT)
    assert clean_pixels(real, syntax, POLICY, EXAMINER, knowing(Box(60, 50, 70, 60))) == Untouched(examined=True)


def test_what_no_one_knows_how_to_show_black_is_held() -> None:
    elements, syntax = pictured([stored_values(RGB)], RGB, ExplicitVRLittleEndian)
    strange = with_elements(elements, Element(0x00280004, "CS", b"HSV "))
    assert clean_pixels(strange, syntax, POLICY, EXAMINER, knowing()) == HeldPixels(Reason.BURNED_IN_TEXT)
