"""Lists of what is to be fetched: study UIDs a line, or a table (CSV) whose heading says what its columns are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from infra.fetching.questions import BadQuestion, Question
from shared.misconfigured import Misconfigured

_COLUMNS = {
    "study": {"studyinstanceuid", "studyuid", "0020000d"},
    "patient_id": {"patientid", "00100020"},
    "accession": {"accessionnumber", "accession", "00080050"},
    "day": {"studydate", "date", "00080020"},
    "modality": {"modality", "modalitiesinstudy", "00080061"},
}
"""Names of columns by what they hold, without case, blanks and punctuation."""
_DAYS = ("%Y%m%d", "%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d")


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: of the line. `question` is None when there is none to be made of it: `trouble` says why."""

    number: int
    question: Question | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`columns`: what each known column of the heading was taken for, to be told."""

    columns: dict[str, str]
    rows: tuple[Row, ...]


def read_list(path: Path) -> Table:
    """Study Instance UIDs, one a line; blank lines and what follows a # do not count. Raises Misconfigured."""
    lines = enumerate(_text(path).splitlines(), start=1)
    told = ((number, line.partition("#")[0].strip()) for number, line in lines)
    return Table({}, tuple(_row(number, {"study": value}) for number, value in told if value))


def read_table(path: Path) -> Table:
    """A CSV with a heading. Raises Misconfigured when there is no column to look for studies by."""
    text = _text(path)
    heading = text.partition("\n")[0]
    delimiter = max(",;\t|", key=heading.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    named = next(rows, [])
    known = _known(named)
    if not {"study", "patient_id", "accession"} & set(known.values()):
        raise Misconfigured(f"{path} has no column StudyInstanceUID, PatientID or AccessionNumber")
    if len(set(known.values())) < len(known):
        raise Misconfigured(f"{path} has two columns for the same")
    return Table({named[place]: meaning for place, meaning in known.items()}, tuple(_rows(rows, known)))


def _known(named: Sequence[str]) -> dict[int, str]:
    """Meaning by place, of the columns that have one."""
    plain = [re.sub(r"[\W_]+", "", name).lower() for name in named]
    return {place: meaning for place, name in enumerate(plain) for meaning, names in _COLUMNS.items() if name in names}


def _rows(rows: Iterator[list[str]], known: dict[int, str]) -> Iterator[Row]:
    for number, cells in enumerate(rows, start=2):
        if any(cell.strip() for cell in cells):
            yield _row(number, {known[place]: cell.strip() for place, cell in enumerate(cells) if place in known})


def _row(number: int, told: dict[str, str]) -> Row:
    """What one row asks for. A study's UID says it all; a patient without a day would be all that he ever had."""
    try:
        if told.get("study"):
            return Row(number, Question(study=told["study"]))
        day = _day(told.get("day", ""))
        if day is None and not told.get("accession"):
            raise BadQuestion("no day, and no accession number")
        named = {name: told.get(name, "") for name in ("patient_id", "accession", "modality")}
        return Row(number, Question(first=day, last=day, **named))
    except BadQuestion as bad:
        return Row(number, None, str(bad))


def _day(text: str) -> date | None:
    if not text:
        return None
    for form in _DAYS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise BadQuestion("a day in no form that we know")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as failed:
        raise Misconfigured(f"{path} cannot be read: {type(failed).__name__}") from None
