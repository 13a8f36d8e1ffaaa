"""Counts what there is of some sites on every surface, so that losses and doubles show. Black box."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.generated import Item
from tests.support.pipeline import LANES, RECEIVED, Pipeline
from tests.support.topics import Record

STEPS = ("anonymised", "validated", "indexed", "thumbnailed")
DEAD_LETTERS = ("identified.dead-letter", "clean.dead-letter")


def key_of(site: str, item: Item) -> str:
    """Where the receiver keeps an item (DESIGN: object keys)."""
    digest = hashlib.sha256(item.transfer_syntax_uid.encode() + item.data_set).hexdigest()
    return f"{site}/{digest[:2]}/{digest}.dcm"


def records_of(pipeline: Pipeline, topic: str, sites: Sequence[str]) -> list[Record]:
    """On either lane: the sweep takes the other one."""
    return [
        record for record in pipeline.topics.records(*LANES.get(topic, (topic,))) if record.event().get("site") in sites
    ]


def dead_letters(pipeline: Pipeline) -> int:
    return len(pipeline.topics.records(*DEAD_LETTERS))


def indexed(pipeline: Pipeline, sites: Sequence[str]) -> int:
    query = "SELECT count(*) FROM instance WHERE site = ANY(%s)"
    return int(pipeline.stack.rows(query, list(sites))[0][0])


def pictures(pipeline: Pipeline, sites: Sequence[str]) -> int:
    query = "SELECT count(picture_key) FROM instance_found WHERE site = ANY(%s)"
    return int(pipeline.stack.rows(query, list(sites))[0][0])


def check(pipeline: Pipeline, sent: Mapping[str, Sequence[Item]], *, broker_was_away: bool = False) -> None:
    """Each item of each site went all the way, once: in the store, in every topic, in the index.

    When the broker was away it may have taken an event without telling, so that the sender was refused and the same
    event, under the same id, stands there twice.
    """
    stack, sites = pipeline.stack, list(sent)
    wanted = sorted(key_of(site, item) for site, items in sent.items() for item in items)
    kept = sorted(key for site in sites for key in stack.keys("identified", f"{site}/"))
    assert kept == wanted, "raw objects"
    for topic in (RECEIVED, *(f"clean.instance.{step}" for step in STEPS)):
        records = records_of(pipeline, topic, sites)
        assert len({record.id for record in records}) == len(wanted), f"lost in {topic}"
        assert len(records) == len(wanted) or broker_was_away, f"doubled in {topic}"
    for topic in ("clean.instance.rejected", "clean.instance.held", "clean.instance.unheld"):
        assert records_of(pipeline, topic, sites) == [], topic
    check_objects(pipeline, sites, len(wanted))
    rows = stack.rows("SELECT step, count(*) FROM journey WHERE site = ANY(%s) GROUP BY step", sites)
    assert {count for _, count in rows} == {len(wanted)}, rows
    assert indexed(pipeline, sites) == pictures(pipeline, sites) == len(wanted)


def check_objects(pipeline: Pipeline, sites: Sequence[str], count: int) -> None:
    """The objects of the clean zone are those that its events name, and no others."""
    events = [record.event() for record in records_of(pipeline, "clean.instance.thumbnailed", sites)]
    for bucket, field in (("clean", "key"), ("derived", "picture")):
        named = {event[field] for event in events}
        folders = {"/".join(key.split("/")[:2]) for key in named}
        there = [key for folder in folders for key in pipeline.stack.keys(bucket, f"{folder}/")]
        assert sorted(there) == sorted(named), bucket
        assert len(there) == count, bucket


def counted(pipeline: Pipeline, site: str) -> dict[str, int]:
    """What the tracker says of a site at last."""
    events = pipeline.topics.events("clean.site.counted", site=site)
    counts: dict[str, int] = events[-1]["counts"] if events else {}
    return counts


def studies(pipeline: Pipeline, sites: Sequence[str]) -> Counter[int]:
    """How many completed studies of so many instances the tracker tells of at last."""
    newest: dict[str, dict[str, Any]] = {}
    for record in records_of(pipeline, "clean.study.completed", sites):
        newest[record.event()["study_instance_uid"]] = record.event()
    return Counter(event["instances"] for event in newest.values())
