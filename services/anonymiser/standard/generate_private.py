"""Makes the tables of safe private elements in data/ from two CSV files.

    python -m services.anonymiser.standard.generate_private E.3.10-1.CSV EDITION TCIA.CSV EDITION [FOLDER]

The first has the columns of PS3.15 Table E.3.10-1. The second is the private tag knowledge base of The Cancer Imaging
Archive: element_sig_pattern, tag_name, vr, private_disposition. Of it only numbers and codes are taken that every row
keeps; how many rows were left out, and why, stands in the file. Of several VRs the one of pydicom's private dictionary
comes first. One row per line.
"""

import csv
import hashlib
import io
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pydicom._private_dict import private_dictionaries

from services.anonymiser.standard.generate_table import NOTICE
from services.anonymiser.standard.private import KNOWLEDGE_BASE_FILE, NUMBERS, SAFE_FILE

SAFE_SOURCE = "DICOM PS3.15 Table E.3.10-1, Safe Private Attributes"
SAFE_COLUMNS = ["tag", "private_creator", "vr", "vm", "meaning"]
TCIA_SOURCE = "The Cancer Imaging Archive, private tag knowledge base"
TCIA_NOTICE = (
    "As distributed in https://github.com/MIC-DKFZ/miccai2024_midi-b-submission under the Apache License 2.0, whose "
    "text is the LICENSE of this project. Changed: only elements with a numeric or CS value and the disposition k."
)
TCIA_COLUMNS = ["element_sig_pattern", "tag_name", "vr", "private_disposition"]
NOT_KEPT = "not k"
TCIA_VRS = (NUMBERS - {"AT"}) | {"CS"}

Key = tuple[str, str, str]
"""Creator in capitals, group and low byte of the element in hexadecimal digits."""

_DICTIONARY = {" ".join(creator.upper().split()): tags for creator, tags in private_dictionaries.items()}
_SAFE_TAG = re.compile(r"\(([0-9A-Fa-f]{4}),xx([0-9A-Fa-f]{2})\)")
# A path: (0008,1111) or (0019,"SIEMENS MR HEADER",0c), the quotes at times only behind the creator, with [<0>] where a
# sequence is entered.
_PATH = re.compile(r"(?:\([0-9a-fA-F]{4},[^()]*\)(?:\[<\d+>\])?)+")
_LAST_STEP = re.compile(r"\(([0-9a-fA-F]{4}),(?:([^()]*),)?([0-9a-fA-F]{2}|[0-9a-fA-F]{4})\)(?:\[<\d+>\])?$")
# Stand for creators that nobody knew.
_NO_CREATOR = re.compile(r"|unnamed private block - ..|implementor_id\d+|[0-9a-f]{4},.*", re.IGNORECASE)


def safe_table(csv_bytes: bytes, edition: str) -> str:
    """The text of the file for Table E.3.10-1. Raises ValueError for a row that is not understood."""
    header, *rows = csv.reader(io.StringIO(csv_bytes.decode("utf-8-sig")))
    if header != SAFE_COLUMNS:
        raise ValueError("these are not the columns of Table E.3.10-1")
    head = {"source": SAFE_SOURCE, "edition": edition, "sha256": _digest(csv_bytes), "notice": NOTICE}
    head["columns"] = "creator, group, element, VRs, VM, meaning"
    return _text(head, (_safe_row(*row) for row in rows))


def _safe_row(tag: str, creator: str, vr: str, vm: str, meaning: str) -> tuple[str, ...]:
    match = _SAFE_TAG.fullmatch(tag)
    if not match or not re.fullmatch(r"|[A-Z]{2}(/[A-Z]{2})?", vr):
        raise ValueError(f"not a row of Table E.3.10-1: {tag} {vr}")
    return creator, match[1].upper(), match[2].upper(), vr.replace("/", " "), vm, meaning


def knowledge_base(csv_bytes: bytes, edition: str) -> str:
    """The text of the file for the knowledge base. Raises ValueError if it is another table."""
    header, *rows = csv.reader(io.StringIO(csv_bytes.decode("utf-8-sig")))
    if header != TCIA_COLUMNS:
        raise ValueError("these are not the columns of the knowledge base")
    judged = [_judged(row) for row in rows]
    contradicted = {(one.key, one.vr) for one in judged if one.reason == NOT_KEPT}
    names: defaultdict[Key, dict[str, str]] = defaultdict(dict)
    left_out: Counter[str] = Counter()
    for one in judged:
        reason = one.reason or ("contradicted" if (one.key, one.vr) in contradicted else "")
        if reason:
            left_out[reason] += 1
        else:
            names[one.key].setdefault(one.vr, one.name)
    head: dict[str, object] = {"source": TCIA_SOURCE, "edition": edition, "sha256": _digest(csv_bytes)}
    head |= {"notice": TCIA_NOTICE, "rows_read": len(rows), "rows_left_out": dict(sorted(left_out.items()))}
    head["columns"] = "creator, group, element, VRs, name"
    return _text(head, ((*key, _likeliest_first(key, vrs), min(vrs.values())) for key, vrs in sorted(names.items())))


def _likeliest_first(key: Key, vrs: Iterable[str]) -> str:
    creator, group, element = key
    known = _DICTIONARY.get(creator, {}).get(f"{group}xx{element}", ("",))[0]
    return " ".join(sorted(vrs, key=lambda vr: (vr != known, vr)))


class _Judged(NamedTuple):
    """A row of the knowledge base, and why it is left out ('' if it is not)."""

    key: Key = ("", "", "")
    vr: str = ""
    name: str = ""
    reason: str = ""


def _judged(row: Sequence[str]) -> _Judged:
    step = _LAST_STEP.search(row[0].strip()) if len(row) == len(TCIA_COLUMNS) else None
    if step is None or not _PATH.fullmatch(row[0].strip()):
        return _Judged(reason="not understood")
    group, creator, element = step.groups()
    if creator is None:
        return _Judged(reason="standard attribute" if len(element) == 4 else "not understood")
    name, vr, verdict = (cell.strip() for cell in row[1:])
    name = name.rpartition(":")[2]
    creator = " ".join(creator.strip(' "').upper().split())
    return _Judged((creator, group.upper(), element.upper()), vr, name, _reason(creator, vr, name, verdict))


def _reason(creator: str, vr: str, name: str, verdict: str) -> str:
    if vr not in TCIA_VRS:
        return "neither number nor code"
    if verdict != "k":
        return NOT_KEPT
    if _NO_CREATOR.fullmatch(creator):
        return "no creator"
    return "no name" if name in ("", "Unknown") else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _text(head: dict[str, object] | dict[str, str], rows: Iterable[Sequence[str]]) -> str:
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'{json.dumps(head, indent=1)[:-2]},\n "rows": [\n{lines}\n]\n}}\n'


def main(arguments: list[str]) -> int:
    """Exit status 0 when the files are written, 2 for bad usage."""
    if len(arguments) not in (4, 5):
        sys.stderr.write(__doc__ or "")
        return 2
    safe, safe_edition, tcia, tcia_edition = arguments[:4]
    folder = Path(arguments[4]) if len(arguments) == 5 else SAFE_FILE.parent
    (folder / SAFE_FILE.name).write_text(safe_table(Path(safe).read_bytes(), safe_edition), encoding="utf-8")
    (folder / KNOWLEDGE_BASE_FILE.name).write_text(
        knowledge_base(Path(tcia).read_bytes(), tcia_edition), encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
