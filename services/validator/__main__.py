"""Wires the validator together and runs it."""

from services.validator.handler import Validate
from services.validator.settings import Settings
from shared import storage
from shared.events import CleanDeadLetter, InstanceAnonymised, InstanceRejected, InstanceValidated
from shared.kafka import KafkaLog
from shared.runner import DeadLetters, Each, Runner, Stage, open_journal
from shared.service import RELEASE, running

NAME = "validator"
READS = (InstanceAnonymised.topic,)
WRITES = (InstanceValidated.topic, InstanceRejected.topic, CleanDeadLetter.topic)


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service:
        clean = storage.open_bucket(settings, "clean")
        service.verify_topics((*READS, *WRITES))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or NAME, writes=False))
        stage = Stage(
            name=NAME,
            handling=Each(NAME, Validate(clean=clean), settings.concurrency),
            dead_letters=DeadLetters(NAME, RELEASE),
            batch_size=settings.batch_size,
            record_seconds=settings.record_seconds,
        )
        source = KafkaLog(settings.kafka_bootstrap_servers, NAME, settings.instance, READS, lost=settings.lost_offsets)
        journal = open_journal(settings.state_dir, settings.instance)
        Runner(stage, source, service.health, service.stop, journal).run()


if __name__ == "__main__":
    main()
