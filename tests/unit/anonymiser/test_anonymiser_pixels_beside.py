"""What stands beside pixels in their bytes and their bits is taken out, and the pixels are left alone."""

from dataclasses import replace
from struct import pack

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from services.anonymiser.dataset.tree import Element, Item, Syntax
from services.anonymiser.pixels import residue, segments
from services.anonymiser.pixels.cleaning import Blanked, HeldPixels, Untouched, clean_pixels
from services.anonymiser.pixels.description import describe, pixels_of
from services.anonymiser.pixels.policy import PixelPolicy
from services.anonymiser.pixels.source import source_of
from services.anonymiser.pixels.workers import Examiner
from shared.dicom.codestream import precision
from shared.outcome import Reason
from tests.unit.anonymiser.picture_checks import applied, frames_of
from tests.unit.anonymiser.pictures import (
    DEEP,
    DEFLATED_FRAMES,
    GREY,
    LOSSLESS,
    QUIET,
    RGB,
    SIGNED,
    Kind,
    Stubborn,
    description,
    pictured,
    stored_values,
    with_elements,
)

HERE = Examiner(0)
NAME = b"DOE^JANE 4711"


# Segments.


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + pack(">H", len(content) + 2) + content


def _stream(syntax: str) -> bytes:
    kind = RGB if syntax == JPEG2000Lossless else GREY
    elements, read_syntax = pictured([stored_values(kind)], kind, syntax)
    pixels = pixels_of(elements)
    assert pixels is not None
    return bytes(source_of(pixels, describe(elements, read_syntax), elements).frame(0)).rstrip(b"\0")


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless])
def test_a_plain_stream_is_left_alone(syntax: str) -> None:
    stream = _stream(syntax)
    assert segments.plain(stream, syntax) is stream
    padded = stream + b"\0"
    assert segments.plain(padded, syntax) is padded


@pytest.mark.parametrize("marker", [0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE])
@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGLSLossless])
def test_a_segment_of_text_is_taken_out(syntax: str, marker: int) -> None:
    stream = _stream(syntax)
    spoken = stream[:2] + _segment(marker, NAME) + stream[2:]
    assert segments.plain(spoken, syntax) == stream


def test_a_comment_between_scans_is_taken_out() -> None:
    stream = b"\xff\xd8" + _segment(0xDA, b"\0" * 6) + b"\x01\xff\x00\xff\xd0\x02" + b"\xff\xd9"
    spoken = stream[:-2] + _segment(0xFE, NAME) + _segment(0xDA, b"\0" * 6) + b"\x03\xff\xd9"
    plain = segments.plain(spoken, JPEGBaseline8Bit)
    assert NAME not in plain
    assert len(spoken) - len(plain) == len(NAME) + 4


def test_the_small_picture_in_a_jfif_header_is_taken_out() -> None:
    stream = _stream(JPEGBaseline8Bit)
    header = _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\1" + NAME[:6])
    assert NAME[:6] not in segments.plain(stream[:2] + header + stream[20:], JPEGBaseline8Bit)


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless])
def test_what_follows_the_image_is_cut(syntax: str) -> None:
    stream = _stream(syntax)
    assert segments.plain(stream + NAME, syntax) == stream


@pytest.mark.parametrize("place", ["main header", "tile-part"])
def test_a_comment_of_jpeg_2000_is_taken_out_and_it_decodes(place: str) -> None:
    stream = _stream(JPEG2000Lossless)
    comment = b"\xff\x64" + pack(">HH", len(NAME) + 4, 1) + NAME
    if place == "main header":
        at = stream.index(b"\xff\x90")
        spoken = stream[:at] + comment + stream[at:]
    else:
        at, data = stream.index(b"\xff\x90"), stream.index(b"\xff\x93")
        length = int.from_bytes(stream[at + 6 : at + 10]) + len(comment)
        spoken = stream[: at + 6] + pack(">L", length) + stream[at + 10 : data] + comment + stream[data:]
    assert segments.plain(spoken, JPEG2000Lossless) == stream


def test_a_jp2_file_becomes_the_codestream_in_it() -> None:
    stream = _stream(JPEG2000Lossless)
    box = pack(">L4s", 8 + len(NAME), b"xml ") + NAME
    assert segments.plain(box + pack(">L4s", 8 + len(stream), b"jp2c") + stream, JPEG2000Lossless) == stream


