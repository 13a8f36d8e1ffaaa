"""The rows of the ledger, and how two rows about the same thing become one, whatever comes first and however often."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

Rule = Literal["first", "last", "all"]


class Group(NamedTuple):
    """Columns that are taken together: of two rows that have them, the one with the smallest or the greatest values; or
    one column of words, of which each counts.

    The first column says whether a row has the group at all. Where it is a time, "first" is the earliest fact.
    """

    rule: Rule
    columns: tuple[str, ...]


class Arrival(NamedTuple):
    """One row of `arrival`: an instance as it was received, under its keyed id."""

    arrival: str
    site: str | None = None
    project: str | None = None
    raw_key: str | None = None
    digest: str | None = None
    size: int | None = None
    study_key: str | None = None
    association: str | None = None
    associations: str | None = None
    """All that announced it, which may be several."""
    lane: str | None = None
    received: bool = False
    received_at: datetime | None = None
    committed_until: datetime | None = None
    released_at: datetime | None = None
    requeued_at: datetime | None = None
    expired_at: datetime | None = None


class Verdict(NamedTuple):
    """One row of `verdict`: a link of the chain of decisions about an arrival, and what came of it."""

    arrival: str
    decision: str
    """The decision that it came of; empty for the verdict on the arrival itself."""
    outcome: str | None = None
    reason: str | None = None
    profile: str | None = None
    at: datetime | None = None
    after: str | None = None
    choice: str | None = None
    decided_at: datetime | None = None


class Copy(NamedTuple):
    """One row of `copy`: de-identified bytes that were made of an arrival."""

    arrival: str
    digest: str
    site: str | None = None
    project: str | None = None
    profile: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    key: str | None = None
    size: int | None = None
    anonymised_at: datetime | None = None
    anonymised_last: datetime | None = None
    validated_at: datetime | None = None
    indexed_at: datetime | None = None
    thumbnailed_at: datetime | None = None
    pictured_at: datetime | None = None
    renderer: str | None = None
    picture_key: str | None = None
    no_picture: str | None = None
    rejected_at: datetime | None = None
    rejected_stage: str | None = None
    reason: str | None = None
    retracted_at: datetime | None = None
    expired_at: datetime | None = None


class Letter(NamedTuple):
    """One row of `letter`: a record that its stage gave up."""

    letter: str
    zone: str | None = None
    stage: str | None = None
    reason: str | None = None
    error: str | None = None
    source_topic: str | None = None
    source_partition: int | None = None
    source_offset: int | None = None
    release: str | None = None
    attempts: int | None = None
    trace_id: str | None = None
    site: str | None = None
    arrival: str | None = None
    digest: str | None = None
    decision: str | None = None
    first: str | None = None
    requeues: int | None = None
    at: datetime | None = None
    settled: str | None = None
    settled_at: datetime | None = None


Line = Arrival | Verdict | Copy | Letter

KEYS: dict[type[Line], int] = {Arrival: 1, Verdict: 2, Copy: 2, Letter: 1}
"""How many of the first columns are the key."""

TOGETHER: dict[type[Line], tuple[Group, ...]] = {
    Arrival: (
        Group("first", ("received_at", "association", "lane")),
        Group("all", ("associations",)),
        Group("last", ("received",)),
        Group("last", ("committed_until",)),
    ),
    # A re-run under another profile may end differently: what was said last counts.
    Verdict: (Group("last", ("at", "outcome", "reason", "profile")),),
    Copy: (
        Group("last", ("anonymised_last",)),
        Group("last", ("pictured_at", "renderer", "picture_key", "no_picture")),
        Group("first", ("rejected_at", "rejected_stage", "reason")),
    ),
    Letter: (Group("last", ("settled_at", "settled")),),
}
"""Columns of which not each by itself takes the first value that is known."""


def groups(kind: type[Line]) -> Iterator[Group]:
    """All columns of this kind of row beside its key, each in one group."""
    yield from TOGETHER[kind]
    grouped = {name for group in TOGETHER[kind] for name in group.columns}
    yield from (Group("first", (name,)) for name in kind._fields[KEYS[kind] :] if name not in grouped)


def key(line: Line) -> tuple[Any, ...]:
    """What makes two rows of one kind rows about the same thing."""
    return tuple(line)[: KEYS[type(line)]]
