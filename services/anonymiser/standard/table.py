"""PS3.15 Table E.1-1 as one question: what happens to this attribute, by the basic profile and by each option?"""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

TABLE_FILE = Path(__file__).parent / "data" / "ps3.15_table_e.1-1.json"
_PRIVATE = "private"


class Action(StrEnum):
    """What PS3.15 Table E.1-1a calls X, Z, D and U."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is written.

    `tag_pattern`: '00080050', '60xx3000', '50xxxxxx' or 'private'. `basic`: the action codes of the basic profile, as
    in 'X/Z/D', see `compound`. `options`: for each option of Section E.3 that has its own action here, its code: K or C
    (Table E.1-1a), by the name of the column, as in {'retain_uids': 'K'}.
    """

    tag_pattern: str
    name: str
    basic: str
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """All rows; attributes of repeating groups stand under the pattern of the standard, as in '60xx3000'."""

    edition: str
    rows: dict[str, Row]

    def row(self, tag: int) -> Row | None:
        """The row for `tag` (group << 16 | element), None if the table does not name it."""
        return self.rows.get(_pattern(tag))


def _pattern(tag: int) -> str:
    """How the table writes a tag of a private or a repeating group; other tags as they are."""
    if tag & 0x10000:
        return _PRIVATE
    group = tag >> 24
    if group == 0x50:
        return "50xxxxxx"
    return f"60xx{tag & 0xFFFF:04X}" if group == 0x60 else f"{tag:08X}"


# By type of the attribute, the codes in the order in which they are wanted where a row offers them.
_WANTED = {"1": "DUZX", "1C": "DUZX", "2": "ZDUX", "2C": "ZDUX", "3": "XZDU"}
_VALID_FOR_ALL = "UDZX"


def compound(codes: str, attribute_type: str | None) -> Action:
    """The action for a basic profile entry at an attribute of this type ('1', '1C', '2', '2C', '3').

    PS3.15 Table E.1-1a: in Z/D, X/Z, X/D, X/Z/D and X/Z/U* the first code, unless one behind it is required to keep the
    IOD valid: type 3 may go (X), type 2 may be empty (Z), type 1 needs a value (D, or U for a sequence of references,
    which keeps it and replaces the UIDs in it). Only what the codes offer is chosen, the nearest that is valid: for
    X/D at type 2 it is D; X/Z at type 1 gives Z, which Table E.1-1a lets a dummy stand for.
    Of an unknown type (None) the strictest counts: U, D, Z, X.
    """
    offered = codes.rstrip("*").split("/")
    wanted = _VALID_FOR_ALL if attribute_type is None else _WANTED[attribute_type]
    return next(Action(code) for code in wanted if code in offered)


def parsed(text: str) -> Table:
    """The table in `text`, as services.anonymiser.standard.generate_table writes it."""
    content: dict[str, Any] = json.loads(text)
    rows = [_row(dict(zip(content["columns"], row, strict=True))) for row in content["rows"]]
    return Table(content["edition"], {row.tag_pattern: row for row in rows})


def _row(cells: dict[str, str]) -> Row:
    tag, name, basic = cells.pop("tag"), cells.pop("name"), cells.pop("basic_profile")
    del cells["retired"], cells["in_standard_iod"]
    return Row(tag, name, basic, {option: code for option, code in cells.items() if code})


@cache
def table() -> Table:
    """The table of this revision of the software."""
    return parsed(TABLE_FILE.read_text(encoding="utf-8"))
