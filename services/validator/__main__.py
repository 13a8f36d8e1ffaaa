"""Wires the validator together and runs it."""

from services.validator.handler import Validate
from services.validator.settings import Settings
from shared import storage
from shared.events import (
    CleanDeadLetter,
    CleanLetterSettled,
    CleanRequeued,
    InstanceAnonymised,
    InstanceRejected,
    InstanceValidated,
)
from shared.kafka import KafkaLog
from shared.runner import DeadLetters, Each, Runner, Stage
from shared.service import RELEASE, running

NAME = "validator"
READS = (InstanceAnonymised.topic,)
AGAIN = (CleanRequeued.topic,)
WRITES = (InstanceValidated.topic, InstanceRejected.topic, CleanDeadLetter.topic, CleanLetterSettled.topic)


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service:
        clean = storage.open_bucket(settings, "clean")
        service.verify_topics((*READS, *AGAIN, *WRITES))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or NAME, writes=False))
        stage = Stage(
            name=NAME,
            handling=Each(NAME, Validate(clean=clean), settings.concurrency),
            dead_letters=DeadLetters(NAME, RELEASE),
            batch_size=settings.batch_size,
        )
        source = KafkaLog(
            settings.kafka_bootstrap_servers, NAME, settings.instance, READS, bulk=AGAIN, lost=settings.lost_offsets
        )
        Runner(stage, source, service.health, service.stop).run()


if __name__ == "__main__":
    main()
