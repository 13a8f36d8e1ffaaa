"""Frames out of the bytes, and what a detector is shown of them."""

import mmap
from dataclasses import replace
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from services.anonymiser.dataset.mapped import Progress
from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tree import Element, find
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.description import Undescribed, describe, pixels_of
from services.anonymiser.pixels.filling import filled
from services.anonymiser.pixels.fragments import Unmapped, joined, parted
from services.anonymiser.pixels.palette import NoPalette, coloured, darkest
from services.anonymiser.pixels.showing import pictures
from services.anonymiser.pixels.source import source_of
from services.anonymiser.pixels.stored import NoDecoder, Stored, Undecodable, decodable, decoded
from tests.unit.anonymiser.picture_checks import frames_of
from tests.unit.anonymiser.pictures import (
    COLUMNS,
    DEEP,
    DEFLATED_FRAMES,
    GREY,
    KINDS,
    LOSSLESS,
    NATIVE,
    RGB,
    ROWS,
    TEXT,
    Kind,
    description,
    pictured,
    stored_values,
    with_elements,
)

NAME = b"DOE^JANE 4711"


@pytest.mark.parametrize("syntax", [*NATIVE, *LOSSLESS, DEFLATED_FRAMES])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_stored_values_are_what_was_stored(kind: Kind, syntax: str) -> None:
    frames = [stored_values(kind, seed) for seed in range(3)]
    elements, read_syntax = pictured(frames, kind, syntax)
    for frame, found in zip(frames, frames_of(elements, read_syntax), strict=True):
        assert found.dtype.isnative
        np.testing.assert_array_equal(found, frame)


@pytest.mark.parametrize(
    ("name", "photometric"),
    [
        ("examples_ybr_color.dcm", "YBR_FULL"),
        ("examples_jpeg2k.dcm", "RGB"),
        ("MR_small_jp2klossless.dcm", "MONOCHROME2"),
        ("SC_rgb_small_odd_jpeg.dcm", "YBR_FULL"),
        ("SC_rgb_rle_32bit_2frame.dcm", "RGB"),
        ("SC_rgb_jls_lossy_line.dcm", "RGB"),
        ("JPEGLSNearLossless_16.dcm", "MONOCHROME2"),
        ("MR_small_bigendian.dcm", "MONOCHROME2"),
        ("examples_palette.dcm", "PALETTE COLOR"),
        ("SC_rgb_small_odd_big_endian.dcm", "RGB"),
        ("rtdose_rle.dcm", "MONOCHROME2"),
    ],
)
def test_real_files_decode_as_pydicom_has_it(name: str, photometric: str) -> None:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    syntax, elements = read(Path(path).read_bytes())
    described, pixels = describe(elements, syntax), pixels_of(elements)
    assert pixels is not None
    source = source_of(pixels, described, elements)
    stored = decoded(bytes(source.frame(0)), described)
    assert stored.photometric.replace("_422", "") == photometric
    expected = dcmread(path)
    expected.pixel_array_options(raw=True)
    array = expected.pixel_array
    np.testing.assert_array_equal(stored.values, array[0] if described.frames > 1 else array)


def test_what_no_decoder_here_knows_is_said_so() -> None:
    twelve = description(syntax=str(JPEGExtended12Bit), encapsulated=True)
    assert not decodable(twelve)
    with pytest.raises(NoDecoder):
        decoded(b"", twelve)
    with pytest.raises(NoDecoder):
        decoded(b"", description(syntax="1.2.840.10008.1.2.4.102", encapsulated=True))


@pytest.mark.parametrize("syntax", [JPEG2000, JPEGLSLossless, RLELossless, JPEGBaseline8Bit, DEFLATED_FRAMES])
def test_rubbish_is_undecodable(syntax: str) -> None:
    described = description(encapsulated=True, allocated=8, stored=8, high=7)
    with pytest.raises(Undecodable):
        decoded(b"\xff\xd8" + NAME * 9, replace(described, syntax=str(syntax)))


def test_missing_bytes_are_undecodable() -> None:
    with pytest.raises(Undecodable):
        decoded(bytes(31), description())


