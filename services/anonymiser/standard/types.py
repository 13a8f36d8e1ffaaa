"""What PS3.3 demands of an attribute in the IOD at hand: its type, which decides what may happen to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

TYPES_FILE = Path(__file__).parent / "data" / "ps3.3_attribute_types.json"
STRICTEST_FIRST = ("1", "1C", "2", "2C", "3")
Content = Mapping[int, tuple[str, str]]
"""Attributes of a module or of an item: type, and name of the macro that tells what items of a sequence hold."""


@lru_cache(maxsize=16384)
def attribute_type(sop_class: str, path: tuple[int, ...]) -> str | None:
    """'1', '1C', '2', '2C' or '3' (PS3.5 Section 7.4) of the attribute at `path` in an object of `sop_class`.

    `path`: tags (group << 16 | element) of the enclosing sequences, outermost first, and of the attribute itself.
    Every module of the IOD counts as present, optional ones too: what is there was likely put there by the module that
    names it, and of several modules that name one attribute the strictest type is valid for all. The same for
    functional group macros, in Shared and in Per-frame Functional Groups.

    At the top level an attribute that no module names has type 3: it makes a Standard Extended SOP Class (PS3.2). None
    when it cannot be told: SOP class or enclosing sequence unknown, or an attribute of an item that no macro names,
    because the source does not follow every macro to its end.
    """
    *sequences, tag = map(_of_first_group, path)
    found = [content[tag][0] for content in _contents(sop_class, tuple(sequences)) if tag in content]
    if found:
        return min(found, key=STRICTEST_FIRST.index)
    return "3" if not sequences and sop_class in _tables().complete else None


def _of_first_group(tag: int) -> int:
    """Overlays (60xx) stand in the tables under their first group."""
    return tag & 0xFF00FFFF if tag >> 24 == 0x60 else tag


@lru_cache(maxsize=4096)
def _contents(sop_class: str, sequences: tuple[int, ...]) -> tuple[Content, ...]:
    """What each module of the IOD says of items at `sequences`; nothing if none knows them."""
    tables = _tables()
    if not sequences:
        return tuple(tables.modules[module] for module in tables.iod(sop_class))
    *outer, sequence = sequences
    entries = (content.get(sequence) for content in _contents(sop_class, tuple(outer)))
    found = tuple(tables.macros[entry[1]] for entry in entries if entry and entry[1])
    if not found and sequence in outer:  # a sequence in itself, as in content trees: its items hold the same
        return _contents(sop_class, tuple(outer[: outer.index(sequence) + 1]))
    return found


@dataclass(frozen=True, slots=True)
class _Tables:
    sop_classes: dict[str, str]
    iods: dict[str, tuple[str, ...]]
    modules: dict[str, Content]
    macros: dict[str, Content]
    complete: frozenset[str]

    @classmethod
    def parsed(cls, text: str) -> Self:
        """The tables as services.anonymiser.standard.generate_types writes them."""
        file: dict[str, Any] = json.loads(text)
        return cls(
            file["sop_classes"],
            {iod: tuple(m for m in names.split() if m in file["modules"]) for iod, names in file["iods"].items()},
            {name: _content(entries) for name, entries in file["modules"].items()},
            {name: _content(entries) for name, entries in file["macros"].items()},
            frozenset(uid for uid, iod in file["sop_classes"].items() if iod not in file["incomplete"]),
        )

    def iod(self, sop_class: str) -> tuple[str, ...]:
        """The modules of the IOD of a SOP class, none if it is unknown."""
        return self.iods.get(self.sop_classes.get(sop_class, ""), ())


def _content(entries: dict[str, str]) -> Content:
    pairs = ((tag, entry.partition(" ")) for tag, entry in entries.items())
    return {int(tag, 16): (type_, macro) for tag, (type_, _, macro) in pairs}


@cache
def _tables() -> _Tables:
    return _Tables.parsed(TYPES_FILE.read_text(encoding="utf-8"))
