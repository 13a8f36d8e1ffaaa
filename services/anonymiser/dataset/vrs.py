"""Kinds of value representations (PS3.5 Section 6.2), and those that a tag implies where none is written."""

from services.anonymiser.dataset.tree import known_vr

TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", "AE"})
CODE_VRS = frozenset({"AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})
NUMBER_VRS = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
BYTES_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
DATE_VRS = frozenset({"DA", "DT", "TM"})
LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
"""Written with a length of 32 bits in explicit VR (PS3.5 Section 7.1.2)."""
VRS = TEXT_VRS | CODE_VRS | NUMBER_VRS | BYTES_VRS | {"SQ"}
US_OR_SS = "US or SS"


def implied_vr(tag: int) -> str:
    """The VR of an element that was sent without one: two letters, or US_OR_SS, which (0028,0103) decides.

    UN for private elements, whose creators are LO (PS3.5 Section 7.8.1), and for what PS3.6 does not know.
    """
    if not tag & 0xFFFF:
        return "UL"
    if tag & 0x10000:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    known = known_vr(tag) or "UN"
    return "OW" if " or " in known and known != US_OR_SS else known


def may_be_bulk(tag: int) -> bool:
    """Whether a large value of bytes is expected here. Text that somebody sent as OB is no bulk."""
    known = known_vr(tag)
    return known is None or any(vr in BYTES_VRS for vr in known.split(" or "))
