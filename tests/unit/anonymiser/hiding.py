"""Where values hide that no row of Table E.1-1 names, as objects written by hand."""

from collections.abc import Sequence
from typing import Literal

from services.anonymiser.engine import Cleaned, Verdict
from shared.outcome import Reason
from tests.support.probe import ENHANCED_MR, FRAME_CONTENT, SHARED_GROUPS, even, seen
from tests.unit.anonymiser.building import verdict
from tests.unit.anonymiser.raw import IMPLICIT, Items, Node, Value, data_set

WORD = b"QZKANARI"
"""The patient's name and ID, and whatever is hidden."""


def identified(nodes: Sequence[Node]) -> list[Node]:
    """An object with `nodes`, and WORD as its patient's name and ID."""
    common = (
        Value(0x00080016, "UI", even(ENHANCED_MR, "\0")),
        Value(0x00080018, "UI", b"2.77.4711.1\0"),
        Value(0x00080060, "CS", b"MR"),
        Value(0x00100010, "PN", WORD + b"^JANEIRA"),
        Value(0x00100020, "LO", WORD),
        Value(0x0020000D, "UI", b"2.77.4711.3\0"),
        Value(0x0020000E, "UI", b"2.77.4711.4\0"),
    )
    return sorted({node.tag: node for node in (*common, *nodes)}.values(), key=lambda node: node.tag)


def nested(*nodes: Node) -> Items:
    return Items(SHARED_GROUPS, [[Items(FRAME_CONTENT, [list(nodes)])]])


def long(tag: int, vr: str = "LO") -> Value:
    return Value(tag, vr, WORD)