@pytest.mark.parametrize(
    "change",
    [
        (0x00280010, b"\0\0"),
        (0x00280100, b"\x0c\0"),
        (0x00280101, b"\x11\0"),
        (0x00280102, b"\x07\0"),
        (0x00280002, b"\x05\0"),
        (0x00280004, b""),
    ],
)
def test_a_description_that_contradicts_itself_is_none(change: tuple[int, bytes]) -> None:
    elements, syntax = pictured([stored_values(DEEP)], DEEP, ExplicitVRLittleEndian)
    describe(elements, syntax)
    with pytest.raises(Undescribed):
        describe(with_elements(elements, Element(change[0], "US", change[1])), syntax)


def test_too_few_native_bytes_have_no_frames() -> None:
    elements, syntax = pictured([stored_values(GREY)], GREY, ExplicitVRLittleEndian)
    short = Element(0x7FE00010, "OB", bytes(ROWS * COLUMNS - 2))
    with pytest.raises(Unmapped):
        source_of(short, describe(elements, syntax), elements)


@pytest.mark.parametrize("frames", [b"0 ", b"-2", b"three ", b"99999999999 "])
def test_a_number_of_frames_that_makes_no_sense_is_none(frames: bytes) -> None:
    elements, syntax = pictured([stored_values(GREY)], GREY, ExplicitVRLittleEndian)
    with pytest.raises(Undescribed):
        describe(with_elements(elements, Element(0x00280008, "IS", frames)), syntax)


def test_frames_that_nobody_counted_are_not_cut() -> None:
    elements, syntax = pictured([stored_values(GREY)] * 3, GREY, ExplicitVRLittleEndian)
    fewer = with_elements(elements, Element(0x00280008, "IS", b"2 "))
    pixels = pixels_of(fewer)
    assert pixels is not None
    with pytest.raises(Unmapped):
        source_of(pixels, describe(fewer, syntax), fewer)


@pytest.mark.parametrize(("window", "kept"), [(2**21, range(8000)), (2**30, range(30_000, 33_000))])
def test_a_mapped_file_is_let_go_behind_us(tmp_path: Path, window: int, kept: range) -> None:
    (tmp_path / "file").write_bytes(b"head" + bytes(range(256)) * 2**17)
    with (tmp_path / "file").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    view = memoryview(mapped)[4:]
    progress = Progress(view, window)
    for end in range(2**16, len(view) + 1, 2**16):
        progress.to(end)
        assert bytes(view[end - 256 : end]) == bytes(range(256))
    assert _resident(mapped) in kept
    assert bytes(view[:256]) == bytes(range(256))


def _resident(mapped: mmap.mmap) -> int:
    """KiB of a mapping that are in this process's memory now."""
    start = f"{np.frombuffer(mapped, np.uint8).ctypes.data:x}-"
    lines = Path("/proc/self/smaps").read_text().splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(start))
    return next(int(line.split()[1]) for line in lines[begin:] if line.startswith("Rss:"))


# Fragments.


@pytest.mark.parametrize("bot", [True, False])
def test_fragments_are_told_apart_by_table_count_or_end_of_image(bot: bool) -> None:
    streams = [b"\xff\xd8" + bytes([n]) * 40 + b"\xff\xd9" for n in range(3)]
    value = encapsulate(streams, fragments_per_frame=2, has_bot=bot)
    found = parted(value, 3)
    assert [b"".join(pieces) for pieces in found.frames] == streams
    assert (found.offsets, found.sound) == (bot, True)
    assert joined(found.frames, found.offsets) == value


def test_fragments_by_an_extended_table() -> None:
    pieces = [b"a" * 10, b"b" * 10, b"c" * 10]
    value = joined([(piece,) for piece in pieces], offsets=False)
    table = Element(0x7FE00001, "OV", pack("<2Q", 0, 36))
    assert [b"".join(p) for p in parted(value, 2, (table,)).frames] == [b"a" * 10 + b"b" * 10, b"c" * 10]
    with pytest.raises(Unmapped):
        parted(value, 2)


def test_an_offset_table_that_says_something_else_is_not_sound() -> None:
    value = joined([(b"a" * 10,), (b"b" * 10,)], offsets=True)
    assert parted(value, 2).sound
    assert not parted(value.replace(pack("<2L", 0, 18), b"DOE JANE"), 2).sound


@pytest.mark.parametrize("value", [b"", b"\xfe\xff\0\xe0\0\0\0\0", b"\xfe\xff\0\xe0\0\0\0\0" + b"x" * 12])
def test_what_is_no_fragment_is_refused(value: bytes) -> None:
    with pytest.raises(Unmapped):
        parted(value, 1)


