"""What is to be read in the finished object, gathered in one go; its elements with their places when needed."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.anonymiser.dataset.text import DEFAULT, Encodings, encodings
from services.anonymiser.dataset.tree import Item, word
from services.anonymiser.gate.codes import listed
from services.anonymiser.gate.folding import folded
from services.anonymiser.gate.reading import readings
from services.anonymiser.gate.sources import (
    BY_TAG,
    BY_VR,
    CHARACTER_SET,
    CODE_MEANING,
    CODE_VALUE,
    CODED,
    CODING_SCHEME,
    Kind,
    observed_kind,
)

TEXTS = frozenset({"LO", "SH", "ST", "LT", "UT", "UC", "UR", "PN"})
CODES = frozenset({CODE_VALUE, 0x00080103, 0x00080119, 0x00080120})
"""Values of codes and versions of code systems: they pass for anything; original values are looked for all the same."""
MAX_BULK_BYTES = 2**20
"""Larger values that are no text are pictures, waveforms or tables."""
_PIXEL_GROUP = 0x7FE0
_NESTED, _CODED_TEXT, _CODE = 4, 5, 6
_READ: dict[str, int] = {
    **dict.fromkeys((*TEXTS, "UN"), 0),
    "DA": 1,
    "DT": 1,
    "UI": 2,
    "PN": 3,
    "SQ": _NESTED,
    "CS": _CODE,
    **dict.fromkeys(("SH", "UC", "UR"), _CODED_TEXT),
}
_STANDARD_SCHEMES = frozenset(
    {"DCM", "SCT", "SRT", "SNM3", "LN", "UCUM", "RADLEX", "FMA", "NCIt", "UMLS", "MDC", "BARI"}
)


class Shown:
    """The values of a finished object that people read: `texts`, `dates` (DA and DT), `uids`, `people` (PN), and the
    `character_sets` that its levels declare."""

    __slots__ = ("character_sets", "dates", "people", "texts", "uids")

    def __init__(self, item: Item) -> None:
        self.texts: list[bytes | memoryview] = []
        self.dates: list[bytes | memoryview] = []
        self.uids: list[bytes | memoryview] = []
        self.people: list[bytes | memoryview] = []
        self.character_sets: set[bytes] = set()
        self._gather(item)
        self.texts += self.people

    def _gather(self, item: Item) -> None:
        read, lists = _READ.get, (self.texts, self.dates, self.uids, self.people)
        for element in item:
            which = read(element.vr)
            if which is None:
                continue
            if which < _NESTED:
                if element.value:
                    lists[which].append(element.value)
            elif which == _NESTED:
                for inner in element.items:
                    self._gather(inner)
            elif which == _CODED_TEXT:
                if element.value and element.tag not in CODES:
                    self.texts.append(element.value)
            elif element.tag == CHARACTER_SET:
                self.character_sets.add(element.content)

    def plain(self) -> bytes:
        """The texts one a line: those that are not ASCII as people may read them, folded, in UTF-8."""
        names = encodings(next(iter(self.character_sets), b""))
        return b"\n".join(_plain(value, names) for value in self.texts)


def _plain(value: bytes | memoryview, names: Encodings) -> bytes:
    content = bytes(value)
    if content.isascii() and b"\x1b" not in content:
        return content
    return "\n".join(map(folded, readings(content, names))).encode("utf-8", "replace")


@dataclass(slots=True)
class Spot:
    """An element of the finished object: where, of what kind (None if of none), whether it says that it is a code of a
    standard scheme or its meaning, and whether it is one that PS3.16 lists.

    Not to be changed; it is not frozen because that would make it three times as dear to build.
    """

    way: tuple[int, ...]  # tag, number of the item, tag, ...
    vr: str
    value: bytes
    names: Encodings
    kind: int | None
    standard: bool
    listed: bool = False

    @property
    def tag(self) -> int:
        return self.way[-1]

    @property
    def path(self) -> tuple[int, ...]:
        """The tags only: the same for all items of a sequence."""
        return self.way[::2]

    @property
    def place(self) -> str:
        steps = (f"({t >> 16:04X},{t & 0xFFFF:04X})" if at % 2 == 0 else f"[{t}]" for at, t in enumerate(self.way))
        return "".join(steps)

    @property
    def is_text(self) -> bool:
        return self.vr in TEXTS

    @property
    def is_read(self) -> bool:
        """Whether the detectors of texts read it."""
        return (self.vr in TEXTS or self.vr == "UN") and self.tag not in CODES

    def texts(self) -> tuple[str, ...]:
        return readings(self.value, self.names)


def spots(
    item: Item, names: Encodings = DEFAULT, way: tuple[int, ...] = (), coded: Kind | None = None
) -> Iterator[Spot]:
    """All elements with a value that can be searched, at every depth."""
    scheme, coded_value = word(item, CODING_SCHEME), word(item, CODE_VALUE)
    standard = scheme in _STANDARD_SCHEMES
    for element in item:
        tag, vr, value = element.tag, element.vr, element.value
        if tag == CHARACTER_SET:
            names = encodings(element.content)
        if element.items:
            for number, inner in enumerate(element.items, 1):
                yield from spots(inner, names, (*way, tag, number), CODED.get(tag))
        elif value and tag >> 16 != _PIXEL_GROUP and (len(value) <= MAX_BULK_BYTES or vr in TEXTS):
            kind = BY_TAG.get(tag, BY_VR.get(vr))
            if kind == Kind.OBSERVED:
                kind = observed_kind(item)
            code = tag in (CODE_VALUE, CODE_MEANING)
            kind = coded if code and coded is not None else kind
            known = standard and code and listed(scheme, coded_value, bytes(value).decode("latin-1").strip(" \0"))
            yield Spot((*way, tag), vr, bytes(value), names, kind, standard and code, known)


def all_text(item: Item) -> bytes:
    """The same where items declare character sets of their own."""
    return "\n".join(
        folded(text) for spot in spots(item) if spot.is_read or spot.is_text for text in spot.texts()
    ).encode("utf-8", "replace")
