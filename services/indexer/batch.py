"""Many rows as few: one per key, as the tables would hold them after writing each by itself."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from services.indexer.rows import Candidate, Instance, Journey, Patient, Picture, Series, Study

Row = TypeVar("Row", Patient, Study, Series)


def claims(candidates: Iterable[Candidate]) -> list[Instance]:
    """One instance per SOP Instance UID: the first claims it."""
    found: dict[str, Instance] = {}
    for candidate in candidates:
        found.setdefault(candidate.instance.sop_instance_uid, candidate.instance)
    return list(found.values())


def patients(candidates: Iterable[Candidate]) -> list[Patient]:
    """One row per patient, each column the first value that there is."""
    return _filled((item.patient for item in candidates), lambda row: (row.project, row.patient_id))


def studies(candidates: Iterable[Candidate]) -> list[Study]:
    """One row per study, each column the first value that there is."""
    return _filled((item.study for item in candidates), lambda row: row.study_instance_uid)


def series(candidates: Iterable[Candidate]) -> list[Series]:
    """One row per series, each column the first value that there is."""
    return _filled((item.series for item in candidates), lambda row: (row.study_instance_uid, row.series_instance_uid))


def pictures(rows: Iterable[Picture]) -> list[Picture]:
    """One row per digest: the first, unless a later one says something else."""
    found: dict[str, Picture] = {}
    for row in rows:
        earlier = found.setdefault(row.digest, row)
        if row.at > earlier.at and row._replace(at=earlier.at) != earlier:
            found[row.digest] = row
    return list(found.values())


def journeys(rows: Iterable[Journey]) -> list[Journey]:
    """One row per arrival and step: the first, unless a later one has another end."""
    found: dict[tuple[str, str], Journey] = {}
    for row in rows:
        earlier = found.setdefault((row.arrival, row.step), row)
        if row.at > earlier.at and (row.outcome, row.reason) != (earlier.outcome, earlier.reason):
            found[row.arrival, row.step] = row
    return list(found.values())


def _filled(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> list[Row]:
    found: dict[Hashable, Row] = {}
    for row in rows:
        earlier = found.setdefault(key(row), row)
        missing: dict[str, Any] = {
            name: new for name, old, new in zip(row._fields, earlier, row, strict=True) if old is None
        }
        found[key(row)] = earlier._replace(**missing)
    return list(found.values())
