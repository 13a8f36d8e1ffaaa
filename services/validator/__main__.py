"""Wires the validator together and runs it."""

from services.validator.handler import Validate
from services.validator.settings import Settings
from shared import storage
from shared.ended import Ended, retractions
from shared.events import (
    CleanDeadLetter,
    CleanLetterSettled,
    CleanRequeued,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceRejected,
    InstanceRetracted,
    InstanceValidated,
    InstanceValidatedInBulk,
)
from shared.runner import Each
from shared.service import running
from shared.stage import run_stage

NAME = "validator"
READS = (InstanceAnonymised.topic,)
BULK = (InstanceAnonymisedInBulk.topic,)
AGAIN = (CleanRequeued.topic,)
WRITES = (
    InstanceValidated.topic,
    InstanceValidatedInBulk.topic,
    InstanceRejected.topic,
    CleanDeadLetter.topic,
    CleanLetterSettled.topic,
)


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service:
        clean = storage.open_bucket(settings, "clean")
        service.verify_topics((*READS, *BULK, *AGAIN, *WRITES, InstanceRetracted.topic))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or NAME, writes=False))
        erased = Ended(lambda: retractions(settings.kafka_bootstrap_servers))
        handling = Each(NAME, Validate(clean=clean, erased=erased), settings.concurrency)
        run_stage(service, settings, handling, reads=READS, bulk=BULK, again=AGAIN)


if __name__ == "__main__":
    main()
