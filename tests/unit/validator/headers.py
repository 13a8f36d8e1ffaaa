"""Headers to check: a small correct CT image, changed by the test."""

from typing import Any

from services.validator.checks import Reference, Verdict, validate
from shared.events import BulkElement

NATIVE = "1.2.840.10008.1.2.1"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
RLE = "1.2.840.10008.1.2.5"
MPEG_4 = "1.2.840.10008.1.2.4.102"
CT = "1.2.840.10008.5.1.4.1.1.2"
CR = "1.2.840.10008.5.1.4.1.1.1"
SC = "1.2.840.10008.5.1.4.1.1.7"
SR = "1.2.840.10008.5.1.4.1.1.88.11"
RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
COLOR_PALETTE = "1.2.840.10008.5.1.4.39.1"

_CT: dict[str, tuple[str, list[Any]]] = {
    "00080016": ("UI", [CT]),
    "00080018": ("UI", ["2.25.3"]),
    "00080020": ("DA", []),
    "00080030": ("TM", []),
    "00080050": ("SH", []),
    "00080060": ("CS", ["CT"]),
    "00080090": ("PN", []),
    "00100010": ("PN", [{"Alphabetic": "iso-1"}]),
    "00100020": ("LO", ["iso-1"]),
    "00100030": ("DA", []),
    "00100040": ("CS", []),
    "0020000D": ("UI", ["2.25.1"]),
    "0020000E": ("UI", ["2.25.2"]),
    "00200010": ("SH", []),
    "00200011": ("IS", [1]),
    "00200013": ("IS", ["1"]),
    "00280002": ("US", [1]),
    "00280004": ("CS", ["MONOCHROME2"]),
    "00280010": ("US", [4]),
    "00280011": ("US", [5]),
    "00280100": ("US", [16]),
    "00280101": ("US", [12]),
    "00280102": ("US", [11]),
    "00280103": ("US", [0]),
}
_VRS = {"00280006": "US", "00280008": "IS"}


def header(**changes: Any) -> dict[str, Any]:
    """The CT header; `t00280008=3` sets an element's value, `t00280008=None` takes the element away."""
    made: dict[str, Any] = {tag: {"vr": vr, "Value": list(value)} for tag, (vr, value) in _CT.items()}
    for name, value in changes.items():
        tag = name[1:]
        if value is None:
            del made[tag]
        elif isinstance(value, dict):
            made[tag] = value
        else:
            made[tag] = {"vr": _CT[tag][0] if tag in _CT else _VRS.get(tag, "UI"), "Value": [value]}
    return made


def native(length: int, tag: str = "7FE00010") -> tuple[BulkElement, ...]:
    return (BulkElement(tag=tag, vr="OW", length=length),)


def encapsulated(fragments: int, length: int = 100) -> tuple[BulkElement, ...]:
    return (BulkElement(tag="7FE00010", vr="OB", length=length, encapsulated=True, fragments=fragments),)


def verdict(
    made: dict[str, Any],
    bulk: tuple[BulkElement, ...] | None = None,
    syntax: str = NATIVE,
    sop_class: str | None = None,
) -> Verdict:
    """The verdict where the event agrees with the header on the SOP class."""
    if sop_class is None:
        sop_class = CT
        element = made.get("00080016")
        if isinstance(element, dict) and isinstance(element.get("Value"), list) and element["Value"]:
            sop_class = str(element["Value"][0])
    return validate(
        made, native(40) if bulk is None else bulk, Reference(sop_class, "2.25.3", "2.25.1", "2.25.2", syntax)
    )


def told(found: Verdict) -> set[tuple[str, str | None]]:
    return {(finding.code, finding.tag) for finding in found.findings}
