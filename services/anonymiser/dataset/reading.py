"""Bytes as they arrived to a tree of elements (PS3.10 Section 7, PS3.5 Section 7): the walker, else the reference."""

import re
import zlib
from struct import Struct, error

from pydicom._uid_dict import UID_dictionary

from services.anonymiser.dataset.limits import LIMITS, BeyondLimits, Limits, Unreadable
from services.anonymiser.dataset.reference import read_elements
from services.anonymiser.dataset.tree import Item, Syntax
from services.anonymiser.dataset.walking import NotWalked, walk
from shared.outcome import Reason

__all__ = ["BeyondLimits", "Unreadable", "read", "read_by_reference", "syntax_of"]

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
_NEWER = frozenset({"1.2.840.10008.1.2.8.1"})  # Deflated Image Frame Compression: pydicom 3.0 does not know it yet
# Their pixels are elsewhere, behind a URL or in a stream, so there is nothing whole to clean.
_ELSEWHERE = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.(94|95|204|205)|7\.\d+)")
_META_SHORT, _META_LONG = Struct("<HH2sH"), Struct("<HH2sHL")
_LONG_VRS = {b"OB", b"OW", b"UN", b"SQ", b"UT", b"UC", b"UR"}
_MOST_META_ELEMENTS = 1000
_LONGEST_UID = 256


def read(data: bytes | memoryview, transfer_syntax: str | None = None, limits: Limits = LIMITS) -> tuple[Syntax, Item]:
    """The data set in `data`: a Part 10 file, or with `transfer_syntax` also a bare data set.

    Large values are views of `data` (see tree.BULK_BYTES). Raises Unreadable or BeyondLimits.
    """
    syntax, body, start = _opened(data, transfer_syntax, limits)
    try:
        return syntax, walk(body, syntax, limits, start)
    except NotWalked:
        return syntax, read_elements(memoryview(body)[start:], syntax, limits)


def read_by_reference(
    data: bytes | memoryview, transfer_syntax: str | None = None, limits: Limits = LIMITS
) -> tuple[Syntax, Item]:
    """The same as `read`, by pydicom only: what the walker must agree with."""
    syntax, body, start = _opened(data, transfer_syntax, limits)
    return syntax, read_elements(memoryview(body)[start:], syntax, limits)


def _opened(
    data: bytes | memoryview, transfer_syntax: str | None, limits: Limits
) -> tuple[Syntax, bytes | memoryview, int]:
    """The syntax, the inflated bytes, and where in them the data set begins."""
    if data[128:132] == b"DICM":
        start, written = _meta(data)
        uid = written or transfer_syntax
    else:
        start, uid = 0, transfer_syntax
    if uid is None:
        raise Unreadable(Reason.NOT_DICOM)
    syntax = syntax_of(uid)
    return (syntax, _inflated(memoryview(data)[start:], limits), 0) if syntax.deflated else (syntax, data, start)


def syntax_of(uid: str) -> Syntax:
    """What `uid` says of the header. Raises Unreadable for a syntax that PS3.6 Table A-1 does not list."""
    if uid not in _NEWER and UID_dictionary.get(uid, ("", ""))[1] != "Transfer Syntax":
        raise Unreadable(Reason.UNDECODABLE)
    if _ELSEWHERE.fullmatch(uid):
        raise BeyondLimits
    return Syntax(uid, implicit=uid == IMPLICIT_LITTLE, little=uid != EXPLICIT_BIG, deflated=uid == DEFLATED)


def _meta(data: bytes | memoryview) -> tuple[int, str | None]:
    """Where the data set begins after the file meta information, and the transfer syntax that this names.

    Walks the elements, because senders have written wrong group lengths (PS3.10 Section 7.1).
    """
    position, uid = 132, None
    for _ in range(_MOST_META_ELEMENTS):
        if position >= len(data):
            return position, uid
        try:
            group, element, vr, length = _META_SHORT.unpack_from(data, position)
            if group != 2:
                return position, uid
            size = _META_SHORT.size
            if vr in _LONG_VRS:
                *_, length = _META_LONG.unpack_from(data, position)
                size = _META_LONG.size
            position += size
            if element == 0x0010:
                uid = bytes(data[position : position + min(length, _LONGEST_UID)]).strip(b" \0").decode("ascii")
            position += length
        except (error, UnicodeDecodeError):
            raise Unreadable(Reason.UNDECODABLE) from None
    raise BeyondLimits


def _inflated(body: memoryview, limits: Limits) -> bytes:
    most = min(limits.inflated_bytes, max(limits.freely_inflated_bytes, limits.inflation_ratio * len(body)))
    if len(body) > limits.inflated_bytes:
        raise BeyondLimits
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        result = inflater.decompress(body, most)
    except zlib.error:
        raise Unreadable(Reason.UNDECODABLE) from None
    if inflater.unconsumed_tail:
        raise BeyondLimits
    if not inflater.eof:
        raise Unreadable(Reason.UNDECODABLE)
    return result
