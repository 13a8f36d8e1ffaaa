"""Longer than `make test` has time for: kills at random moments, of services and of what they stand on."""

import random
import time
from collections.abc import Iterator

import pytest

from tests.support import books
from tests.support.generated import Item, ct
from tests.support.persistent import PersistentSender
from tests.support.pipeline import Pipeline
from tests.support.stack import SERVICES
from tests.support.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

IMAGES, STUDIES = 400, 5
SITES = {"site-kill-a": "KILL_A", "site-kill-b": "KILL_B"}
SECONDS = 60.0
"""How long it lasts: the images are spread over it."""

Kill = tuple[float, str]
"""Seconds after the one before, and which process."""


def collection(number: int) -> list[Item]:
    return [ct(1000 + number, image, studies=STUDIES) for image in range(IMAGES // len(SITES))]


def run(pipeline: Pipeline, kills: Iterator[Kill]) -> None:
    """Two sites send for a minute while things are killed; then compare everything."""
    dead_before, port = books.dead_letters(pipeline), pipeline.stack.dicom_port
    sent = {site: collection(number) for number, site in enumerate(SITES)}
    senders = [PersistentSender(port, SITES[site], items) for site, items in sent.items()]
    for sender in senders:
        sender.start()
    try:
        killed = send_and_kill(pipeline, senders, kills)
        until(lambda: sum(sender.answered for sender in senders) == IMAGES, "all was answered with success", 180)
    finally:
        for sender in senders:
            sender.stop()
            sender.join(30)
    assert len(killed) >= 2
    settle(pipeline)
    books.check(pipeline, sent, broker_was_away="kafka" in killed)
    assert books.dead_letters(pipeline) == dead_before


def send_and_kill(pipeline: Pipeline, senders: list[PersistentSender], kills: Iterator[Kill]) -> list[str]:
    """Send in step with the time; returns what was killed."""
    began, killed = time.monotonic(), []
    due, victim = next(kills)
    while (gone := time.monotonic() - began) < SECONDS:
        for sender in senders:
            sender.allow_up_to(int(gone / SECONDS * IMAGES / len(SITES)))
        if gone > due:
            # One that is still coming up is left alone: it would only wait longer for its next start.
            if pipeline.stack.process(victim)["state"] == "ready":
                pipeline.stack.kill(victim)
                killed.append(victim)
            pause, victim = next(kills)
            due = gone + pause
        time.sleep(0.05)
    for sender in senders:
        sender.allow_up_to(IMAGES)
    return killed


def settle(pipeline: Pipeline) -> None:
    sites = list(SITES)
    until(lambda: books.indexed(pipeline, sites) >= IMAGES, "all are indexed", 180)
    until(lambda: books.pictures(pipeline, sites) >= IMAGES, "all have a picture", 180)
    for topic in ("clean.instance.indexed", "clean.instance.thumbnailed"):
        until(lambda: len(books.records_of(pipeline, topic, sites)) >= IMAGES, f"all are in {topic}", 60)  # noqa: B023


def at_random(seed: int) -> Iterator[Kill]:
    chance = random.Random(seed)
    while True:
        yield chance.uniform(0.2, 4.0), chance.choice(SERVICES)


def again_and_again(name: str) -> Iterator[Kill]:
    while True:
        yield 12.0, name


@pytest.mark.parametrize(("seed", "store"), [(1, "tree"), (2, "s3")])
def test_services_are_killed_at_random(seed: int, pipeline: Pipeline) -> None:
    run(pipeline, at_random(seed))


@pytest.mark.parametrize(
    ("component", "store"), [("kafka", "tree"), ("versitygw", "s3"), ("postgres", "tree"), ("zipkin", "tree")]
)
def test_a_component_is_killed_again_and_again(component: str, pipeline: Pipeline) -> None:
    run(pipeline, again_and_again(component))
