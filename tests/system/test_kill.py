"""`kill -9` of every service in the middle of a run: nothing lost, nothing doubled."""

import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support import books
from tests.support.generated import Item, ct
from tests.support.persistent import PersistentSender
from tests.support.pipeline import Pipeline
from tests.support.stack import SERVICES, Stack
from tests.support.waiting import until

IMAGES, STUDIES, COLLECTION = 200, 4, 800
SITES = {"site-kill-a": "KILL_A", "site-kill-b": "KILL_B"}
STAGES = ("anonymiser", "validator", "indexer", "thumbnailer")
BURST = IMAGES // (len(SERVICES) + 1) // len(SITES)
"""Images of each site between two kills; the last burst comes after the last kill."""


class Visitor(threading.Thread):
    """Keeps the gateway busy."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self._url = stack.gateway
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            try:
                httpx.get(f"{self._url}/studies?limit=50", timeout=5)
            except httpx.HTTPError:
                self._over.wait(0.2)

    def stop(self) -> None:
        self._over.set()


@pytest.fixture
def senders(stack: Stack) -> Iterator[dict[str, PersistentSender]]:
    ready = {
        site: PersistentSender(stack.dicom_port, title, collection(number))
        for number, (site, title) in enumerate(SITES.items())
    }
    for sender in ready.values():
        sender.start()
    yield ready
    for sender in ready.values():
        sender.stop()
        sender.join(30)


def collection(number: int) -> list[Item]:
    return [ct(COLLECTION + number, image, studies=STUDIES) for image in range(IMAGES // len(SITES))]


@pytest.mark.timeout(240)
def test_every_service_is_killed_once(pipeline: Pipeline, senders: dict[str, PersistentSender]) -> None:
    stack, visitor = pipeline.stack, Visitor(pipeline.stack)
    dead_before = books.dead_letters(pipeline)
    handled_before = {stage: handled(stack, stage) for stage in STAGES}

    def answered() -> int:
        return sum(sender.answered for sender in senders.values())

    def is_busy(service: str, start: int) -> bool:
        """Whether the service has work of this run before it."""
        if service == "receiver":
            return answered() > start and not all(sender.waiting for sender in senders.values())
        if service in STAGES:
            return answered() > handled(stack, service) - handled_before[service] and answered() > start
        return answered() > books.indexed(pipeline, list(SITES)) and answered() > start

    visitor.start()
    for service in SERVICES:
        start = answered()
        for sender in senders.values():
            sender.allow(BURST)
        kill_while(lambda: is_busy(service, start), stack, service)  # noqa: B023
        assert answered() < IMAGES, f"the run was over before {service} was killed"
        until(lambda: all(sender.waiting for sender in senders.values()), "the burst has been taken", 60)
    for sender in senders.values():
        sender.allow(IMAGES)
    visitor.stop()
    until(lambda: answered() == IMAGES, "everything was answered with success", 60)
    assert sum(sender.failures for sender in senders.values()) >= 1, "no sender has noticed the receiver's death"
    check_end(pipeline, dead_before)


def handled(stack: Stack, stage: str) -> float:
    topic = {"anonymiser": "identified.instance.received", "validator": "clean.instance.anonymised"}
    labels = {"stage": stage, "topic": topic.get(stage, "clean.instance.validated")}
    return stack.metric(stage, "isocentre_stage_records_total", **labels)


def kill_while(busy: Callable[[], bool], stack: Stack, service: str) -> None:
    """Kill it as soon as it is busy, and wait until the supervisor has it working again."""
    until(busy, f"{service} has something to do", 20, every=0.002)
    restarts = stack.process(service)["restarts"]
    pid = stack.kill(service)
    until(lambda: stack.ready(service, not_pid=pid), f"{service} works again", 60)
    assert stack.process(service)["restarts"] == restarts + 1


def check_end(pipeline: Pipeline, dead_before: int) -> None:
    """Wait for the pipeline to come to rest, then compare everything."""
    sites = list(SITES)
    until(lambda: books.indexed(pipeline, sites) >= IMAGES, "all are indexed", 60)
    until(lambda: books.pictures(pipeline, sites) >= IMAGES, "all have a picture", 60)
    until(lambda: len(books.records_of(pipeline, "clean.instance.indexed", sites)) >= IMAGES, "all are announced", 30)
    sent = {site: collection(number) for number, site in enumerate(sites)}
    books.check(pipeline, sent)
    assert books.dead_letters(pipeline) == dead_before
    each = IMAGES // len(SITES)
    for site in sites:
        wanted = {"anonymised": each, "validated": each, "indexed": each, "thumbnailed": each}
        until(lambda: books.counted(pipeline, site).items() >= wanted.items(), f"{site} is counted", 30)  # noqa: B023
    of_size = {each // STUDIES: STUDIES * len(SITES)}
    until(lambda: books.studies(pipeline, sites) == of_size, "all studies are complete", 60)
