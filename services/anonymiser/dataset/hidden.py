"""Text that hides beside the pixels: behind native ones, or in segments of a JPEG stream that no decoder shows."""

from services.anonymiser.dataset.tree import Item, Syntax, find

_PIXEL_DATA, _SAMPLES, _FRAMES, _PHOTOMETRIC = 0x7FE00010, 0x00280002, 0x00280008, 0x00280004
_ROWS, _COLUMNS, _BITS = 0x00280010, 0x00280011, 0x00280100
_START, _SCAN, _COMMENT = 0xD8, 0xDA, 0xFE
# APP0 is JFIF, APP8 SPIFF (and JPEG-LS colour transform), APP14 Adobe's colour flag; all others may hold anything.
_HARMLESS_APPLICATION = {0xE0, 0xE8, 0xEE}


def hides_beside_pixels(elements: Item, syntax: Syntax) -> bool:
    """Whether the pixel data hold bytes that are no pixels and could be text."""
    pixels = find(elements, _PIXEL_DATA)
    if pixels is None:
        return False
    if pixels.encapsulated:
        return _comment_in(pixels.content)
    expected = _native_length(elements, syntax)
    return expected is not None and any(pixels.value[expected + expected % 2 :])


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


def _comment_in(value: bytes) -> bool:
    """Whether a JPEG or JPEG-LS stream in `value` carries a comment or an unknown application segment.

    ISO/IEC 10918-1 B.1.1.4: segments of FF, marker and length, up to the first scan.
    """
    position = value.find(b"\xff\xd8\xff")
    while position >= 0:
        end = position + 2
        while end + 4 <= len(value) and value[end] == 0xFF and value[end + 1] != _SCAN:
            marker = value[end + 1]
            if marker == _COMMENT or (0xE0 <= marker <= 0xEF and marker not in _HARMLESS_APPLICATION):
                return True
            end += 2 + int.from_bytes(value[end + 2 : end + 4])
        position = value.find(b"\xff\xd8\xff", max(end, position + 3))
    return False
