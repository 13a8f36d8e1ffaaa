"""Wires the anonymiser together and runs it."""

from services.anonymiser.handler import Anonymise
from services.anonymiser.settings import Settings
from shared import storage
from shared.dicom.identity import Pseudonyms
from shared.events import (
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    InstanceAnonymised,
    InstanceHeld,
    InstanceReceived,
)
from shared.kafka import KafkaLog
from shared.runner import DeadLetters, Each, Runner, Stage
from shared.service import RELEASE, running

NAME = "anonymiser"
READS = (InstanceReceived.topic,)
WRITES = (
    InstanceAnonymised.topic,
    InstanceHeld.topic,
    IdentifiedInstanceQuarantined.topic,
    IdentifiedInstanceRejected.topic,
    IdentifiedDeadLetter.topic,
)


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service:
        identified = storage.open_bucket(settings, "identified")
        clean = storage.open_bucket(settings, "clean")
        service.verify_topics((*READS, *WRITES))
        service.verify("store", lambda: storage.probe(identified, settings.s3_access_key, writes=False))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key, writes=True))
        handle = Anonymise(identified=identified, clean=clean, pseudonyms=Pseudonyms(settings.project_key()))
        stage = Stage(
            name=NAME,
            handling=Each(NAME, handle, settings.concurrency),
            dead_letters=DeadLetters(NAME, RELEASE, identified=True),
            batch_size=settings.batch_size,
        )
        source = KafkaLog(settings.kafka_bootstrap_servers, NAME, settings.instance, READS)
        Runner(stage, source, service.health, service.stop).run()


if __name__ == "__main__":
    main()
