"""The books: where every file ended, and whether the sums agree. Values in, a report out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from infra.demo.facts import Facts, Origin, Way

Handover = Literal["not_dicom", "not_sent", "refused", "accepted"]

BEFORE = ("not_dicom", "not_sent", "refused", "duplicates")
"""Ends of files that did not become an arrival."""

AFTER = ("clean", "quarantined", "rejected", "dead_lettered", "in_flight")
"""Ends of arrivals."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What the driver knows of one file: how handing it over went."""

    path: str
    handover: Handover
    reason: str | None = None
    site: str | None = None
    digest: str | None = None

    @property
    def origin(self) -> Origin | None:
        return (self.site, self.digest) if self.site and self.digest else None


@dataclass(frozen=True, slots=True)
class Witness:
    """What database and store themselves say: arrivals in the index, keys of objects that are really there."""

    indexed: frozenset[str] = frozenset()
    clean: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FileEnd:
    """Where one file ended. `outcome` is the name of the count that it is part of, or `lost`."""

    path: str
    outcome: str
    reason: str | None = None
    site: str | None = None
    stage: str | None = None
    arrival: str | None = None
    trace_id: str | None = None
    modality: str | None = None
    indexed: bool = False
    stored: bool = False
    thumbnailed: bool = False
    no_picture: str | None = None
    contradicted_by: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in told.items() if value not in (None, ())}


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that does not hold, and the files concerned."""

    rule: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """Instances between the first and the last record of a stage."""

    instances: int
    seconds: float

    @property
    def per_second(self) -> float | None:
        return round((self.instances - 1) / self.seconds, 1) if self.instances > 1 and self.seconds > 0 else None


@dataclass(frozen=True, slots=True)
class Report:
    """All that `build/demo/report.json` says."""

    found: int
    received: int
    seconds: int
    files: tuple[FileEnd, ...]
    rates: Mapping[str, Rate] = field(default_factory=dict)

    def count(self, outcome: str) -> int:
        return sum(1 for end in self.files if end.outcome == outcome)

    @property
    def indexed(self) -> int:
        return sum(1 for end in self.files if end.indexed)

    @property
    def thumbnailed(self) -> int:
        return sum(1 for end in self.files if end.outcome == "clean" and end.thumbnailed)

    @property
    def no_picture(self) -> int:
        return sum(1 for end in self.files if end.outcome == "clean" and end.no_picture is not None)

    def counts(self) -> dict[str, int]:
        """Every number, in the order in which they are explained."""
        return {
            "found": self.found,
            **{name: self.count(name) for name in BEFORE},
            "received": self.received,
            **{name: self.count(name) for name in AFTER},
            "indexed": self.indexed,
            "thumbnailed": self.thumbnailed,
            "no_picture": self.no_picture,
            "seconds": self.seconds,
        }

    def reasons(self) -> dict[str, dict[str, int]]:
        """How often each reason was given, by outcome."""
        told: dict[str, Counter[str]] = {}
        for end in self.files:
            if end.reason is not None:
                told.setdefault(end.outcome, Counter())[end.reason] += 1
            if end.outcome == "clean" and end.no_picture is not None:
                told.setdefault("no_picture", Counter())[end.no_picture] += 1
        return {outcome: dict(sorted(counter.items())) for outcome, counter in sorted(told.items())}

    def as_json(self) -> dict[str, Any]:
        return {
            **self.counts(),
            "balanced": not check(self),
            "problems": [{"rule": problem.rule, "files": list(problem.files)} for problem in check(self)],
            "reasons": self.reasons(),
            "rates": {
                stage: {"instances": r.instances, "seconds": round(r.seconds, 3), "per_second": r.per_second}
                for stage, r in self.rates.items()
            },
            "files": [end.as_json() for end in self.files],
        }


def close(found: int, handed: Sequence[Handed], facts: Facts, witness: Witness, seconds: int) -> Report:
    """Give every file its end. `handed` is in the order in which the files were handed over."""
    owners = _owners(handed, facts)
    ends = tuple(
        _arrived(one, facts, witness) if owners.get(one.origin) == place else _left(one, facts)
        for place, one in enumerate(handed)
    )
    received = sum(1 for _ in facts.ways())
    ordered = tuple(sorted(ends, key=lambda end: end.path))
    return Report(found=found, received=received, seconds=seconds, files=ordered, rates=rates(facts.ways()))


def _owners(handed: Sequence[Handed], facts: Facts) -> dict[Origin | None, int]:
    """For each arrival of this run, the place of the one file that it is: the first that was accepted.

    Of a file that was refused or broke off, the bytes may be there all the same; the topic knows better.
    """
    owners: dict[Origin | None, int] = {}
    for wanted in (("accepted",), ("refused", "not_sent")):
        for place, one in enumerate(handed):
            if one.handover in wanted and one.origin and one.origin not in owners and facts.way(one.origin):
                owners[one.origin] = place
    return owners


def _left(one: Handed, facts: Facts) -> FileEnd:
    """The end of a file that is not an arrival of this run."""
    if one.handover != "accepted":
        return FileEnd(one.path, one.handover, one.reason, one.site)
    if one.origin in facts.earlier:
        return FileEnd(one.path, "duplicates", "received-in-an-earlier-run", one.site)
    if one.origin and facts.way(one.origin):
        return FileEnd(one.path, "duplicates", "same-bytes-in-this-run", one.site)
    return FileEnd(one.path, "lost", "accepted-but-never-seen", one.site)


def _arrived(one: Handed, facts: Facts, witness: Witness) -> FileEnd:
    way = facts.way(one.origin) if one.origin else None
    if way is None:
        raise ValueError("no arrival has these bytes")
    end = FileEnd(
        path=one.path,
        outcome="in_flight",
        reason=f"last-seen-{way.last_stage}",
        site=one.site,
        arrival=way.arrival,
        trace_id=way.trace_id,
        modality=way.modality,
        indexed=way.arrival in witness.indexed,
        stored=way.clean_key in witness.clean,
        thumbnailed=way.picture in witness.derived,
        no_picture=way.no_picture,
    )
    verdict = way.verdict
    if verdict is None:
        return end
    others = tuple(sorted({other.outcome for other in way.verdicts} - {verdict.outcome}))
    return replace(end, outcome=verdict.outcome, reason=verdict.reason, stage=verdict.stage, contradicted_by=others)


def rates(ways: Iterable[Way]) -> dict[str, Rate]:
    """Per stage, from the times of its records."""
    times: dict[str, list[float]] = {}
    for way in ways:
        for stage, when in way.reached.items():
            times.setdefault(stage, []).append(when.timestamp())
    order = ("received", "anonymised", "validated", "indexed", "thumbnailed")
    return {stage: Rate(len(times[stage]), max(times[stage]) - min(times[stage])) for stage in order if stage in times}


def check(report: Report) -> tuple[Problem, ...]:
    """The rules that do not hold. None: the books balance."""
    counts = report.counts()
    clean = counts["clean"]
    rules: tuple[tuple[str, bool, Callable[[FileEnd], bool]], ...] = (
        (
            "found = not_dicom + not_sent + refused + duplicates + received",
            report.found == sum(counts[name] for name in BEFORE) + report.received,
            lambda end: end.outcome not in (*BEFORE, *AFTER),
        ),
        (
            "received = clean + quarantined + rejected + dead_lettered + in_flight",
            report.received == sum(counts[name] for name in AFTER),
            lambda end: end.outcome in AFTER,
        ),
        ("in_flight = 0", counts["in_flight"] == 0, lambda end: end.outcome == "in_flight"),
        ("indexed = clean", report.indexed == clean, lambda end: end.indexed != (end.outcome == "clean")),
        (
            "clean = thumbnailed + no_picture",
            clean == report.thumbnailed + report.no_picture,
            lambda end: end.outcome == "clean" and end.thumbnailed == (end.no_picture is not None),
        ),
        (
            "every clean instance has its object",
            all(end.stored for end in report.files if end.outcome == "clean"),
            lambda end: end.outcome == "clean" and not end.stored,
        ),
        (
            "every arrival has one end",
            not any(end.contradicted_by for end in report.files),
            lambda end: bool(end.contradicted_by),
        ),
    )
    return tuple(
        Problem(rule, tuple(end.path for end in report.files if concerned(end)))
        for rule, holds, concerned in rules
        if not holds
    )
