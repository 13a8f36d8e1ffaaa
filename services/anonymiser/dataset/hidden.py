"""Text that hides beside the pixels: behind native ones, or in segments of a JPEG stream that no decoder shows."""

from collections.abc import Iterable

from services.anonymiser.dataset.fragments import fragments
from services.anonymiser.dataset.tree import Item, Syntax, find

_PIXEL_DATA, _SAMPLES, _FRAMES = 0x7FE00010, 0x00280002, 0x00280008
_ROWS, _COLUMNS, _BITS = 0x00280010, 0x00280011, 0x00280100
_START, _END, _SCAN, _COMMENT = b"\xff\xd8\xff", 0xD9, 0xDA, 0xFE
# APP0 is JFIF, APP8 SPIFF (and JPEG-LS colour transform), APP14 Adobe's colour flag; all others may hold anything.
_HARMLESS_APPLICATION = {0xE0, 0xE8, 0xEE}
_LONGEST_HEAD = 65536
_CHUNK = 2**20


def hides_beside_pixels(elements: Item, syntax: Syntax) -> bool:
    """Whether the pixel data hold bytes that are no pixels and could be text."""
    pixels = find(elements, _PIXEL_DATA)
    if pixels is None:
        return False
    if pixels.encapsulated:
        return _comment_in(pixels.value)
    expected = _native_length(elements, syntax)
    return expected is not None and _anything_behind(memoryview(pixels.value), expected + expected % 2)


def _anything_behind(value: memoryview, position: int) -> bool:
    return any(bytes(value[at : at + _CHUNK]).strip(b"\0") for at in range(position, len(value), _CHUNK))


def _native_length(elements: Item, syntax: Syntax) -> int | None:
    """Bytes that the image description asks for (PS3.5 Section 8.1.1); None when it is incomplete."""
    rows, columns, bits = (_number(elements, tag, syntax) for tag in (_ROWS, _COLUMNS, _BITS))
    samples = _number(elements, _SAMPLES, syntax) or 1
    if not (rows and columns and bits):
        return None
    return (rows * columns * samples * bits * _frames(elements) + 7) // 8


def _frames(elements: Item) -> int:
    element = find(elements, _FRAMES)
    digits = element.content.decode("ascii", "replace").strip(" \0").split("\\")[0] if element else ""
    return max(1, int(digits)) if digits.isdecimal() and len(digits) < 10 else 1


def _number(elements: Item, tag: int, syntax: Syntax) -> int:
    element = find(elements, tag)
    return int.from_bytes(element.value[:2], "little" if syntax.little else "big") if element else 0


def _comment_in(value: bytes | memoryview) -> bool:
    """Whether a JPEG or JPEG-LS stream in `value` carries a comment or an unknown application segment.

    Raises ValueError for broken encapsulation.
    """
    view, places = memoryview(value), list(fragments(value))
    for number, (start, length) in enumerate(places):
        if view[start : start + len(_START)] != _START:
            continue
        told = _tells(view[start : start + length])
        if told is None:
            told = _tells(_joined(view, places[number:]))
        if told is not False:
            return True
    return False


def _joined(view: memoryview, places: Iterable[tuple[int, int]]) -> memoryview:
    """The beginning of a stream whose head is spread over fragments."""
    head = bytearray()
    for start, length in places:
        head += view[start : start + min(length, _LONGEST_HEAD)]
        if len(head) >= _LONGEST_HEAD:
            break
    return memoryview(head)


def _tells(stream: memoryview) -> bool | None:
    """Whether a segment before the first scan may hold text; None if `stream` ends before that.

    ISO/IEC 10918-1 B.1.1: segments of FF, marker and length; any number of FF may precede a marker.
    """
    position = 2
    while position + 4 <= len(stream):
        marker = stream[position + 1]
        if stream[position] != 0xFF or marker in (_SCAN, _END):
            return False
        if marker == _COMMENT or (0xE0 <= marker <= 0xEF and marker not in _HARMLESS_APPLICATION):
            return True
        position += 1 if marker == 0xFF else 2 + int.from_bytes(stream[position + 2 : position + 4])
    return None
