"""What an encoded frame knows better than the attributes around it (PS3.5 Sections 8.2.1, 8.2.4)."""

from collections.abc import Callable
from struct import unpack_from
from typing import Any

import numpy as np
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    RLELossless,
)

Array = np.ndarray[Any, np.dtype[Any]]

JPEG_2000 = frozenset((JPEG2000, JPEG2000Lossless, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL))
_JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit)
_UNTOLD = (RLELossless, "1.2.840.10008.1.2.8.1")
"""RLE and deflated frames have no header that says it."""
_FRAME_HEADERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15 and SOF55 of JPEG-LS; the others in their range are tables."""
_SIZE_FOLLOWS = b"\xff\x4f\xff\x51"
_FIRST_COMPONENT = 42
"""Where SIZ tells of it, from the start of a codestream (ISO/IEC 15444-1 A.5.1)."""


def corrected(values: Array, photometric: str, frame: Callable[[], bytes], syntax: str) -> tuple[Array, str]:
    """A decoded frame, (rows, columns) or (rows, columns, samples), with the sign and the colour space that its
    codestream states, where they cannot be doubted. `frame` gives that, when it is needed; `syntax`: transfer syntax
    UID."""
    if syntax in JPEG_2000 and values.dtype.kind == "u":
        # Signed samples that fill their words: pydicom mends the sign of narrower ones itself.
        if _component(frame()) == (True, 8 * values.dtype.itemsize):
            return values.view(np.dtype(f"i{values.dtype.itemsize}")), photometric
    elif syntax in _JPEG and values.ndim == 3 and photometric == "RGB" and _halved_colour(frame()):
        return values, "YBR_FULL"
    return values, photometric


def precision(frame: bytes | memoryview, syntax: str) -> int | None:
    """Bits that a sample of this frame can have at most; None where no codestream tells."""
    head = bytes(frame[: 2**16])
    if syntax in JPEG_2000:
        return _component(head)[1] or None
    header = b"" if syntax in _UNTOLD else _frame_header(head)
    return header[0] if header else None


def _component(frame: bytes) -> tuple[bool, int]:
    """Whether the first component of a JPEG 2000 image is signed, and its bits; 0 when there is none."""
    start = max(frame.find(_SIZE_FOLLOWS), 0)
    if len(frame) <= start + _FIRST_COMPONENT:
        return False, 0
    stated = frame[start + _FIRST_COMPONENT]
    return bool(stated & 0x80), (stated & 0x7F) + 1


def _frame_header(head: bytes) -> bytes:
    """What follows the length in the frame header (ISO/IEC 10918-1 B.2.2, ISO/IEC 14495-1 C.2.2), or nothing."""
    position = 2
    while position + 4 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        length = int(unpack_from(">H", head, position + 2)[0])
        if marker in _FRAME_HEADERS:
            return head[position + 4 : position + 2 + length]
        position += 2 + length
    return b""


def _halved_colour(frame: bytes) -> bool:
    """Whether the first component is finer than the second: nobody does that to red and green, only to YBR."""
    header = _frame_header(frame)
    if b"\xff\xee\x00\x0eAdobe" in frame[: len(frame) // 2] or len(header) < 15:
        return False
    # Precision, lines, samples, components; then for each its identifier, sampling factors and table.
    return header[7] != header[10]
