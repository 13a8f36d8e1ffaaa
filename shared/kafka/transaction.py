"""One Kafka transaction after another: outputs and offsets together, resumable while the broker is away for moments."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from shared.kafka.bounded import bounded
from shared.kafka.config import TRANSACTION
from shared.kafka.log import CommitAborted, LogLost, Output, TooLarge
from shared.outcome import Transient

PATIENCE = 5.0
"""Seconds for one call to the transaction coordinator; half of the transaction's own time-out."""


@dataclass(frozen=True, slots=True)
class Consumed:
    """How far a group has come, and what the coordinator knows the group by."""

    offsets: list[TopicPartition]
    group: object


class Transaction:
    """Remembers how far it came, so that a call after `Transient` goes on where the last one stopped."""

    def __init__(self, producer: Producer, limit: Callable[[str], int]) -> None:
        """`limit`: bytes of the largest record that a topic takes."""
        self._producer = producer
        self._limit = limit
        self._begun: float | None = None
        self._offsets_sent = 0
        self._refused = False

    def initialise(self) -> None:
        """Fence older workers of the same name and end their open transactions."""
        _step(lambda: self._producer.init_transactions(PATIENCE))

    def run(self, outputs: Sequence[Output], consumed: Sequence[Consumed]) -> None:
        """Publish `outputs` and commit what was `consumed`, both or neither. Raises as `Log.commit` says."""
        try:
            if self._begun is None:
                self._begun = self._begin(outputs)
            for part in consumed[self._offsets_sent :]:
                self._send(part)
            _step(lambda: self._producer.commit_transaction(PATIENCE))
        except CommitAborted:
            self._abort()
            # The topic takes less than schemas/topics.yaml says: trying again would never end.
            if self._refused:
                raise LogLost("a topic refuses a record that it should take") from None
            raise
        except Transient as away:
            self._outlived(str(away))
            raise
        self._reset()

    def prove(self, part: Consumed) -> None:
        """Have the group's coordinator say that we are the member that `part` was made by; commits nothing.

        Raises `CommitAborted` when it says no, and `LogLost` when it says nothing.
        """
        _step(self._producer.begin_transaction)
        try:
            self._send(part)
        except CommitAborted:
            self._abort()
            raise
        except Transient as away:
            # Only the same call may follow; a new worker asks anew.
            raise LogLost(str(away)) from None
        self._abort()

    def _send(self, part: Consumed) -> None:
        _step(lambda: self._producer.send_offsets_to_transaction(part.offsets, part.group, PATIENCE))
        self._offsets_sent += 1

    def _outlived(self, why: str) -> None:
        """Raise LogLost when the broker ends this transaction by itself: another try could only hear that.

        An abort would be waited for as well, and where the commit has been asked for, nobody here can tell what it did.
        """
        if self._begun is not None and time.monotonic() - self._begun >= TRANSACTION:
            raise LogLost(f"the broker was away for as long as a transaction may be open: {why}")

    def _begin(self, outputs: Sequence[Output]) -> float:
        # Asked before anything is under way: a producer does not recover well from a broker's refusal.
        for index, output in enumerate(outputs):
            if _size(output) > self._limit(output.topic):
                raise TooLarge(index)
        begun = time.monotonic()
        _step(self._producer.begin_transaction)
        for output in outputs:
            self._produce(output)
        return begun

    def _produce(self, output: Output) -> None:
        while True:
            try:
                self._producer.produce(
                    output.topic, output.value, output.key, headers=list(output.headers), on_delivery=self._failed
                )
                return
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as refused:
                raise LogLost(refused.args[0].name()) from None

    def _failed(self, error: KafkaError | None, _: Message) -> None:
        """What the broker says of an output that it did not take; of all of them by the time that an abort is done.

        The error of the call itself may be another one: it depends on which came first.
        """
        self._refused |= error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE

    def _abort(self) -> None:
        self._reset()
        try:
            _step(lambda: self._producer.abort_transaction(PATIENCE))
        except Transient as away:
            # Not resumable together with the records that come again: a new worker starts clean.
            raise LogLost(str(away)) from None

    def _reset(self) -> None:
        self._begun = None
        self._offsets_sent = 0


def _size(output: Output) -> int:
    """Bytes of the record as the broker counts them, before compression, with room for the batch's own head."""
    headers = sum(len(name) + len(raw) + 10 for name, raw in output.headers)
    return len(output.key) + len(output.value) + headers + 200


def _step(call: Callable[[], object]) -> None:
    """Run one step, sorting its errors into the three kinds there are.

    When the coordinator goes away in the middle of it, librdkafka 2.16 waits for ever (rd_kafka_txn_op_req0).
    """
    try:
        bounded(call)
    except KafkaException as failed:
        error: KafkaError = failed.args[0]
        if error.fatal():
            raise LogLost(error.name()) from None
        if error.txn_requires_abort():
            raise CommitAborted(error.name()) from None
        if error.retriable():
            raise Transient(error.name()) from None
        raise LogLost(error.name()) from None
