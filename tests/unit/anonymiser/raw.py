"""Data sets as bytes, written by hand in every form that the standard allows and in some that it does not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import pack

from services.anonymiser.dataset.reading import syntax_of

UNDEFINED = 0xFFFFFFFF
LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})


@dataclass(frozen=True)
class Form:
    """How elements are written: with their VR or without, in which byte order."""

    implicit: bool = False
    little: bool = True

    def head(self, tag: int, vr: str, length: int) -> bytes:
        order = "<" if self.little else ">"
        if self.implicit:
            return pack(order + "HHL", tag >> 16, tag & 0xFFFF, length)
        if vr in LONG:
            return pack(order + "HH2s2xL", tag >> 16, tag & 0xFFFF, vr.encode(), length)
        return pack(order + "HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), length)

    def mark(self, number: int, length: int = 0) -> bytes:
        return pack("<HHL" if self.little else ">HHL", 0xFFFE, number, length)


IMPLICIT, EXPLICIT, BIG = Form(implicit=True), Form(), Form(little=False)
IMPLICIT_UID, EXPLICIT_UID, BIG_UID = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED_UID, RLE_UID = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
FORMS = {
    "explicit": (EXPLICIT, syntax_of(EXPLICIT_UID)),
    "implicit": (IMPLICIT, syntax_of(IMPLICIT_UID)),
    "big": (BIG, syntax_of(BIG_UID)),
}


@dataclass(frozen=True)
class Value:
    """An element with a value."""

    tag: int
    vr: str
    value: bytes

    def written(self, form: Form) -> bytes:
        return form.head(self.tag, self.vr, len(self.value)) + self.value


@dataclass(frozen=True)
class Fragments:
    """An element of undefined length with fragments."""

    tag: int
    vr: str
    fragments: Sequence[bytes]

    def written(self, form: Form) -> bytes:
        inside = b"".join(form.mark(0xE000, len(fragment)) + fragment for fragment in self.fragments)
        return form.head(self.tag, self.vr, UNDEFINED) + inside + form.mark(0xE0DD)


@dataclass(frozen=True)
class Items:
    """A sequence, `open_` with undefined lengths; as UN its items are in implicit VR (PS3.5 Section 6.2.2)."""

    tag: int
    items: "Sequence[Sequence[Node]]"
    open_: bool = False
    open_items: bool = False
    vr: str = field(default="SQ")

    def written(self, form: Form) -> bytes:
        within = IMPLICIT if self.vr == "UN" else form
        inside = b"".join(self._item(data_set(item, within), within) for item in self.items)
        if self.open_:
            return form.head(self.tag, self.vr, UNDEFINED) + inside + within.mark(0xE0DD)
        return form.head(self.tag, self.vr, len(inside)) + inside

    def _item(self, content: bytes, form: Form) -> bytes:
        if self.open_items:
            return form.mark(0xE000, UNDEFINED) + content + form.mark(0xE00D)
        return form.mark(0xE000, len(content)) + content


Node = Value | Fragments | Items


def data_set(nodes: Sequence[Node], form: Form) -> bytes:
    return b"".join(node.written(form) for node in nodes)
