"""Publishes one record and waits until the broker has it: the receiver's half of a promise."""

import threading

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from shared.kafka import config
from shared.kafka.log import Output
from shared.outcome import Transient


class Publisher:
    """Thread-safe; any number of threads may wait for their records at the same time."""

    def __init__(self, bootstrap: str, timeout: float) -> None:
        """`timeout`: seconds until an unacknowledged record counts as refused."""
        self._bootstrap, self._timeout = bootstrap, timeout
        self._producer = self._new()
        self._renewing = threading.Lock()
        self._closed = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="publisher", daemon=True)
        self._poller.start()

    def publish(self, output: Output) -> None:
        """Return when all in-sync replicas have the record. Raises `Transient` otherwise."""
        answered = threading.Event()
        errors: list[KafkaError | None] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            errors.append(error)
            answered.set()

        producer = self._producer
        try:
            producer.produce(
                output.topic, output.value, output.key, headers=list(output.headers), on_delivery=delivered
            )
        except BufferError:
            raise Transient("BufferError") from None
        except KafkaException as refused:
            self._survive(producer, refused.args[0])
            raise Transient(refused.args[0].name()) from None
        # The client gives up by itself after the same time; the margin is for its callback to arrive.
        if not answered.wait(self._timeout + 1.0):
            raise Transient("no answer")
        if errors[0] is not None:
            self._survive(producer, errors[0])
            raise Transient(errors[0].name())

    def close(self) -> None:
        """Wait for what is under way, then stop."""
        self._producer.flush(self._timeout)
        self._closed.set()
        self._poller.join(timeout=2.0)

    def _survive(self, producer: Producer, error: KafkaError) -> None:
        """After a fatal error a producer takes nothing any more: another one takes its place."""
        if not error.fatal():
            return
        with self._renewing:
            if self._producer is producer:
                self._producer = self._new()
        producer.purge()
        producer.flush(1.0)

    def _new(self) -> Producer:
        return Producer(config.publisher(self._bootstrap, self._timeout))

    def _poll(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(0.1)
