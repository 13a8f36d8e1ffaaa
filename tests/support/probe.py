"""The probe of PS3.15 Table E.1-1: every row twice, at the top and in a functional group, each with a value of its own.

Written by hand in bytes and read back in bytes: nothing of the product has a say in what is planted or found.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.datadict import dictionary_VR

from tests.unit.anonymiser.raw import BIG, EXPLICIT, IMPLICIT, Form, Items, Node, Value, data_set

STANDARD = Path(__file__).resolve().parents[2] / "services" / "anonymiser" / "standard" / "data"
SYNTAXES = {
    "explicit": (EXPLICIT, "1.2.840.10008.1.2.1"),
    "implicit": (IMPLICIT, "1.2.840.10008.1.2"),
    "big": (BIG, "1.2.840.10008.1.2.2"),
    "deflated": (EXPLICIT, "1.2.840.10008.1.2.1.99"),
}
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
SHARED_GROUPS, FRAME_CONTENT = 0x52009229, 0x00209111
ENCAPSULATED_DOCUMENT = 0x00420011
"""At the top it has the object held, whole."""
TRAILING_PADDING = 0xFFFCFFFC
_CODE_MEANING, _TEXT_VALUE, _REFERENCED_INSTANCE = 0x00080104, 0x0040A160, 0x00081155
# Rows that are younger than pydicom's dictionary, where their names do not tell.
_YOUNGER = {0x0040E012: "UR", 0x3004007F: "LO", 0x00102162: "UC"}


@dataclass(frozen=True)
class Row:
    """A row of Table E.1-1: the tag (of repeating groups one), its VR, its actions by column."""

    name: str
    tag: int
    vr: str
    cells: dict[str, str]

    @property
    def basic(self) -> str:
        return self.cells["basic_profile"]


@dataclass(frozen=True)
class Mark:
    """A value that is nowhere else. `place` and `row`: what was planted with it."""

    value: bytes
    place: str
    row: str


def rows() -> list[Row]:
    """All rows but the one for private attributes."""
    table = json.loads((STANDARD / "ps3.15_table_e.1-1.json").read_text())
    read = (dict(zip(table["columns"], row, strict=True)) for row in table["rows"])
    return [_row(cells) for cells in read if cells["tag"] != "private"]


def _row(cells: dict[str, str]) -> Row:
    tag = int(cells["tag"].replace("50xxxxxx", "50023000").replace("xx", "02"), 16)
    return Row(cells["name"], tag, _vr(tag, cells["name"]), cells)


def _vr(tag: int, name: str) -> str:
    try:
        return dictionary_VR(tag).split(" or ")[0]
    except KeyError:
        by_name = {"Sequence": "SQ", "DateTime": "DT"}
        return _YOUNGER.get(tag) or by_name.get(name.split()[-1], "LO")


def value(number: int, vr: str) -> bytes:
    """A value of that VR, of even length, that no other number has: also as a part of another one."""
    # Never the first of a month, which a date may be cut to.
    day = f"{1911 + number // 324}{1 + number // 27 % 12:02}{2 + number % 27:02}"
    made = {
        "UI": f"2.77.{number}.4711",
        "DA": day,
        "DT": f"{day}1112{number % 60:02}.{number:06}",
        "TM": f"11{number % 60:02}13.{number:06}",
        "AS": f"{number % 900 + 100:03}W",
        "DS": f"77.{number:08}",
        "IS": f"77{number:08}",
        "UR": f"https://qz{number:05}x.example",
    }.get(vr, f"QZ{number:05}X")
    if vr in ("OB", "OW", "OF", "UN", "US", "UL", "SS", "FD", "FL", "AT"):
        return b"\xca\x7a\x1e\x77\xca" + number.to_bytes(3) + b"\xca\x7a\x1e\x77\xca\x7a\x1e\x77"
    padding = "\0" if vr == "UI" else " "
    return (made + padding * (len(made) % 2)).encode()


class Probe:
    """An object with all rows in both places, and what was planted in it."""

    def __init__(self, *, apart: frozenset[int] = frozenset({ENCAPSULATED_DOCUMENT})) -> None:
        """`apart`: rows that are not planted at the top."""
        self.marks: list[Mark] = []
        self.top = [self._planted(row, "top") for row in rows() if row.tag not in apart]
        nested = [self._planted(row, "functional group") for row in rows() if row.tag != TRAILING_PADDING]
        self.nested = sorted(nested, key=lambda node: node.tag)

    def nodes(self) -> list[Node]:
        """The data set, in order of tags."""
        group = Items(SHARED_GROUPS, [[Items(FRAME_CONTENT, [self.nested])]])
        # Without these there is no object, and they are not rows.
        kind = [Value(0x00080016, "UI", even(ENHANCED_MR, "\0")), Value(0x00080060, "CS", b"MR")]
        return sorted([*self.top, *kind, group], key=lambda node: node.tag)

    def file(self, syntax: str) -> bytes:
        """A Part 10 file; `syntax` is a name of SYNTAXES."""
        return part10(self.nodes(), syntax)

    def left(self, raw: bytes) -> list[Mark]:
        """The marks that are still in `raw`."""
        return [mark for mark in self.marks if mark.value.strip(b" \0") in raw]

    def _planted(self, row: Row, place: str) -> Node:
        if row.vr != "SQ":
            return Value(row.tag, row.vr, self._mark(row, row.vr, place))
        reference = Value(_REFERENCED_INSTANCE, "UI", self._mark(row, "UI", place))
        # A sequence of references, with action U, stays: its UIDs are what the row is about.
        if "U" in row.basic:
            return Items(row.tag, [[reference]])
        meaning, text = (Value(tag, vr, self._mark(row, vr, place)) for tag, vr in _WORDS)
        return Items(row.tag, [[meaning, reference, text]])

    def _mark(self, row: Row, vr: str, place: str) -> bytes:
        made = value(len(self.marks), vr)
        self.marks.append(Mark(made, place, row.name))
        return made


_WORDS = ((_CODE_MEANING, "LO"), (_TEXT_VALUE, "UT"))


def even(text: str, padding: str = " ") -> bytes:
    """`text` in ASCII, of even length."""
    return (text + padding * (len(text) % 2)).encode("ascii")


def meta(syntax: str, *extra: Value, sop_class: str = ENHANCED_MR) -> bytes:
    """File meta information (PS3.10 Section 7.1) with `extra` elements of group 0002."""
    own = (
        Value(0x00020001, "OB", b"\0\1"),
        Value(0x00020002, "UI", even(sop_class, "\0")),
        Value(0x00020003, "UI", b"2.77.4711.1\0"),
        Value(0x00020010, "UI", even(syntax, "\0")),
        Value(0x00020012, "UI", b"2.77.4711.2\0"),
    )
    content = data_set(sorted({one.tag: one for one in (*own, *extra)}.values(), key=lambda one: one.tag), EXPLICIT)
    return data_set([Value(0x00020000, "UL", len(content).to_bytes(4, "little"))], EXPLICIT) + content


def part10(
    nodes: Iterable[Node],
    syntax: str,
    *,
    preamble: bytes = bytes(128),
    extra: tuple[Value, ...] = (),
    tail: bytes = b"",
) -> bytes:
    """`nodes` as a file in SYNTAXES[syntax]; `tail` follows the data set, deflated with it."""
    form, uid = SYNTAXES[syntax]
    body = data_set(list(nodes), form) + tail
    return preamble + b"DICM" + meta(uid, *extra) + (deflated(body) if syntax == "deflated" else body)


def deflated(body: bytes) -> bytes:
    """As PS3.5 Section A.5 has it."""
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    result = made.compress(body) + made.flush()
    return result + b"\0" * (len(result) % 2)


def seen(file: bytes) -> bytes:
    """All bytes of a Part 10 file, and the inflated ones of a deflated data set."""
    length = int.from_bytes(file[140:144], "little")
    if even(SYNTAXES["deflated"][1], "\0") not in file[144 : 144 + length]:
        return file
    return file + zlib.decompressobj(-zlib.MAX_WBITS).decompress(file[144 + length :])


def form_of(syntax: str) -> Form:
    """How elements are written in SYNTAXES[syntax]."""
    return SYNTAXES[syntax][0]


def numbered(prefix: str) -> Iterator[str]:
    """Words that occur nowhere else: QZ, `prefix` and a number."""
    number = 0
    while True:
        number += 1
        yield f"QZ{prefix}{number:04}"
