"""A profile that holds all of a site is stopped after a hundred images; mended and released, all come through."""

import json
import subprocess
import sys
from itertools import count
from typing import Any

import pytest
import yaml

from tests.support import books
from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import ct
from tests.support.pipeline import ANONYMISED, LANES, Pipeline
from tests.support.stack import ROOT as CHECKOUT
from tests.support.stack import Stack
from tests.support.waiting import until

COLLECTION = 960
SITE, TITLE = "site-brake", "BRAKE"
SENT, FLOOR, BATCH = 140, 100, 16
OWN = """name: own-strict
base: research
title: What somebody wrote at night
rules:
  - {when: {Modality: {equals: [CT]}}, hold: true, why: a mistake}
"""


class Operator:
    """Somebody at the node: at its command line, and at its files."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._others = count()

    def __call__(self, *arguments: str) -> str:
        command = [sys.executable, "-c", "from infra.cli import main; main()", *arguments]
        home = str(self._stack.home)
        said = subprocess.run(
            [*command, "--home", home], cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False
        )
        assert said.returncode == 0, said.stderr
        return said.stdout

    def brakes(self, *options: str) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads(self("brake", "list", "--json", *options))
        return [one for one in told if one["site"] == SITE]

    def choose(self, profile: str) -> None:
        """Another profile for the site, once the anonymiser has read it."""
        before, file = self._readings(), self._stack.home / "sites.yaml"
        told = yaml.safe_load(file.read_text())
        next(site for site in told["sites"] if site["code"] == SITE)["profile"] = profile
        written = file.with_suffix(".new")
        written.write_text(yaml.safe_dump(told))
        written.rename(file)
        until(lambda: self._readings() > before, f"the anonymiser has read that {SITE} has {profile}", 60, 1.0)

    def _readings(self) -> int:
        """It looks at its files when something comes."""
        assert send_all(self._stack.dicom_port, [ct(COLLECTION + 1, next(self._others))]) == [SUCCESS]
        return self._stack.log("anonymiser").read_text().count("configuration-read")


def came_to(pipeline: Pipeline, topic: str) -> int:
    """How many of the site a step has told of, each of them once."""
    arrivals = [record.event()["arrival"] for record in books.records_of(pipeline, topic, [SITE])]
    assert len(arrivals) == len(set(arrivals)), topic
    return len(arrivals)


@pytest.mark.timeout(400)
def test_a_bad_profile_is_stopped_after_a_hundred_images(pipeline: Pipeline) -> None:
    stack, topics, operator = pipeline.stack, pipeline.topics, Operator(pipeline.stack)
    dead_before = books.dead_letters(pipeline)
    (stack.home / "profiles" / "own-strict.yaml").write_text(OWN)
    operator.choose("own-strict")

    # Held, until the brake says that this is unlikely; then the rest waits, and others go on.
    items = [ct(COLLECTION, number, studies=7) for number in range(SENT)]
    assert send_all(stack.dicom_port, items, calling=TITLE) == [SUCCESS] * SENT
    (brake,) = until(operator.brakes, "the brake is on", 120)
    assert (brake["stage"], brake["state"], brake["reason"]) == ("anonymiser", "on", "held-by-profile")
    held = until(lambda: topics.events("identified.instance.quarantined", site=SITE), "some are held")
    assert FLOOR <= len(held) < FLOOR + BATCH
    until(lambda: len(topics.events("identified.parked", site=SITE)) == SENT - len(held), "the rest is parked")
    other = ct(COLLECTION + 2, 0)
    assert send_all(stack.dicom_port, [other]) == [SUCCESS]
    assert pipeline.arrived(other.sop_instance_uid)
    assert stack.ready("anonymiser")
    assert stack.metric("anonymiser", "isocentre_stage_braked", site=SITE) == 1

    # Mended and released, what waited goes through; and what is held, when somebody has it tried again.
    operator.choose("research")
    assert came_to(pipeline, ANONYMISED) == 0
    operator("brake", "release", "anonymiser", "--site", SITE, "--ground", "rules-changed")
    until(lambda: came_to(pipeline, ANONYMISED) == SENT - len(held), "what waited goes through", 120)
    assert operator.brakes() == []
    assert [one["ended"] for one in operator.brakes("--all")] == ["released"]
    operator("quarantine", "retry", "--site", SITE, "--yes")
    until(lambda: books.pictures(pipeline, [SITE]) == SENT, "all have come all the way", 120)
    for topic in (*LANES, "clean.instance.indexed", "clean.instance.thumbnailed"):
        assert came_to(pipeline, topic) == SENT, topic
    assert len({record.id for record in books.records_of(pipeline, "identified.parked", [SITE])}) == SENT - len(held)
    assert books.indexed(pipeline, [SITE]) == SENT
    assert books.dead_letters(pipeline) == dead_before
    acts = topics.events("identified.audit.recorded", act="brake.release")
    assert [(event["site"], event["ground"]) for event in acts] == [(SITE, "rules-changed")]
