"""What is decided beyond PS3.15 Table E.1-1, because the table trusts senders to write what the standard says."""

from pydicom.datadict import dictionary_is_retired

from services.anonymiser.dataset.tree import known_vr
from services.anonymiser.dataset.vrs import BYTES_VRS, DATE_VRS, NUMBER_VRS, TEXT_VRS

_PIXELS = 0x7FE0
# Pixels, look-up tables, waveforms, meshes, coordinates of annotations, optical paths; the gate looks into small ones.
_BYTES_THAT_ARE_PICTURES = frozenset({0x0022, 0x0028, 0x0048, 0x0066, 0x006A, 0x0070, 0x5400, _PIXELS})
_URN_CODE_VALUE = 0x00080120
_SECURITY, _IMAGE, _MAC_PARAMETERS = 0x0400, 0x0028, 0x4FFE0001
# Name whom the table takes out elsewhere: who assigned a number, when somebody was born, which host told the time.
_TELLING = frozenset(
    {0x00080051, 0x00100024, 0x00400026, 0x00400027, 0x00400031, 0x00400032, 0x0040E001}  # assigning authorities
    | {0x00100033, 0x00100034, 0x00100035, 0x00181803}  # birth and death in other calendars, NTP Source Address
)
# Many patients share these dates, or anybody can look them up: moved, they would tell the patient's shift to whoever
# knows the date of a calibration or of a context group. Taking them out is within "C" (PS3.15 Section E.3.6).
_DEVICE_DATES = frozenset(
    {0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07}  # versions of context groups and templates
    | {0x00181200, 0x00181201, 0x00181202, 0x00181203, 0x00181204, 0x00181205, 0x0018700C, 0x0018700E}  # calibration
    | {0x0014407E, 0x0014407C, 0x300A022C, 0x300A022E}  # calibration, strength of a source
    | {0x00120086, 0x00120087, 0x0044000B, 0x0072000A}  # ethics approval, expiry of a product, hanging protocol
)
TYPED_CODES = frozenset({0x00700002, 0x00700080})
"""Graphic Layer and Content Label: of VR CS, but people type what they like."""
# Few values, which PS3.3 lists: they say what an item is, so an item of dummies keeps them.
_ENUMERATED = {
    0x0040A130: {"POINT", "MULTIPOINT", "SEGMENT", "MULTISEGMENT", "BEGIN", "END"},  # Temporal Range Type
    0x0040A010: {"CONTAINS", "HAS PROPERTIES", "HAS OBS CONTEXT", "HAS ACQ CONTEXT", "INFERRED FROM", "SELECTED FROM"}
    | {"HAS CONCEPT MOD"},
    0x0040A040: {"CONTAINER", "TEXT", "CODE", "NUM", "PNAME", "DATE", "TIME", "DATETIME", "UIDREF", "COMPOSITE"}
    | {"IMAGE", "WAVEFORM", "SCOORD", "SCOORD3D", "TCOORD", "TABLE"},
    0x0040A050: {"SEPARATE", "CONTINUOUS"},
    0x00480301: {"FRAME", "VOLUME"},
    0x00700003: {"PIXEL", "DISPLAY", "MATRIX"},
    0x00700004: {"PIXEL", "DISPLAY", "MATRIX"},
    0x00700005: {"PIXEL", "DISPLAY", "MATRIX"},
    0x00700012: {"LEFT", "RIGHT", "CENTER"},
    0x00700015: {"Y", "N"},
    0x00700023: {"POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE", "MULTIPOINT", "POLYGON", "ELLIPSOID"},
    0x00700024: {"Y", "N"},
}


def misplaced(tag: int, depth: int = 1) -> str | None:
    """Why an attribute at `depth` (1: the top level) goes whatever table and profile say of it; None if it may stay.

    Group lengths would be wrong afterwards (PS3.5 Section 7.2); command and file meta groups have no place in a data
    set; of an overlay or curve all goes, not only its data (a plane without data is invalid).
    """
    group = tag >> 16
    if not tag & 0xFFFF:
        return "a group length"
    if group < 0x0008 or group >= 0xFFFC:
        return "command, file meta or padding has no place here"
    if group == _PIXELS and depth > 1:
        return "a picture inside a sequence, which nobody looks at"
    return "overlay or curve" if group >> 8 in (0x50, 0x60) and not group & 1 else None


def drops(tag: int, vr: str) -> str | None:
    """Why an attribute that Table E.1-1 does not name goes whatever it says; None if it may stay."""
    group = tag >> 16
    if group & 1:
        return "private, and not known to be safe"
    if known_vr(tag) is None:
        return "no edition of PS3.6 knows it"
    if group == _SECURITY or tag == _MAC_PARAMETERS:
        return "signatures and encrypted originals"
    if tag in _TELLING:
        return "it names an authority, an address or a birth date"
    if vr in BYTES_VRS and group not in _BYTES_THAT_ARE_PICTURES:
        return "bytes that nobody looks into"
    if vr == "UN" or (vr == "UR" and tag != _URN_CODE_VALUE):
        return "an address, or bytes of a kind unknown"
    if vr in DATE_VRS:
        return "a date that the table forgot"
    if dictionary_is_retired(tag) and (group != _IMAGE or vr in TEXT_VRS):
        return "retired"
    return None


def replaceable(tag: int) -> bool:
    """Whether a dummy can stand for what `drops` names: not for signatures, which would not hold, nor unknown bytes."""
    return tag >> 16 != _SECURITY and known_vr(tag) not in (None, "UN")


def wrong_vr(tag: int, vr: str) -> bool:
    """Whether the VR that was sent gives room to what PS3.6 does not expect here: text in a number or a code, say.

    Numbers may be sent in another form of numbers. A tag that nobody knows expects nothing.
    """
    known = known_vr(tag)
    if known is None or vr == "SQ" or "SQ" in known:
        return known is not None and vr not in known
    kinds = {_kind(one) for one in known.split(" or ")}
    return _kind(vr) not in kinds and not (_kind(vr) in _NUMERIC and kinds & _NUMERIC)


_NUMERIC = {"decimal", "binary"}


def _kind(vr: str) -> str:
    if vr in TEXT_VRS:
        return "text"
    if vr in ("DS", "IS"):
        return "decimal"
    if vr in BYTES_VRS:
        return "bytes"
    return "binary" if vr in NUMBER_VRS else vr


def device_date(tag: int) -> bool:
    """Whether the date of `tag` belongs to a device or a vocabulary and not to the patient's time line."""
    return tag in _DEVICE_DATES


def enumerated(tag: int, value: bytes) -> bool:
    """Whether `value` is one of few that PS3.3 allows at `tag` (C.10.5, C.10.10, C.17.3, C.18)."""
    return value.decode("ascii", "replace").strip(" \0") in _ENUMERATED.get(tag, ())
