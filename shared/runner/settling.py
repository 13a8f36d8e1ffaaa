"""From a batch of records to the end of each: decode inside the guard, handle, try again what may pass."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from shared.kafka.log import Record
from shared.outcome import Fenced, Transient
from shared.runner import pauses
from shared.runner.arriving import Arrived, arrived, traceparent_of
from shared.runner.braking import Braking
from shared.runner.deadletters import Poison
from shared.runner.hand import Hand
from shared.runner.handling import Handled, Handling, Incoming, Result
from shared.runner.pauses import Pauses
from shared.runner.settled import Settled
from shared.runner.suspects import ENOUGH, Suspicion, place_of
from shared.runner.watch import Watch


class Settling:
    """Handles on a thread of its own, so that the group hears from us while it lasts."""

    def __init__(
        self, stage: str, handling: Handling, hand: Hand, pausing: Pauses, watch: Watch, braking: Braking
    ) -> None:
        self._stage = stage
        self._braking = braking
        self._handling = handling
        self._hand = hand
        self._pauses = pausing
        self._watch = watch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batch")

    def settle(self, batch: Sequence[Record]) -> list[Settled]:
        """Handle all of `batch`, for as long as it takes. Fewer come back when told to stop meanwhile.

        Raises `Fenced`.
        """
        settled: dict[int, Settled] = {}
        pending: dict[int, Incoming] = {}
        items: dict[int, Arrived] = {}
        self._hand.take([place_of(record) for record in batch])
        for index, record in enumerate(batch):
            suspicion = self._hand.suspicion(record)
            if suspicion.is_enough:
                settled[index] = self._given_up(record, suspicion)
                continue
            items[index] = arrived(record, self._stage)
        waiting = self._braking.waiting([(batch[index], item) for index, item in items.items()])
        for (index, item), parked in zip(items.items(), waiting, strict=True):
            event = item.content.event if isinstance(item.content, Incoming) else None
            if parked is not None:
                settled[index] = Settled(batch[index], event, parked, item.traceparent, 0, 1, item.again)
            elif isinstance(item.content, Incoming):
                pending[index] = item.content
            else:
                settled[index] = Settled(batch[index], None, item.content, item.traceparent, 0, 1, item.again)
        attempt = 0
        while pending:
            attempt += 1
            away: Transient | None = None
            for index, handled in zip(list(pending), self._attempt(list(pending.values())), strict=True):
                if isinstance(handled.result, Fenced):
                    self._hand.put_down()
                    raise handled.result
                if isinstance(handled.result, Transient):
                    away = handled.result
                    continue
                event = pending.pop(index).event
                settled[index] = Settled(
                    batch[index],
                    event,
                    handled.result,
                    handled.traceparent,
                    handled.seconds,
                    attempt,
                    items[index].again,
                )
            if away is not None:
                if self._pauses.told_to_stop:
                    break
                self._hand.put_down()
                self._pauses.wait_for(away, attempt)
        # Whoever came to an end of its own ends no worker. What was given up stays suspect until that is published.
        self._hand.clear([place_of(item.record) for item in settled.values() if not isinstance(item.result, Poison)])
        self._hand.put_down()
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
        self._hand.take([record.place for record in batch])
        future: Future[Sequence[Handled]] = self._thread.submit(self._handling, batch)
        wait([future], timeout=pauses.IDLE)
        while not future.done():
            self._pauses.sign_of_life()
            if self._pauses.told_to_stop:
                self._hand.forget()
            self._watch.look()
            wait([future], timeout=pauses.IDLE)
        return future.result()

    def _given_up(self, record: Record, suspicion: Suspicion) -> Settled:
        """It has ended too many workers to be handled once more. If even reading it does, it is not read."""
        poison, attempts = Poison(suspicion.reason), suspicion.ends + 1
        if suspicion.ends > ENOUGH:
            return Settled(record, None, poison, traceparent_of(record), 0, attempts)
        item = arrived(record, self._stage)
        event = item.content.event if isinstance(item.content, Incoming) else None
        return Settled(record, event, poison, item.traceparent, 0, attempts, item.again)


def _is_bug(result: Result) -> bool:
    return isinstance(result, Exception) and not isinstance(result, Transient | Fenced)
