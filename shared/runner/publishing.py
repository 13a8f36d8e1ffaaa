"""From ends that are known to one transaction with outputs, dead letters and offsets."""

from collections.abc import Callable, Sequence
from datetime import datetime

from shared.events import Event, Outgoing
from shared.events.envelope import encode
from shared.events.lanes import kept
from shared.kafka.log import CommitAborted, Log, LogLost, Output, TooLarge
from shared.outcome import Transient, events_of
from shared.runner.deadletters import DeadLetters, OutputTooLarge
from shared.runner.pauses import Pauses
from shared.runner.settled import Settled


class Publishing:
    """Publishes for one stage."""

    def __init__(
        self, stage: str, dead_letters: DeadLetters, source: Log, pausing: Pauses, clock: Callable[[], datetime]
    ) -> None:
        self._stage = stage
        self._dead_letters = dead_letters
        self._log = source
        self._pauses = pausing
        self._clock = clock

    def publish(self, settled: Sequence[Settled], told: Sequence[Event] = ()) -> None:
        """Publish what these lead to and what the stage has `told` of itself, and commit.

        Asks again for as long as the transaction may be open. Raises `CommitAborted` and `LogLost`.
        """
        attempt = 0
        records = [item.record for item in settled]
        owned = self._outputs(settled)
        also = [self._output(Outgoing.of(event)) for event in told]
        while records or also:
            try:
                self._log.commit(records, [*(output for output, _ in owned), *also])
                return
            except TooLarge as refused:
                _make_smaller(owned[refused.index][1])
                owned = self._outputs(settled)
            except Transient as away:
                attempt += 1
                if self._pauses.told_to_stop:
                    raise CommitAborted("told to stop") from None
                self._pauses.ask_again(away, attempt)
                # A new owner handles them too, and the group would take both commits: let the transaction die.
                if not all(self._log.owns(record) for record in records):
                    raise LogLost("partitions moved during a commit") from None

    def _outputs(self, settled: Sequence[Settled]) -> list[tuple[Output, Settled]]:
        """The records to publish, each with what it comes from."""
        return [
            (self._output(kept(made, item.record.lane), item.traceparent), item)
            for item in settled
            for made in self._published_for(item)
        ]

    def _output(self, outgoing: Outgoing, traceparent: str = "") -> Output:
        value, headers = encode(outgoing, self._stage, self._clock(), traceparent)
        return Output(outgoing.event.topic, outgoing.key, value, tuple(headers))

    def _published_for(self, item: Settled) -> Sequence[Outgoing]:
        if isinstance(item.result, Exception):
            return self._dead_letters.of(
                item.record, item.event, item.result, item.attempts, item.trace_id, item.bare, item.again
            )
        return [*events_of(item.result), *self._dead_letters.resolved(item.again, item.result)]


def _make_smaller(culprit: Settled) -> None:
    """Instead of outputs that are too large a dead letter; instead of one that is too large its coordinates."""
    if not isinstance(culprit.result, Exception):
        culprit.result = OutputTooLarge()
    elif not culprit.bare:
        culprit.bare = True
    else:
        # Dropping the record would lose it: stop, and let a person look.
        raise LogLost("a dead letter is refused")
