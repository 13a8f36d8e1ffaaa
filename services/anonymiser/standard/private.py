"""Private elements that are known to be safe (PS3.15 Section E.3.10), by who wrote them: all others are removed.

Three tables, asked in this order: PS3.15 Table E.3.10-1; data/private_reviewed.csv, our own, which allows and refuses
one element a row and says why; numbers and codes that the curators of TCIA keep. The tables name an element by its
creator, never by the sequence around it: a kept private sequence is kept for what in it is kept.
"""

import csv
import io
import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

_DATA = Path(__file__).parent / "data"
SAFE_FILE = _DATA / "ps3.15_table_e.3.10-1.json"
KNOWLEDGE_BASE_FILE = _DATA / "tcia_private_tags.json"
REVIEWED_FILE = _DATA / "private_reviewed.csv"

Source = Literal["PS3.15 E.3.10", "TCIA", "reviewed"]

_SIZES = {"SS": 2, "US": 2, "FL": 4, "SL": 4, "UL": 4, "AT": 4, "FD": 8, "SV": 8, "UV": 8}
NUMBERS = frozenset(_SIZES) | {"DS", "IS"}
TEXTS = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
DATES = frozenset({"DA", "DT"})
_BYTES = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_KINDS = (NUMBERS, TEXTS, _BYTES)
# How values come that nobody on the way could read: the VR of the tables says what they are.
_UNREAD = frozenset({"UN", "OB", ""})
# Where a table gives no VR, a value may have one of these, which the cleaner can look into.
_READABLE = NUMBERS | TEXTS | DATES | {"CS", "UI"}
_DS = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_IS = re.compile(rb"[-+]?\d+")
_CS = re.compile(rb"[A-Z0-9_ ]{0,16}")
_UI = re.compile(rb"[0-9.]{0,64}")
_LONGEST = 256
"""Bytes of a value with a form; of no VR of these has it more than 64 characters (PS3.5 Table 6.2-1)."""
_FORMS = {"DS": _DS, "IS": _IS, "CS": _CS, "UI": _UI}


@dataclass(frozen=True, slots=True)
class Private:
    """What happens to a private element that stays: 'keep', its UIDs mapped ('uid') or its dates moved ('date').

    `vr`: the VR to read and to write it by, that of the tables where the object has none. `text`: there are words in
    it, to be searched for what identifies. `form`: what every single value has to look like, '' for anything.
    """

    action: Literal["keep", "uid", "date"]
    vr: str
    source: Source
    text: bool = False
    form: str = ""

    def fits(self, value: bytes | memoryview) -> bool:
        """Whether `value` is what the tables expect here: only then it is known to be safe.

        A number may be no text, a code no sentence (PS3.5 Section 6.2), and text with a form must have it. Dates are
        left to whoever moves them; of sequences and bytes nothing is said.
        """
        if size := _SIZES.get(self.vr):
            return len(value) % size == 0
        pattern = re.compile(self.form.encode("ascii")) if self.form else _FORMS.get(self.vr)
        if pattern is None:
            return True
        words = (word.strip(b" \0") for word in bytes(value).split(b"\\"))
        return all(not word or (len(word) <= _LONGEST and pattern.fullmatch(word)) for word in words)


def disposition(creator: str, group: int, element: int, vr: str) -> Private | None:
    """What happens to the private element (group,xx`element`) under `creator`; None: nobody says that it is safe.

    `creator`: as written, in any case and padding. `element`: the low byte of the element number, whatever its block.
    `vr`: as the object says, 'UN' in implicit VR; one of another kind than the tables expect (text for a number) is
    not what they call safe.
    """
    entry = _entries().get((_normal(creator), group << 8 | element & 0xFF))
    found = _agreed(entry.vrs, vr) if entry else None
    if entry is None or found is None:
        return None
    action: Literal["keep", "uid", "date"] = "uid" if found == "UI" else "date" if found in DATES else "keep"
    return Private(action, found, entry.source, text=found in TEXTS or found == "CS", form=entry.form)


@lru_cache(maxsize=4096)
def _normal(creator: str) -> str:
    return " ".join(creator.replace("\0", " ").upper().split())


def _agreed(known: tuple[str, ...], vr: str) -> str | None:
    """The VR of an element that the tables know with the VRs `known`, the likeliest first, and that came as `vr`; None
    if they disagree."""
    if vr in known:
        return vr
    if not known:
        return vr if vr in _READABLE else None
    if vr in _UNREAD:
        return known[0]
    return vr if any(vr in kind and kind.intersection(known) for kind in _KINDS) else None


@dataclass(frozen=True, slots=True)
class _Entry:
    vrs: tuple[str, ...]
    source: Source
    form: str = ""


@cache
def _entries() -> dict[tuple[str, int], _Entry]:
    """All that is safe, by creator and group << 8 | element."""
    reviewed = list(csv.DictReader(io.StringIO(REVIEWED_FILE.read_text(encoding="utf-8"))))
    entries = _generated(KNOWLEDGE_BASE_FILE, "TCIA")
    for row in reviewed:
        key = (_normal(row["creator"]), int(row["group"] + row["element"], 16))
        if row["decision"] == "keep":
            entries[key] = _Entry(tuple(row["vr"].split()), "reviewed", row["form"])
        else:
            entries.pop(key, None)
    return entries | _generated(SAFE_FILE, "PS3.15 E.3.10")


def _generated(path: Path, source: Source) -> dict[tuple[str, int], _Entry]:
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return {
        (_normal(creator), int(group + element, 16)): _Entry(tuple(vrs.split()), source)
        for creator, group, element, vrs, *_ in rows
    }
