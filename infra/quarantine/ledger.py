"""The topics: reading all cases, and publishing decisions so that two people cannot decide about one hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from infra.operating.desk import Desk
from infra.operating.topics import decoded, tell
from infra.quarantine.cases import TOPICS, Case, Cases, Where
from shared.events import Event, InstanceCommitted, InstanceReceived, InstanceReceivedInBulk
from shared.kafka import read_to_end
from shared.outcome import Transient

DESK = "quarantine"
ARRIVALS = (InstanceReceived.topic, InstanceReceivedInBulk.topic)


class Ledger:
    """The topics of one node. `log`: a file that gets a line for each audit event, once it is published."""

    def __init__(self, bootstrap: str, log: Path | None = None) -> None:
        self._bootstrap = bootstrap
        self._log = log

    def read(self) -> tuple[Cases, int]:
        """All cases of a node, and how many records could not be decoded. Raises Transient."""
        cases, lost = Cases(), 0
        for record in read_to_end(self._bootstrap, TOPICS):
            event = decoded(record)
            if event is None:
                lost += 1
            else:
                cases.take(event, record.timestamp, Where(record.topic, record.partition, record.offset))
        return cases, lost

    def completed(self, cases: Sequence[Case]) -> list[Case]:
        """With what verdicts of earlier releases did not tell, from the topics of arrivals. Raises Transient."""
        wanted = {case.arrival for case in cases if case.first.transfer_syntax_uid is None}
        if not wanted:
            return list(cases)
        arrived: dict[str, InstanceReceived] = {}
        for record in read_to_end(self._bootstrap, ARRIVALS):
            event = decoded(record)
            if isinstance(event, InstanceReceived) and event.arrival in wanted:
                arrived[event.arrival] = event
        return [_with(case, arrived.get(case.arrival)) for case in cases]

    def promised(self) -> dict[str, datetime]:
        """By arrival, until when a site has been promised that its bytes are kept.

        Raises Transient, also for a record that cannot be read: it may promise what is about to be deleted.
        """
        until: dict[str, datetime] = {}
        for record in read_to_end(self._bootstrap, (InstanceCommitted.topic,)):
            event = decoded(record)
            if not isinstance(event, InstanceCommitted):
                raise Transient("unreadable-promise")
            until[event.arrival] = max(event.until, until.get(event.arrival, event.until))
        return until

    def tell(self, events: Iterable[Event]) -> None:
        """Publish `events` and wait until the broker has them: for what decides nothing.

        Raises Transient; Misconfigured when the audit file cannot be written.
        """
        tell(self._bootstrap, self._log, events)

    def sit_down(self) -> Desk:
        """The right to decide, taken from whoever has it; read only afterwards. Raises Transient."""
        return Desk(self._bootstrap, DESK, self._log)


def _with(case: Case, arrived: InstanceReceived | None) -> Case:
    if arrived is None:
        return case
    told = {name: getattr(arrived, name) for name in ("sop_class_uid", "transfer_syntax_uid", "size")}
    return replace(case, first=case.first.model_copy(update=told))