CODE = [Value(0x00080100, "SH", WORD), Value(0x00080102, "SH", b"99" + WORD), Value(0x00080104, "LO", WORD)]
ICON = [
    Value(0x00280002, "US", b"\1\0"),
    Value(0x00280004, "CS", b"MONOCHROME2 "),
    Value(0x00280010, "US", b"\2\0"),
    Value(0x00280011, "US", b"\4\0"),
    Value(0x00280100, "US", b"\x08\0"),
    Value(0x7FE00010, "OW", WORD),
]
ORIGINALS = Items(
    0x04000561,
    [
        [
            Items(0x04000550, [[Value(0x00100010, "PN", WORD), Value(0x00080050, "SH", WORD)]]),
            Value(0x04000563, "LO", WORD),
            Value(0x04000564, "LO", WORD),
        ]
    ],
)
SIGNATURE = Items(
    0xFFFAFFFA,
    [
        [
            Value(0x04000100, "UI", b"2.77.9.9"),
            Value(0x04000115, "OB", WORD),
            Value(0x04000120, "OB", WORD),
            Value(0x04000310, "OB", WORD),
        ]
    ],
)
WAVES = Items(0x54000100, [[Value(0x003A0204, "IS", b"1 "), Value(0x54001010, "OW", WORD)]])
HIDING: dict[str, list[Node]] = {
    "command": [long(0x00000902), Value(0x00001001, "UI", b"2.77.9.1"), Value(0x00004000, "AE", WORD)],
    "a DICOMDIR": [Value(0x00041130, "CS", WORD), Value(0x00041220, "UN", WORD)],
    "curves": [long(0x50000022), long(0x50020022), long(0x501E2500, "LO"), Value(0x50043000, "OW", WORD)],
    "overlays": [long(0x60020022), long(0x601E1500), Value(0x60044000, "LT", WORD), Value(0x60063000, "OW", WORD)],
    "overlay, nested": [nested(long(0x60000022), Value(0x60003000, "OW", WORD), long(0x50003000, "OB"))],
    "private": [Value(0x00090010, "LO", b"ACME"), long(0x00091001), long(0x00091002, "OB"), long(0x00091003, "UN")],
    "private, the creator": [long(0x00090010), long(0x00091001)],
    "private, no creator": [long(0x00091001), long(0x00110110), long(0x00130001, "SH")],
    "private, a creator that is safe elsewhere": [
        Value(0x20050010, "LO", b"Philips MR Imaging DD 001 "),
        long(0x20051001, "FL"),
        long(0x2005100E, "LO"),
    ],
    "private, nested": [nested(Value(0x00290010, "LO", b"SIEMENS CSA HEADER"), long(0x00291010, "OB"))],
    "a private sequence": [
        Value(0x00090010, "LO", b"ACME"),
        Items(0x00091004, [[long(0x00080104), Items(0x00400275, [[long(0x00400007)]])]]),
    ],
    "group lengths": [long(0x00080000, "UL"), long(0x00100000, "UL"), long(0x00280000, "LO")],
    "UN with a known tag": [Value(0x00100010, "UN", WORD), long(0x00081030, "UN"), long(0x00180087, "UN")],
    "a sequence in UN that is none": [Value(0x00400275, "UN", data_set([long(0x00400007)], IMPLICIT))],
    "UN with items": [Items(0x00081110, [[long(0x00081155, "UI"), long(0x00080104)]], vr="UN")],
    "a tag that no edition knows": [long(0x0008FFF0), long(0x0028FFF0, "UT"), Items(0x0040FFF0, [[long(0x00100010)]])],
    "a name where a number belongs": [long(0x00280010), long(0x00180050, "DS"), long(0x00200013, "IS")],
    "a name where a code belongs": [long(0x00080060, "CS"), long(0x00185100, "CS"), long(0x00280004, "CS")],
    "a name where a UID belongs": [long(0x00081150, "UI"), long(0x00200052, "UI"), long(0x0008010C, "UI")],
    "a name where a date belongs": [long(0x00080020, "DA"), long(0x00080030, "TM"), long(0x0008002A, "DT")],
    "a name as bytes": [long(0x00281201, "OW"), long(0x00282000, "OB"), long(0x00420013, "OB")],
    "an icon": [Items(0x00880200, [ICON])],
    "an icon, nested": [nested(Items(0x00880200, [ICON]), Items(0x00091199, [ICON]))],
    "original attributes": [ORIGINALS],
    "original attributes, nested": [nested(ORIGINALS)],
    "digital signatures": [Items(0x4FFE0001, [[long(0x04000015, "CS")]]), SIGNATURE],
    "encrypted attributes": [Items(0x04000500, [[Value(0x04000510, "UI", b"1.2.3.4 "), long(0x04000520, "OB")]])],
    "padding": [long(0xFFFCFFFC, "OB")],
    "padding, nested": [nested(long(0xFFFCFFFC, "OB"))],
    "several values": [
        Value(0x00101001, "PN", b"Roe^Jane\\" + WORD + b"\\"),
        Value(0x00080060, "CS", b"MR\\" + WORD + b" "),
        Value(0x00081090, "LO", b"Trio\\" + WORD + b"\\Quartett "),
        Value(0x00200052, "UI", b"1.2\\2.77.9\\" + WORD + b"\0"),
        Value(0x00080020, "DA", b"20240102\\" + WORD + b" "),
    ],
    "each component group": [
        Value(0x00080090, "PN", WORD + b"^A=" + WORD + b"^B=" + WORD + b"^C"),
        Value(0x00142006, "PN", b"=" + WORD + b" "),
        Value(0x00081090, "LO", b"==" + WORD),
    ],
    "codes of one's own": [Items(0x00082228, [CODE]), Items(0x0040A043, [CODE]), nested(Items(0x00400008, [CODE]))],
    "addresses of the network": [long(0x00080054, "AE"), Value(0x00081190, "UR", b"https://" + WORD + b".example")],
    "a waveform": [WAVES],
    "a retired text": [long(0x00080010, "SH"), long(0x00204000, "LT"), long(0x40004000, "LT"), long(0x00384000, "LT")],
    "an identifier behind an identifier": [long(0x00400027, "SH"), long(0x0040E001, "ST"), long(0x00100024, "SQ")],
}


# What the engine takes for a code, a number or bulk is left to the gate, which sees the name in it.
NOT_CLEANED = {
    "a name as bytes": Reason.RESIDUAL_IDENTITY,
    "a waveform": Reason.ENCAPSULATED_DOCUMENT,
    "a sequence in UN that is none": Reason.UNDECODABLE,
}
# Without a VR in the file it is a number of the right length.
NOT_CLEANED_IMPLICIT = {"a name where a number belongs": Reason.RESIDUAL_IDENTITY}


def gone(file: bytes) -> Verdict:
    """The verdict on `file`; if it lets an object through, WORD is not in that, in capital or small letters."""
    result = verdict(file, "basic")
    if isinstance(result, Cleaned):
        raw = seen(result.part10)
        assert WORD not in raw.upper()
        assert WORD.decode() not in str(result.header).upper()
        assert b"2.77." not in raw
    return result


def picture(syntax: str) -> list[Node]:
    """What describes two rows of four grey pixels of 8 bits, straight from a detector."""
    numbers = {0x00280002: 1, 0x00280010: 2, 0x00280011: 4, 0x00280100: 8, 0x00280101: 8, 0x00280102: 7, 0x00280103: 0}
    order: Literal["big", "little"] = "big" if syntax == "big" else "little"
    return [
        Value(0x00080008, "CS", b"ORIGINAL\\PRIMARY"),
        Value(0x00280004, "CS", b"MONOCHROME2 "),
        *(Value(tag, "US", number.to_bytes(2, order)) for tag, number in numbers.items()),
    ]
