"""PS3.15 Table E.1-1 as one question: what happens to this attribute?

Profile: Basic Application Level Confidentiality with the option Retain Longitudinal Temporal Information With
Modified Dates (PS3.15 Sections E.2 and E.3.6).
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

TABLE_FILE = Path(__file__).parent / "data" / "ps3.15_table_e.1-1.json"
OPTION = "retain_longitudinal_modified_dates"


class Action(StrEnum):
    """What PS3.15 Table E.1-1a calls X, Z, D and U."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `modified` says that the option moves a date here instead (its column says C)."""

    action: Action
    modified: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """All rows; attributes of repeating groups stand under the pattern of the standard, as in '60xx3000'."""

    edition: str
    digest: str
    rules: dict[str, Rule]

    def rule(self, tag: int) -> Rule | None:
        """The row for `tag` (group << 16 | element), None if the table does not name it."""
        if tag >> 16 & 1:
            return self.rules["private"]
        name = f"{tag:08X}"
        if rule := self.rules.get(name):
            return rule
        if name[:2] == "50":
            return self.rules["50xxxxxx"]
        return self.rules.get(f"{name[:2]}xx{name[4:]}") if name[:2] == "60" else None


def resolved(codes: str) -> Action:
    """The action for a basic profile entry; of a compound one the strictest that is valid for every type.

    A compound code leaves the choice to the type of the attribute in its IOD: D is valid for types 1, 2 and 3, Z for
    2 and 3, X for 3 only (PS3.15 Section E.1.1), so without knowing the IOD the order is D, Z, X. X/Z/U* stands
    only at sequences of references and allows to keep them when the instance UIDs inside are replaced: that is valid
    for every type, leaves nothing of the original, and an image still finds its source, so U.
    """
    choices = codes.rstrip("*").split("/")
    return next(Action(code) for code in ("U", "D", "Z", "X") if code in choices)


def parsed(text: str) -> Table:
    """The table in `text`, as services.anonymiser.standard.generate_table writes it."""
    content: dict[str, Any] = json.loads(text)
    rows = (dict(zip(content["columns"], row, strict=True)) for row in content["rows"])
    rules = {row["tag"]: Rule(resolved(row["basic_profile"]), modified=row[OPTION] == "C") for row in rows}
    return Table(content["edition"], hashlib.sha256(text.encode()).hexdigest(), rules)


@cache
def table() -> Table:
    """The table of this revision of the software."""
    return parsed(TABLE_FILE.read_text(encoding="utf-8"))
