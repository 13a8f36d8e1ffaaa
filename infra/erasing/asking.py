"""Whom somebody wants erased: rows of a file that hospitals can make (pure)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields

from shared.misconfigured import Misconfigured

_ARRIVAL = re.compile(r"[0-9a-f]{32}")
_UID = re.compile(r"[0-9.]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A patient (`site`, `patient_id`, perhaps `issuer`), all of one study by its original UID, or one arrival."""

    site: str = ""
    patient_id: str = ""
    issuer: str = ""
    study_instance_uid: str = ""
    arrival: str = ""


COLUMNS = tuple(field.name for field in fields(Wanted))


def read_wanted(text: str) -> tuple[Wanted, ...]:
    """CSV with a head line of some of COLUMNS, or an object of them in each line of JSON.

    Raises Misconfigured, which quotes nothing.
    """
    text = text.removeprefix("\ufeff")
    rows = _lines(text) if text.lstrip().startswith("{") else _rows(text)
    wanted = tuple(dict.fromkeys(_wanted(number, row) for number, row in rows))
    if not wanted:
        raise Misconfigured("the file names nobody")
    return wanted


def _lines(text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise Misconfigured(f"line {number} is no object in JSON")
            yield number, row


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    rows = csv.DictReader(io.StringIO(text), restkey="", strict=True)
    try:
        yield from ((number, row) for number, row in enumerate(rows, start=2))
    except csv.Error:
        raise Misconfigured(f"line {rows.line_num} is no CSV") from None


def _wanted(number: int, row: Mapping[str, object]) -> Wanted:
    if not row.keys() <= set(COLUMNS) or not all(isinstance(value, str | None) for value in row.values()):
        raise Misconfigured(f"line {number} has more than {', '.join(COLUMNS)}, each a text")
    found = Wanted(**{name: str(value or "").strip() for name, value in row.items()})
    named = [name for name in ("patient_id", "study_instance_uid", "arrival") if getattr(found, name)]
    if len(named) != 1:
        raise Misconfigured(f"line {number} names not exactly one of patient_id, study_instance_uid, arrival")
    if found.patient_id and not found.site:
        raise Misconfigured(f"line {number} has a patient without a site")
    if found.issuer and not found.patient_id:
        raise Misconfigured(f"line {number} has an issuer without a patient")
    if found.study_instance_uid and not _UID.fullmatch(found.study_instance_uid):
        raise Misconfigured(f"line {number} has a study_instance_uid that is no UID")
    if found.arrival and not _ARRIVAL.fullmatch(found.arrival):
        raise Misconfigured(f"line {number} has an arrival that is no id of ours")
    return found


def counted(wanted: Iterable[Wanted]) -> dict[str, int]:
    """How many of each kind: all that is told of them."""
    kinds = {"patients": "patient_id", "studies": "study_instance_uid", "arrivals": "arrival"}
    rows = list(wanted)
    return {kind: sum(bool(getattr(row, name)) for row in rows) for kind, name in kinds.items()}
