"""Two sites that send in bursts, and whether what they sent came to its end, once. Black box."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support import books
from tests.support.generated import Item, ct
from tests.support.persistent import PersistentSender
from tests.support.pipeline import Pipeline
from tests.support.stack import Stack
from tests.support.waiting import until

STAGES = ("anonymiser", "validator", "indexer", "thumbnailer")
READS = {"anonymiser": "identified.instance.received", "validator": "clean.instance.anonymised"}


@dataclass(frozen=True)
class Sending:
    """What each of some sites sends: as many images, in as many studies."""

    titles: Mapping[str, str]
    collection: int
    images: int
    studies: int

    def items(self) -> dict[str, list[Item]]:
        """By site."""
        return {
            site: [ct(self.collection + number, image, studies=self.studies) for image in range(self.images)]
            for number, site in enumerate(self.titles)
        }


class Flow:
    """Its senders on one stack."""

    def __init__(self, pipeline: Pipeline, sending: Sending) -> None:
        self.pipeline = pipeline
        self.sending = sending
        self.total = sending.images * len(sending.titles)
        self._sites = list(sending.titles)
        self._senders = [
            PersistentSender(pipeline.stack.dicom_port, sending.titles[site], items)
            for site, items in sending.items().items()
        ]
        self._dead = books.dead_letters(pipeline)
        self._handled = {stage: handled(pipeline.stack, stage) for stage in STAGES}

    @contextmanager
    def running(self) -> Iterator[None]:
        """They send, as far as `allow` lets them, within this block."""
        for sender in self._senders:
            sender.start()
        try:
            yield
        finally:
            for sender in self._senders:
                sender.stop()
                sender.join(30)

    def allow(self, more: int) -> None:
        """Let each site send so many more."""
        for sender in self._senders:
            sender.allow(more)

    @property
    def answered(self) -> int:
        """How many were answered with success."""
        return sum(sender.answered for sender in self._senders)

    @property
    def failures(self) -> int:
        """How many tries of the senders failed."""
        return sum(sender.failures for sender in self._senders)

    @property
    def waiting(self) -> bool:
        """Whether all have sent what they may."""
        return all(sender.waiting for sender in self._senders)

    def is_busy(self, service: str, start: int) -> bool:
        """Whether the service has work before it of what was sent after the first `start`."""
        if self.answered <= start:
            return False
        if service == "receiver":
            return not self.waiting
        if service in STAGES:
            return self.answered > handled(self.pipeline.stack, service) - self._handled[service]
        return self.answered > books.indexed(self.pipeline, self._sites)

    def check_end(self) -> None:
        """Wait for the pipeline to come to rest, then compare everything."""
        until(lambda: self.answered == self.total, "everything was answered with success", 60)
        pipeline, sites, total = self.pipeline, self._sites, self.total
        until(lambda: books.indexed(pipeline, sites) >= total, "all are indexed", 60)
        until(lambda: books.pictures(pipeline, sites) >= total, "all have a picture", 60)
        until(
            lambda: len(books.records_of(pipeline, "clean.instance.indexed", sites)) >= total, "all are announced", 30
        )
        books.check(pipeline, self.sending.items())
        assert books.dead_letters(pipeline) == self._dead
        each = self.sending.images
        for site in sites:
            wanted = {"anonymised": each, "validated": each, "indexed": each, "thumbnailed": each}
            until(lambda: books.counted(pipeline, site).items() >= wanted.items(), f"{site} is counted", 30)  # noqa: B023
        of_size = {each // self.sending.studies: self.sending.studies * len(sites)}
        until(lambda: books.studies(pipeline, sites) == of_size, "all studies are complete", 60)
        until(lambda: ledger(pipeline.stack, sites) == {"clean": total}, "the ledger has them all, and as clean", 60)


def handled(stack: Stack, stage: str) -> float:
    """Live records that the stage has finished since it was started."""
    labels = {"stage": stage, "topic": READS.get(stage, "clean.instance.validated")}
    return stack.metric(stage, "isocentre_stage_records_total", **labels)


def ledger(stack: Stack, sites: Sequence[str]) -> dict[str, int]:
    """How many arrivals of these sites are in which state."""
    return dict(stack.ledger("SELECT state, count(*) FROM arrival WHERE site = ANY(%s) GROUP BY state", list(sites)))
