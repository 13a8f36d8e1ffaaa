"""Wires the thumbnailer together and runs it."""

from services.thumbnailer.handler import Thumbnail
from services.thumbnailer.render import render
from services.thumbnailer.settings import Settings
from services.thumbnailer.worker import Renderer
from shared import storage
from shared.events import CleanDeadLetter, CleanLetterSettled, CleanRequeued, InstanceThumbnailed, InstanceValidated
from shared.kafka import KafkaLog
from shared.runner import DeadLetters, Each, Runner, Stage
from shared.service import RELEASE, running
from shared.settings import MIB

NAME = "thumbnailer"
READS = (InstanceValidated.topic,)
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
        service.verify_topics((*READS, *AGAIN, *WRITES))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or NAME, writes=False))
        service.verify("store", lambda: storage.probe(derived, settings.s3_access_key or NAME, writes=True))
        stage = Stage(
            name=NAME,
            handling=Each(NAME, Thumbnail(clean=clean, derived=derived, render=renderer.render), settings.concurrency),
            dead_letters=DeadLetters(NAME, RELEASE),
            batch_size=settings.batch_size,
        )
        source = KafkaLog(
            settings.kafka_bootstrap_servers, NAME, settings.instance, READS, bulk=AGAIN, lost=settings.lost_offsets
        )
        Runner(stage, source, service.health, service.stop).run()


if __name__ == "__main__":
    main()