# What a detector is shown.


def test_writing_outside_the_window_is_shown_too() -> None:
    values = np.full((ROWS, COLUMNS), 100, np.uint16)
    values[TEXT.top, :] = 4000
    values[TEXT.bottom, :] = 120
    shown = pictures(Stored(values, "MONOCHROME2"), description(rows=ROWS, columns=COLUMNS, windows=((110.0, 40.0),)))
    assert len(shown) == 2
    assert any(picture[TEXT.top, 0] > int(picture[TEXT.bottom, 0]) + 100 for picture in shown)
    assert any(picture[TEXT.bottom, 0] > int(picture[0, 0]) + 100 for picture in shown)


def test_one_picture_is_enough_where_both_would_be_alike() -> None:
    elements, syntax = pictured([stored_values(GREY)], GREY, ExplicitVRLittleEndian)
    (frame,) = frames_of(elements, syntax)
    (shown,) = pictures(Stored(frame, "MONOCHROME2"), describe(elements, syntax))
    assert (shown.min(), shown.max()) == (0, 255)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != RGB], ids=str)
def test_writing_is_bright_in_every_kind(kind: Kind) -> None:
    elements, syntax = pictured([stored_values(kind)], kind, ExplicitVRLittleEndian)
    (frame,) = frames_of(elements, syntax)
    for shown in pictures(Stored(frame, kind.photometric), describe(elements, syntax)):
        assert shown.dtype == np.uint8
        grey = shown if shown.ndim == 2 else shown.mean(axis=-1)
        assert grey[TEXT.top : TEXT.bottom, TEXT.left : TEXT.right].max() > 200


def test_colours_of_segmented_tables_are_found() -> None:
    elements, syntax = pictured([stored_values(Kind("PALETTE COLOR"))], Kind("PALETTE COLOR"), ExplicitVRLittleEndian)
    discrete, linear = pack("<3H", 0, 1, 65535), pack("<3H", 1, 255, 0)  # one white entry, then down to black
    tables = (Element(tag, "OW", discrete + linear) for tag in (0x00281221, 0x00281222, 0x00281223))
    kept = tuple(element for element in elements if element.tag not in (0x00281201, 0x00281202, 0x00281203))
    described = describe(with_elements(kept, *tables), syntax)
    assert darkest(described) == 255
    assert coloured(np.array([[0, 255]], np.uint8), described).tolist() == [[[255] * 3, [0] * 3]]


def test_without_tables_nobody_knows_the_darkest() -> None:
    with pytest.raises(NoPalette):
        darkest(description(photometric="PALETTE COLOR"))


def test_windows_are_found_in_functional_groups() -> None:
    elements, syntax = pictured([stored_values(DEEP)], DEEP, ExplicitVRLittleEndian)
    window = (Element(0x00281050, "DS", b"40"), Element(0x00281051, "DS", b"400 "))
    rescaled = (Element(0x00281052, "DS", b"-1024 "), Element(0x00281053, "DS", b"1 "))
    group = (Element(0x00289132, "SQ", items=(window,)), Element(0x00289145, "SQ", items=(rescaled,)))
    described = describe(with_elements(elements, Element(0x52009229, "SQ", items=(group,))), syntax)
    assert (described.windows, described.intercept) == (((40.0, 400.0),), -1024.0)
    assert find(elements, 0x00281050) is None


@pytest.mark.parametrize("shape", [(100, 120), (100, 120, 3)])
def test_blanked_places_are_filled_from_around_them(shape: tuple[int, ...]) -> None:
    ramp = np.add.outer(np.arange(100), np.arange(120)).astype(np.uint8)
    picture = np.zeros(shape, np.uint8) + (ramp if len(shape) == 2 else ramp[:, :, None])
    blank = picture.copy()
    blank[20:60, 30:90] = blank[80:, :] = 0
    found = filled(blank, (Box(30, 20, 90, 60), Box(0, 80, 120, 100)))
    assert np.abs(found[:60].astype(int) - picture[:60]).max() < 12
    np.testing.assert_array_equal(found[:20], picture[:20])
    assert found[80:].min() > 60


def test_nothing_is_filled_where_nothing_was_blanked() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert filled(picture, ()) is picture
    assert filled(picture, (Box(0, 0, 4, 3),)).tolist() == np.zeros((3, 4)).tolist()
