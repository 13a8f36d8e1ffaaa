"""Letters as tables and as JSON. Never a value of their records, unless that is asked for."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from shared.events import DeadLetter
from shared.events.audit import Audit
from shared.letters import Group, Letter

SHOWN_ID = 13
"""Characters of an id in a table; more than enough to name one."""
MOST_SITES = 3


def groups_table(groups: Iterable[Group]) -> Table:
    """One line for each cause."""
    made = _table("letters", "zone", "service", "reason", "error", "release", "oldest", "newest", "sites", "example")
    for group in groups:
        cause = group.cause
        made.add_row(
            str(group.count),
            cause.zone,
            cause.stage,
            cause.reason,
            cause.error,
            cause.release,
            _time(group.oldest),
            _time(group.newest),
            _sites(group.sites),
            group.example.id[:SHOWN_ID],
        )
    return made


def letters_table(letters: Iterable[Letter]) -> Table:
    """One line for each letter."""
    made = _table("id", "zone", "state", "service", "reason", "error", "release", "when", "site", "requeued")
    for letter in letters:
        event = letter.event
        made.add_row(
            letter.id[:SHOWN_ID],
            letter.zone.name,
            state_of(letter),
            event.stage,
            event.reason,
            event.error or "",
            event.release,
            _time(letter.at),
            letter.site,
            str(event.requeues or ""),
        )
    return made


def state_of(letter: Letter) -> str:
    """Its state in words."""
    if letter.state != "requeued":
        return letter.state
    return "died again" if letter.died_again else "requeued"


def facts(letter: Letter) -> Iterator[tuple[str, str]]:
    """What is known of one letter, as names and values."""
    event = letter.event
    yield "letter", letter.id
    yield "zone", letter.zone.name
    yield "state", state_of(letter)
    yield "service, release", f"{event.stage}, {event.release}"
    yield "reason", event.reason
    yield "error", event.error or "not told"
    yield "attempts", str(event.attempts)
    yield "site, project", f"{letter.site}, {letter.project}"
    yield "died", _time(letter.at)
    yield "record", f"{event.source_topic}, partition {event.source_partition}, offset {event.source_offset}"
    yield "published", _time(event.source_timestamp) if event.source_timestamp else "not told"
    yield "key", event.record_key or "none"
    for name, text in sorted(event.record_headers.items()):
        yield f"header {name}", printable(text)
    yield "trace", event.trace_id or "none"


def history(chain: Sequence[Letter], acts: Iterable[Audit]) -> Table:
    """Each death of one record and how it ended, and who did what with it, in the order of time."""
    lines = [line for letter in chain for line in _steps(letter)]
    lines += [(act.recorded_at, act.act, act.actor, act.ground or "", f"{act.outcome}") for act in acts]
    made = _table("when", "what", "by", "ground", "came to")
    for at, *columns in sorted(lines):
        made.add_row(_time(at), *columns)
    return made


def _steps(letter: Letter) -> Iterator[tuple[datetime, str, str, str, str]]:
    event, settled = letter.event, letter.settled
    yield letter.at, "died", event.stage, "", f"{event.reason} (letter {letter.id[:SHOWN_ID]})"
    if settled is not None and settled.state == "resolved" and letter.settled_at is not None:
        came_to = f"{settled.outcome}: {settled.reason}" if settled.reason else settled.outcome or ""
        yield letter.settled_at, "resolved", settled.stage, "", came_to


def group_as_json(group: Group) -> dict[str, Any]:
    """One cause, for programs."""
    cause = group.cause
    return {
        "zone": cause.zone,
        "service": cause.stage,
        "reason": cause.reason,
        "error": cause.error or None,
        "release": cause.release,
        "count": group.count,
        "requeued_before": group.requeued,
        "oldest": _exact(group.oldest),
        "newest": _exact(group.newest),
        "sites": list(group.sites),
        "example": group.example.id,
    }


def as_json(letter: Letter, whole: DeadLetter | None = None) -> dict[str, Any]:
    """One letter, for programs; with its record's value when it is given as a `whole`."""
    settled = letter.settled
    return {
        "letter": letter.id,
        "zone": letter.zone.name,
        "state": letter.state,
        "died_at": _exact(letter.at),
        "died_again": letter.died_again,
        "settled_at": _exact(letter.settled_at) if letter.settled_at else None,
        "outcome": settled.outcome if settled else None,
        "outcome_reason": settled.reason if settled else None,
        **(whole or letter.event).model_dump(mode="json", exclude=None if whole else {"record_value"}),
        "site": letter.site,
        "project": letter.project,
    }


def act_as_json(act: Audit) -> dict[str, Any]:
    """What somebody did, for programs."""
    return act.model_dump(mode="json", exclude_none=True)


def value_of(whole: DeadLetter) -> str:
    """The value of its record for a terminal; empty when the letter does not carry it."""
    return printable(base64.b64decode(whole.record_value or "").decode("utf-8", "backslashreplace"))


def printable(text: str) -> str:
    """Without what a terminal would take for a command."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _table(*columns: str) -> Table:
    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=True, justify="right" if column in ("letters", "requeued") else "left")
    return made


def _sites(sites: Sequence[str]) -> str:
    more = len(sites) - MOST_SITES
    return ", ".join(sites[:MOST_SITES]) + (f" and {more} more" if more > 0 else "")


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _exact(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