@pytest.mark.parametrize("name", [b"Created by OpenJPEG version 2.5.0", b"Kakadu-v6.1"])
def test_an_encoder_may_name_itself(name: bytes) -> None:
    stream = _stream(JPEG2000Lossless)
    at = stream.index(b"\xff\x90")
    spoken = stream[:at] + b"\xff\x64" + pack(">HH", len(name) + 4, 1) + name + stream[at:]
    assert segments.plain(spoken, JPEG2000Lossless) is spoken
    more = spoken.replace(name, name[:-4] + b" JIM")
    assert segments.plain(more, JPEG2000Lossless) == stream


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEG2000Lossless])
@pytest.mark.parametrize("rubbish", [b"", NAME, b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\xff\xff", b"\xff\x4f\xff\x51\0\0"])
def test_rubbish_is_unparsed(syntax: str, rubbish: bytes) -> None:
    with pytest.raises(segments.Unparsed):
        segments.plain(rubbish, syntax)


# Bits that are no pixel.


def test_hidden_bits_are_seen_and_taken_out() -> None:
    described = description()
    values = np.arange(16, dtype=np.uint16).reshape(4, 4)
    assert not residue.in_frame(values, described)
    spoken = values | np.uint16(0x8000) * (values % 3 == 0)
    assert residue.in_frame(spoken, described)
    np.testing.assert_array_equal(residue.without(spoken, described), values)


def test_a_repeated_sign_is_no_residue_and_neither_is_a_missing_one() -> None:
    described = description(signed=True)
    values = np.array([[-2048, -1], [0, 2047]], np.int16)
    assert not residue.in_frame(values, described)
    assert not residue.in_frame((values.view(np.uint16) & 0x0FFF).view(np.int16), described)
    overflown = values.copy()
    overflown[1, 1] = 4095  # as unsigned twelve bits, which real files do
    assert not residue.in_frame(overflown, described)


@pytest.mark.parametrize("bit", range(12, 16))
def test_an_overlay_above_signed_samples_is_seen_whatever_its_bit(bit: int) -> None:
    described = description(signed=True)
    values = np.array([[-2048, -1], [0, 2047]], np.int16)
    spoken = (values.view(np.uint16) ^ np.uint16(1 << bit)).view(np.int16)
    assert residue.in_frame(spoken, described)
    np.testing.assert_array_equal(residue.without(spoken, described), values)


@pytest.mark.parametrize("signed", [True, False])
def test_bits_below_the_pixel_are_taken_out(signed: bool) -> None:
    described = description(high=15, signed=signed)
    values = np.array([[0x1230, 0x7FF0]], np.int16 if signed else np.uint16)
    assert not residue.in_frame(values, described)
    assert residue.in_frame(values | 1, described)
    np.testing.assert_array_equal(residue.without(values | 1, described), values)


def test_a_codestream_tells_how_many_bits_it_can_hold() -> None:
    for syntax in (*LOSSLESS, JPEG2000, JPEGBaseline8Bit):
        kind = GREY if syntax == JPEGBaseline8Bit else DEEP
        elements, read_syntax = pictured([stored_values(kind)], kind, syntax)
        pixels, described = pixels_of(elements), describe(elements, read_syntax)
        assert pixels is not None
        found = precision(source_of(pixels, described, elements).frame(0), described.syntax)
        assert found == (None if syntax == RLELossless else kind.stored)


def test_an_overlay_within_the_pixels_is_seen() -> None:
    position = Element(0x60000102, "US", b"\x0b\0")
    described, syntax = description(), Syntax(str(ExplicitVRLittleEndian))
    assert residue.overlay_within((position,), described, syntax)
    assert not residue.overlay_within((Element(0x60000102, "US", b"\x0c\0"),), described, syntax)
    assert not residue.overlay_within((position, Element(0x60003000, "OW", b"\0\0")), described, syntax)


# In whole objects.


def _quiet(kind: Kind = DEEP, syntax: str = ExplicitVRLittleEndian) -> tuple[Item, Syntax]:
    """An object that nobody looks at for writing."""
    return pictured([stored_values(kind)], kind, syntax, **QUIET)


def _clean(elements: Item, syntax: Syntax, examiner: Examiner | None = HERE) -> Untouched | Blanked | HeldPixels:
    return clean_pixels(elements, syntax, PixelPolicy(), examiner, Stubborn)


def _us(tag: int, value: int, syntax: Syntax) -> Element:
    return Element(tag, "US", value.to_bytes(2, "little" if syntax.little else "big"))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_a_native_tail_is_cut(syntax: str) -> None:
    elements, read_syntax = _quiet(syntax=syntax)
    pixels = pixels_of(elements)
    assert pixels is not None
    spoken = with_elements(elements, replace(pixels, value=bytes(pixels.value) + NAME + b" "))
    result = _clean(spoken, read_syntax, examiner=None)
    assert isinstance(result, Blanked)
    assert (result.boxes, result.examined) == (0, False)
    assert pixels_of(applied(spoken, result)) == pixels
    padded = with_elements(elements, replace(pixels, value=bytes(pixels.value) + bytes(32)))
    assert _clean(padded, read_syntax, examiner=None) == Untouched(examined=False)


def test_a_comment_in_a_codestream_is_cut_and_nothing_is_encoded_anew() -> None:
    elements, syntax = _quiet(GREY, JPEGBaseline8Bit)
    pixels = pixels_of(elements)
    assert pixels is not None
    stream = bytes(pixels.value[20:])
    spoken = stream[:2] + b"\xff\xfe\x00\x0f" + NAME + stream[2:]
    commented = Element(0x7FE00010, "OB", encapsulate([spoken.rstrip(b"\0")], has_bot=False), encapsulated=True)
    result = _clean(with_elements(elements, commented), syntax, examiner=None)
    assert isinstance(result, Blanked)
    assert result.syntax == syntax
    kept = pixels_of(applied(elements, result))
    assert kept is not None
    assert bytes(kept.value[8:]) == bytes(pixels.value[12:])


def test_an_offset_table_of_something_else_is_made_anew() -> None:
    elements, syntax = pictured([stored_values(GREY), stored_values(GREY)], GREY, RLELossless, **QUIET)
    pixels = pixels_of(elements)
    assert pixels is not None
    spoken = pixels.value[:8] + b"DOE JANE" + bytes(pixels.value[16:])
    result = _clean(with_elements(elements, replace(pixels, value=spoken)), syntax, examiner=None)
    assert isinstance(result, Blanked)
    assert result.elements[0x7FE00010] == pixels


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless, DEFLATED_FRAMES])
@pytest.mark.parametrize("kind", [DEEP, SIGNED], ids=str)
def test_bits_above_the_pixels_are_taken_out(kind: Kind, syntax: str) -> None:
    values = stored_values(kind)
    whole = Kind(kind.photometric, 16, 16, kind.signed)
    spoken = values ^ np.array(0x4000, values.dtype) * (np.indices(values.shape).sum(axis=0) % 3 == 0)
    elements, read_syntax = pictured([values, spoken.astype(values.dtype)], whole, syntax, **QUIET)
    elements = with_elements(
        elements, *(_us(tag, value, read_syntax) for tag, value in ((0x00280101, 12), (0x00280102, 11)))
    )
    result = _clean(elements, read_syntax)
    assert isinstance(result, Blanked)
    assert (result.syntax, result.boxes, result.examined) == (read_syntax, 0, False)
    for after in frames_of(applied(elements, result), read_syntax):
        np.testing.assert_array_equal(after, values)


def test_an_overlay_in_the_pixels_is_taken_out_with_its_bits() -> None:
    elements, syntax = _quiet(Kind("MONOCHROME2", 16, 16))
    elements = with_elements(elements, _us(0x00280101, 12, syntax), _us(0x00280102, 11, syntax))
    overlay = (_us(0x60000100, 16, syntax), _us(0x60000102, 12, syntax))
    result = _clean(with_elements(elements, *overlay), syntax)
    assert isinstance(result, Blanked)
    (after,) = frames_of(applied(elements, result), syntax)
    assert after.max() < 4096
    within = (_us(0x60000100, 16, syntax), _us(0x60000102, 11, syntax))
    assert _clean(with_elements(elements, *within), syntax) == HeldPixels(Reason.OVERLAY)


def test_bits_that_only_a_codec_can_show_are_held_without_a_worker() -> None:
    elements, syntax = _quiet(DEEP, RLELossless)
    assert _clean(elements, syntax) == Untouched(examined=False)
    assert _clean(elements, syntax, examiner=None) == HeldPixels(Reason.NOT_EXAMINED)
