"""Bytes as they arrived to a tree of elements (PS3.10 Section 7, PS3.5 Section 7), by pydicom."""

import logging
import re
import warnings
import zlib
from io import BytesIO
from struct import Struct, error

from pydicom._uid_dict import UID_dictionary
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_sequence

from services.anonymiser.dataset.tree import Element, Item, Syntax, known_vr
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, NUMBER_VRS, TEXT_VRS
from shared.outcome import Reason

MAX_DEPTH = 32
MAX_INFLATED_BYTES = 2**30
UNDEFINED_LENGTH = 0xFFFFFFFF
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
_NEWER = frozenset({"1.2.840.10008.1.2.8.1"})  # Deflated Image Frame Compression: pydicom 3.0 does not know it yet
# Their pixels are elsewhere, behind a URL or in a stream, so there is nothing whole to clean.
_ELSEWHERE = re.compile(r"1\.2\.840\.10008\.1\.2\.(4\.(94|95|204|205)|7\.\d+)")
_VRS = TEXT_VRS | CODE_VRS | NUMBER_VRS | BYTES_VRS | {"SQ"}
_DELIMITER = {True: b"\xfe\xff\xdd\xe0\0\0\0\0", False: b"\xff\xfe\xe0\xdd\0\0\0\0"}
_META_SHORT, _META_LONG = Struct("<HH2sH"), Struct("<HH2sHL")
_LONG_VRS = {b"OB", b"OW", b"UN", b"SQ", b"UT", b"UC", b"UR"}

# pydicom quotes values in what it logs.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)


class Unreadable(Exception):
    """There is no data set to be had from these bytes; `reason` is the verdict."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class BeyondLimits(Exception):
    """Readable perhaps, but not within our limits or means."""


def read(data: bytes, transfer_syntax: str | None = None) -> tuple[Syntax, Item]:
    """The data set in `data`: a Part 10 file, or with `transfer_syntax` also a bare data set.

    Raises Unreadable or BeyondLimits.
    """
    if data[128:132] == b"DICM":
        start, written = _meta(data)
        uid = written or transfer_syntax
    else:
        start, uid = 0, transfer_syntax
    if uid is None:
        raise Unreadable(Reason.NOT_DICOM)
    syntax = syntax_of(uid)
    body = _inflated(data[start:]) if syntax.deflated else data[start:]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = read_dataset(BytesIO(body), syntax.implicit, syntax.little)
            elements = _elements(dataset, syntax.little, 0)
    except (BeyondLimits, RecursionError):
        raise BeyondLimits from None
    except Unreadable:
        raise
    except Exception:  # pydicom lets whatever struct, codecs or its own code raise come through
        raise Unreadable(Reason.UNDECODABLE) from None
    _check_end(dataset, body, syntax)
    return syntax, elements


def syntax_of(uid: str) -> Syntax:
    """What `uid` says of the header. Raises Unreadable for a syntax that PS3.6 Table A-1 does not list."""
    if uid not in _NEWER and UID_dictionary.get(uid, ("", ""))[1] != "Transfer Syntax":
        raise Unreadable(Reason.UNDECODABLE)
    if _ELSEWHERE.fullmatch(uid):
        raise BeyondLimits
    return Syntax(uid, implicit=uid == IMPLICIT_LITTLE, little=uid != EXPLICIT_BIG, deflated=uid == DEFLATED)


def _meta(data: bytes) -> tuple[int, str | None]:
    """Where the data set begins after the file meta information, and the transfer syntax that this names.

    Walks the elements, because senders have written wrong group lengths (PS3.10 Section 7.1).
    """
    position, uid = 132, None
    try:
        while position < len(data):
            group, element, vr, length = _META_SHORT.unpack_from(data, position)
            if group != 2:
                break
            size = _META_SHORT.size
            if vr in _LONG_VRS:
                *_, length = _META_LONG.unpack_from(data, position)
                size = _META_LONG.size
            if element == 0x0010:
                uid = data[position + size : position + size + length].strip(b" \0").decode("ascii")
            position += size + length
    except (error, UnicodeDecodeError):
        raise Unreadable(Reason.UNDECODABLE) from None
    return position, uid


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        result = inflater.decompress(body, MAX_INFLATED_BYTES)
    except zlib.error:
        raise Unreadable(Reason.UNDECODABLE) from None
    if inflater.unconsumed_tail:
        raise BeyondLimits
    if not inflater.eof:
        raise Unreadable(Reason.UNDECODABLE)
    return result


def _elements(dataset: Dataset, little: bool, depth: int, signed: bool = False) -> Item:
    if depth > MAX_DEPTH:
        raise BeyondLimits
    # No profile keeps private elements yet, so what vendors put there need not even be well formed.
    tags = sorted(int(tag) for tag in set(dataset.keys()) if not tag >> 16 & 1)
    signed = _signed(dataset, little) if 0x00280103 in dataset else signed
    return tuple(_element(dataset, tag, little, signed, depth) for tag in tags)


def _element(dataset: Dataset, tag: int, little: bool, signed: bool, depth: int) -> Element:
    raw = dataset.get_item(tag, keep_deferred=True)  # pydicom takes every empty number for deferred
    if not isinstance(raw, RawDataElement):
        return Element(tag, "SQ", items=tuple(_elements(item, little, depth + 1, signed) for item in raw.value))
    vr, value = _vr(raw, tag, little, signed), raw.value or b""
    if raw.length not in (UNDEFINED_LENGTH, len(value)):
        raise Unreadable(Reason.UNDECODABLE)
    if vr != "SQ":
        return Element(tag, vr, value, encapsulated=raw.length == UNDEFINED_LENGTH)
    # A sequence that was sent as UN is in implicit VR, whatever the rest is in (PS3.5 Section 6.2.2).
    implicit = raw.is_implicit_VR or raw.VR == "UN"
    items = read_sequence(BytesIO(value), implicit, little, len(value), "iso8859")
    return Element(tag, "SQ", items=tuple(_elements(item, little, depth + 1, signed) for item in items))


def _vr(raw: RawDataElement, tag: int, little: bool, signed: bool) -> str:
    if raw.VR in _VRS and raw.VR != "UN":
        return raw.VR
    known = known_vr(tag)
    if known is None or (raw.VR == "UN" and not little):  # UN is little endian within big endian
        return "UN"
    if " or " in known:
        return ("SS" if signed else "US") if known == "US or SS" else "OW"
    return known


def _signed(dataset: Dataset, little: bool) -> bool:
    raw = dataset.get_item(0x00280103, keep_deferred=True)
    return isinstance(raw, RawDataElement) and int.from_bytes(raw.value or b"", "little" if little else "big") == 1


def _check_end(dataset: Dataset, body: bytes, syntax: Syntax) -> None:
    """Refuses a data set that was cut off within an undefined length, which pydicom lets pass."""
    if len(dataset) == 0:
        raise Unreadable(Reason.UNDECODABLE)
    last = dataset.get_item(max(dataset.keys()), keep_deferred=True)
    delimited = not isinstance(last, RawDataElement) or last.length == UNDEFINED_LENGTH
    if delimited and not body.rstrip(b"\0").endswith(_DELIMITER[syntax.little].rstrip(b"\0")):
        raise Unreadable(Reason.UNDECODABLE)
