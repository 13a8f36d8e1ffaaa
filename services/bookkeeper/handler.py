"""Records into the ledger: what they tell is gathered in memory, then written in one transaction with the positions."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.bookkeeper.database import Database
from services.bookkeeper.folding import Fold
from services.bookkeeper.letters import record_in
from services.bookkeeper.lines import Arrival, Copy, Letter, Line, Verdict
from services.bookkeeper.report import Report
from services.bookkeeper.tables import ARRIVAL, COPY, LETTER, UNDECODABLE, VERDICT
from services.bookkeeper.telling import tell
from shared.events.again import RawRecord
from shared.events.envelope import decode, header
from shared.kafka import Position, Record, position_after
from shared.outcome import Failure, Transient

ReadsRecord = Callable[[str, int, int], Record | None]
"""The record at a topic, partition and offset; None when it is not there any more. Raises Transient."""


class Overtaken(Failure):
    """Somebody else has written the ledger since this worker began to read: it has to begin again."""


class Books:
    """One worker of the ledger. Not thread-safe."""

    def __init__(self, *, database: Database, record_at: ReadsRecord, report: Report) -> None:
        self._database = database
        self._record_at = record_at
        self._report = report
        self._written: dict[tuple[str, int], Position] = {}
        self._gathered = Fold()
        self._untold: list[tuple[str, int, int, datetime]] = []
        self._read: dict[tuple[str, int], Position] = {}

    def open(self) -> dict[tuple[str, int], Position]:
        """How far the topics have been written into the ledger. Raises Transient."""
        with self._database.transaction() as transaction:
            self._written = transaction.positions()
        return dict(self._written)

    def take(self, records: Sequence[Record]) -> None:
        """Gather what these tell. Raises Transient; the same records may then be taken again."""
        for record in records:
            self._gathered.add(self._told(record))
            self._read[record.topic, record.partition] = position_after(record)

    def write(self) -> None:
        """All that was gathered, or nothing: then it is kept. Raises Transient, Overtaken."""
        if not self._read:
            return
        with self._database.transaction() as transaction:
            if transaction.positions(hold=True) != self._written:
                raise Overtaken
            letters = self._gathered.of(Letter)
            transaction.merge(ARRIVAL, self._gathered.of(Arrival))
            transaction.merge(VERDICT, self._gathered.of(Verdict))
            transaction.merge(COPY, self._gathered.of(Copy))
            transaction.merge(LETTER, letters)
            transaction.merge(UNDECODABLE, sorted(set(self._untold)))
            touched = self._gathered.touched()
            touched.update(transaction.lettered(letter.letter for letter in letters if letter.arrival is None))
            transaction.forget(touched)
            transaction.judge(touched)
            transaction.move(self._read)
        self._written |= self._read
        self._gathered, self._read, self._untold = Fold(), {}, []

    def _told(self, record: Record) -> list[Line]:
        try:
            event = decode(record.topic, record.value, record.headers)
            about = self._about(event) if isinstance(event, RawRecord) else None
            lines = tell(event, record.timestamp, header(record.headers, "ce_id") or "", about)
        except Transient:
            raise
        except Exception as failed:
            # The reconciliation shows it; a ledger that stands still would hide all others.
            self._report.untold(record, failed)
            self._untold.append((record.topic, record.partition, record.offset, record.timestamp))
            return []
        self._report.told(record)
        return lines

    def _about(self, carrier: RawRecord) -> bytes | None:
        carried = record_in(carrier)
        if carried is not None:
            return carried
        found = self._record_at(carrier.source_topic, carrier.source_partition, carrier.source_offset)
        return found.value if found else None
