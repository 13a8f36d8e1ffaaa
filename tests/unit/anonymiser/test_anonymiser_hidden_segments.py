"""Where text beside the pixels is looked for: in the heads of frames, and behind the last row."""

import pytest

from services.anonymiser.dataset.fragments import fragments
from services.anonymiser.dataset.header import bulk
from services.anonymiser.dataset.hidden import hides_beside_pixels
from services.anonymiser.dataset.tree import Element, Item, Syntax
from tests.unit.anonymiser.raw import EXPLICIT, EXPLICIT_UID

PIXELS = 0x7FE00010
SYNTAX = Syntax(EXPLICIT_UID)
START, SCAN = b"\xff\xd8", b"\xff\xda\x00\x02"
TABLES = b"\xff\xdb\x00\x04\0\0"
COMMENT = b"\xff\xfe\x00\x0aDOE^JANE"
DATA = bytes(range(1, 200)) + b"\xff\xd9\0"


def encapsulated(*frames: bytes) -> Item:
    value = b"".join(EXPLICIT.mark(0xE000, len(frame)) + frame for frame in (b"", *frames))
    return (Element(PIXELS, "OB", value, encapsulated=True),)


def native(value: bytes | memoryview, frames: bytes = b"2") -> Item:
    numbers = {0x00280002: 1, 0x00280010: 2, 0x00280011: 3, 0x00280100: 16}
    described = [Element(tag, "US", number.to_bytes(2, "little")) for tag, number in numbers.items()]
    return (*described, Element(0x00280008, "IS", frames), Element(PIXELS, "OW", value))


CLEAN = START + TABLES + SCAN + DATA


@pytest.mark.parametrize(
    ("frames", "hides"),
    [
        ([CLEAN, CLEAN], False),
        ([START + COMMENT + TABLES + SCAN + DATA], True),
        ([CLEAN, CLEAN, START + TABLES + COMMENT + SCAN + DATA], True),
        ([START + b"\xff\xff\xff" + TABLES[1:] + b"\xff" + COMMENT + SCAN], True),
        ([START + b"\xff\xff\xff" + TABLES[1:] + SCAN + DATA], False),
        ([START + TABLES[:3], TABLES[3:] + COMMENT, SCAN + DATA], True),
        ([START + TABLES[:3], TABLES[3:] + TABLES, SCAN + DATA], False),
        ([START + TABLES], True),  # nothing tells what comes before the scan
        ([START + TABLES + SCAN + START + COMMENT + DATA], False),  # data of the scan, that only look like a head
        ([b"\0" * 20, b"RLE, or something else" + COMMENT], False),
        ([], False),
    ],
)
def test_segments_before_the_first_scan_of_each_frame_are_looked_at(frames: list[bytes], hides: bool):
    assert hides_beside_pixels(encapsulated(*frames), SYNTAX) is hides


SIZE = 2 * 3 * 2 * 2


@pytest.mark.parametrize("behind", [b"", bytes(3), bytes(2**20 + 5)])
def test_pixels_and_zeros_behind_them_hide_nothing(behind: bytes):
    pixels = b"\xff" * SIZE
    assert not hides_beside_pixels(native(pixels + behind), SYNTAX)
    assert not hides_beside_pixels(native(memoryview(pixels + behind)), SYNTAX)


@pytest.mark.parametrize("behind", [b"DOE^JANE", bytes(2**20) + b"DOE^JANE" + bytes(2**20)])
def test_what_lies_behind_native_pixels_is_seen_wherever_it_is(behind: bytes):
    assert hides_beside_pixels(native(memoryview(bytes(SIZE) + behind)), SYNTAX)


def test_without_pixels_or_without_their_size_nothing_can_be_said():
    assert not hides_beside_pixels((), SYNTAX)
    assert not hides_beside_pixels((Element(PIXELS, "OW", b"DOE^JANE"),), SYNTAX)


def test_bulk_tells_lengths_and_fragments_without_the_offset_table():
    (element,) = encapsulated(b"12", b"3456")
    assert list(fragments(element.value)) == [(8, 0), (16, 2), (26, 4)]
    (described,) = bulk((element,), SYNTAX)
    assert (described.length, described.fragments, described.encapsulated) == (6, 2, True)
    (described,) = bulk((Element(PIXELS, "OW", memoryview(bytes(10))), Element(0x7FE00008, "OF")), SYNTAX)
    assert (described.tag, described.length, described.fragments) == ("7FE00010", 10, 0)


@pytest.mark.parametrize("value", [b"broken", b"\xfe\xff\x00\xe0\x08\0\0\0short", b"\xfe\xff\xdd\xe0\0\0\0\0"])
def test_broken_fragments_are_none(value: bytes):
    element = Element(PIXELS, "OB", value, encapsulated=True)
    with pytest.raises(ValueError, match="fragment"):
        bulk((element,), SYNTAX)
