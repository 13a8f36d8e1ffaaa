"""Wires the thumbnailer together and runs it."""

from services.thumbnailer.handler import Thumbnail, weight
from services.thumbnailer.render import render
from services.thumbnailer.settings import Settings
from services.thumbnailer.worker import Renderer
from shared import storage
from shared.ended import Ended, retractions
from shared.events import (
    CleanDeadLetter,
    CleanLetterSettled,
    CleanRequeued,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceValidated,
    InstanceValidatedInBulk,
)
from shared.runner import Each, Load
from shared.service import running
from shared.settings import MIB
from shared.stage import run_stage

NAME = "thumbnailer"
READS = (InstanceValidated.topic,)
BULK = (InstanceValidatedInBulk.topic,)
AGAIN = (CleanRequeued.topic,)
WRITES = (InstanceThumbnailed.topic, CleanDeadLetter.topic, CleanLetterSettled.topic)


def main() -> None:
    settings = Settings()
    pool = Renderer(
        render,
        workers=settings.render_workers,
        memory=settings.render_memory_mib * MIB,
        seconds=settings.render_seconds,
    )
    with running(NAME, settings) as service, pool as renderer:
        clean, derived = (storage.open_bucket(settings, bucket) for bucket in ("clean", "derived"))
        service.verify("rendering processes", renderer.warm)
        service.verify_topics((*READS, *BULK, *AGAIN, *WRITES, InstanceRetracted.topic))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or NAME, writes=False))
        service.verify("store", lambda: storage.probe(derived, settings.s3_access_key or NAME, writes=True))
        erased = Ended(lambda: retractions(settings.kafka_bootstrap_servers))
        handle = Thumbnail(clean=clean, derived=derived, render=renderer.render, erased=erased)
        handling = Each(NAME, handle, settings.concurrency, load=Load(settings.in_hand_mib * MIB, weight))
        run_stage(service, settings, handling, reads=READS, bulk=BULK, again=AGAIN)


if __name__ == "__main__":
    main()
