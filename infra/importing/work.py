"""Several senders, each with a way of its own; one hand that deals them the files, folder by folder."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from infra.importing.entry import Entry, Passed, Result
from infra.importing.heads import DICOMDIR, NoInstance, read_head
from infra.importing.journal import Journal
from infra.importing.report import Line, Report
from infra.importing.whole import Changed, whole
from infra.sending.delivery import Patience, deliver, prepare
from infra.sending.way import Instance, Way

AT_ONCE = 64
"""Files that one sender gets at a time: enough to propose their contexts together, few enough to share a folder out."""


@dataclass(frozen=True, slots=True)
class Job:
    """What an import is made of. `ways`: one more way to the receiver, for one more sender."""

    ways: Callable[[], Way]
    journal: Journal
    report: Report
    patience: Patience
    senders: int

    def run(self, entries: Iterable[Entry | Passed]) -> None:
        """Until all are dealt with, or `patience.stop` is set. Raises NotLetIn, and whatever is a bug."""
        dealt: queue.Queue[list[Entry] | None] = queue.Queue(2 * self.senders)
        senders = [Sender(self) for _ in range(self.senders)]
        running = []
        with ThreadPoolExecutor(self.senders, thread_name_prefix="send") as pool:
            try:
                for sender in senders:
                    running.append(pool.submit(self._guarded, sender, dealt))
                for batch in _batches(self._new(entries)):
                    dealt.put(batch)
            except BaseException:
                self.patience.stop.set()
                raise
            finally:
                for _ in senders:  # also when some of them could not begin: those that have wait for it
                    dealt.put(None)
        for each in running:
            each.result()

    def _new(self, entries: Iterable[Entry | Passed]) -> Iterator[Entry]:
        """Those that have to be looked at; of the others it is told what they are."""
        for entry in entries:
            if self.patience.stop.is_set():
                return
            self.report.find()
            if isinstance(entry, Passed):
                self.report.add(Line(entry.key, entry.result, entry.reason))
            elif known := self.journal.known(entry):
                self.report.add(Line(entry.key, *known))
            else:
                yield entry

    def _guarded(self, sender: Sender, dealt: queue.Queue[list[Entry] | None]) -> None:
        """Whatever ends one sender ends the run. The queue is emptied to its end all the same: somebody fills it."""
        failure: Exception | None = None
        while (batch := dealt.get()) is not None:
            try:
                if self.patience.stop.is_set():
                    sender.leave(batch)
                else:
                    sender.send(batch)
            except Exception as failed:
                failure = failure or failed
                self.patience.stop.set()
        sender.close()
        if failure is not None:
            raise failure


class Sender:
    """One of them."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._way = job.ways()

    def send(self, batch: list[Entry]) -> None:
        """Look at them all, then send what can be sent."""
        instances = list(self._examined(batch))
        contexts = [instance.context for _, instance in instances]
        away = prepare(self._way, contexts, self._job.patience) if contexts else None
        for number, (entry, instance) in enumerate(instances):
            if self._job.patience.stop.is_set():
                self.leave([left for left, _ in instances[number:]])
                return
            if away is None:
                self._deliver(entry, instance)
            else:
                self._end(entry, "failed", away)

    def leave(self, batch: list[Entry]) -> None:
        """The run ends before their turn."""
        for entry in batch:
            self._end(entry, "failed", "interrupted")

    def close(self) -> None:
        """End its association."""
        self._way.close()

    def _examined(self, batch: list[Entry]) -> Iterator[tuple[Entry, Instance]]:
        for entry in batch:
            try:
                with entry.opened() as file:
                    yield entry, read_head(file).instance
            except NoInstance as other:
                nameless = other.dicom and other.reason != DICOMDIR
                self._end(entry, "refused" if nameless else "not-dicom", other.reason)
            except OSError:
                self._end(entry, "failed", "unreadable")

    def _deliver(self, entry: Entry, instance: Instance) -> None:
        try:
            delivery = deliver(self._way, instance, lambda: whole(entry), self._job.patience)
        except Changed:
            self._end(entry, "failed", "changed")
            return
        except OSError:
            self._end(entry, "failed", "unreadable")
            return
        self._end(entry, delivery.ending.value, delivery.reason, entry.size - instance.offset)

    def _end(self, entry: Entry, result: Result, reason: str, size: int = 0) -> None:
        self._job.journal.note(entry, result, reason)
        self._job.report.add(Line(entry.key, result, reason, size if result == "sent" else 0))


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Files of one folder together."""
    batch: list[Entry] = []
    for entry in entries:
        if batch and (entry.folder != batch[0].folder or len(batch) == AT_ONCE):
            yield batch
            batch = []
        batch.append(entry)
    if batch:
        yield batch
