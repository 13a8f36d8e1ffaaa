"""From a batch of records to the end of each: decode inside the guard, handle, try again what may pass."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from shared.kafka.log import Record
from shared.outcome import Transient
from shared.runner import pauses
from shared.runner.arriving import arrived
from shared.runner.handling import Handled, Handling, Incoming, Result
from shared.runner.pauses import Pauses
from shared.runner.settled import Settled


class Settling:
    """Handles on a thread of its own, so that the group hears from us while it lasts."""

    def __init__(self, stage: str, handling: Handling, pausing: Pauses) -> None:
        self._stage = stage
        self._handling = handling
        self._pauses = pausing
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batch")

    def settle(self, batch: Sequence[Record]) -> list[Settled]:
        """Handle all of `batch`, for as long as it takes. Fewer come back when told to stop meanwhile."""
        settled: dict[int, Settled] = {}
        pending: dict[int, Incoming] = {}
        here = [arrived(record, self._stage) for record in batch]
        for index, item in enumerate(here):
            if isinstance(item.content, Incoming):
                pending[index] = item.content
            else:
                settled[index] = Settled(batch[index], None, item.content, item.traceparent, 0, 1, item.again)
        attempt = 0
        while pending:
            attempt += 1
            away: Transient | None = None
            for index, handled in zip(list(pending), self._attempt(list(pending.values())), strict=True):
                if isinstance(handled.result, Transient):
                    away = handled.result
                    continue
                event, again = pending.pop(index).event, here[index].again
                settled[index] = Settled(
                    batch[index], event, handled.result, handled.traceparent, handled.seconds, attempt, again
                )
            if away is not None:
                if self._pauses.told_to_stop:
                    break
                self._pauses.wait_for(away, attempt)
        self._pauses.recovered()
        return [settled[index] for index in sorted(settled)]

    def close(self) -> None:
        """Take no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _attempt(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        """One try. When nothing but bugs comes back, one record may have spoilt it for all: each alone."""
        handled = self._handle(batch)
        if len(batch) > 1 and all(_is_bug(item.result) for item in handled):
            return [self._handle([record])[0] for record in batch]
        return handled

    def _handle(self, batch: Sequence[Incoming]) -> Sequence[Handled]:
        future: Future[Sequence[Handled]] = self._thread.submit(self._handling, batch)
        wait([future], timeout=pauses.IDLE)
        while not future.done():
            self._pauses.sign_of_life()
            wait([future], timeout=pauses.IDLE)
        return future.result()


def _is_bug(result: Result) -> bool:
    return isinstance(result, Exception) and not isinstance(result, Transient)
