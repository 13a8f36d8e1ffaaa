"""What is decided beyond PS3.15 Table E.1-1, because the table trusts senders to write what the standard says."""

from pydicom.datadict import dictionary_is_retired

from services.anonymiser.dataset.tree import Element, known_vr
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, DATE_VRS, NUMBER_VRS, TEXT_VRS
from services.anonymiser.standard.table import table

_URN_CODE_VALUE = 0x00080120
_TEMPORAL_RANGE_TYPES = {b"POINT", b"MULTIPOINT", b"SEGMENT", b"MULTISEGMENT", b"BEGIN", b"END"}
_SECURITY, _IMAGE = 0x0400, 0x0028
# Name whom the table takes out elsewhere: who assigned a number, when somebody was born, which host told the time.
_TELLING = frozenset(
    {0x00080051, 0x00100024, 0x00400026, 0x00400027, 0x00400031, 0x00400032, 0x0040E001}  # assigning authorities
    | {0x00100033, 0x00100034, 0x00100035, 0x00181803}  # birth and death in other calendars, NTP Source Address
)

# Many patients share these dates, or anybody can look them up: moved, they would tell the patient's shift to whoever
# knows the date of a calibration or of a context group. Taking them out is within "C" (PS3.15 Section E.3.6).
_DEVICE_DATES = frozenset(
    {0x00080106, 0x00080107, 0x0040DB06, 0x0040DB07}  # versions of context groups and templates
    | {0x00181200, 0x00181202, 0x00181204, 0x00181205, 0x0018700C}  # calibration, manufacture, installation
    | {0x0014407E, 0x00181203, 0x300A022C, 0x300A022E}  # calibration, strength of a source
    | {0x00120086, 0x00120087, 0x0044000B, 0x0072000A}  # ethics approval, expiry of a product, hanging protocol
)


def drops(element: Element) -> bool:
    """Whether an element goes whatever it says.

    Odd groups; group lengths, which would be wrong afterwards (PS3.5 Section 7.2); command and file meta groups, which
    have no place in a data set; all of an overlay or curve, not only its data (a plane without data is invalid);
    signatures and encrypted originals; trailing padding; dates, addresses and identifiers that the table forgot;
    attributes that no edition of PS3.6 knows or that it has retired, unless they describe pixels.
    """
    tag, group = element.tag, element.group
    if group & 1 or not tag & 0xFFFF or group < 0x0008 or group >= 0xFFFC or group >> 8 in (0x50, 0x60):
        return True
    if table().rule(tag) is not None:
        return False
    if known_vr(tag) is None or group == _SECURITY or tag in _TELLING:
        return True
    if element.vr == "UN" or (element.vr == "UR" and tag != _URN_CODE_VALUE) or element.vr in DATE_VRS:
        return True
    return dictionary_is_retired(tag) and (group != _IMAGE or element.vr in TEXT_VRS)


def wrong_vr(element: Element) -> bool:
    """Whether the VR that was sent gives room to what PS3.6 does not expect here: text in a number, say."""
    known = known_vr(element.tag) or "UN"
    kinds = {_kind(vr) for vr in known.split(" or ")}
    sent = _kind(element.vr)
    return not (sent in kinds or (sent == "code" and "text" in kinds) or (sent != "text" and "binary" in kinds))


def _kind(vr: str) -> str:
    if vr in TEXT_VRS:
        return "text"
    if vr in CODE_VRS:
        return "code"
    return "binary" if vr in NUMBER_VRS | BYTES_VRS else vr


def device_date(tag: int) -> bool:
    """Whether the date of `tag` belongs to a device or a vocabulary and not to the patient's time line."""
    return tag in _DEVICE_DATES


def enumerated(element: Element) -> bool:
    """Whether a value in a dummy item is one of few that PS3.3 allows (Temporal Range Type, C.10.10)."""
    return element.tag == 0x0040A130 and element.content.strip() in _TEMPORAL_RANGE_TYPES
