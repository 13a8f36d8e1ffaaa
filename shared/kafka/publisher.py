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
        self._timeout = timeout
        self._producer = Producer(config.publisher(bootstrap, timeout))
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

        try:
            self._producer.produce(
                output.topic, output.value, output.key, headers=list(output.headers), on_delivery=delivered
            )
        except (BufferError, KafkaException) as refused:
            raise Transient(type(refused).__name__) from None
        # The client gives up by itself after the same time; the margin is for its callback to arrive.
        if not answered.wait(self._timeout + 1.0):
            raise Transient("no answer")
        if errors[0] is not None:
            raise Transient(errors[0].name())

    def close(self) -> None:
        """Wait for what is under way, then stop."""
        self._producer.flush(self._timeout)
        self._closed.set()
        self._poller.join(timeout=2.0)

    def _poll(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(0.1)
