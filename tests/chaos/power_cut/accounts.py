"""What became of what was acknowledged, asked of store, topics and database. Black box."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from minio.error import S3Error

from tests.chaos.power_cut.load import Load
from tests.support.books import key_of
from tests.support.generated import Item
from tests.support.pipeline import HELD, IN_BULK, RECEIVED, Pipeline
from tests.support.stack import Stack

INDEXED, REJECTED = "clean.instance.indexed", "clean.instance.rejected"
PICTURED = "clean.instance.thumbnailed"


@dataclass(frozen=True)
class Losses:
    """Keys of acknowledged instances that are not what they should be."""

    gone: frozenset[str]
    """There is no raw object."""
    damaged: frozenset[str]
    """There is one with other bytes."""
    untold: frozenset[str]
    """No event says that it was received."""
    endless: frozenset[str]
    """Neither indexed and at the thumbnailer, nor rejected, nor held."""
    unlisted: frozenset[str]
    """Said to be indexed, and the database does not know it."""

    unclean: frozenset[str]
    """Said to be indexed, and its de-identified object is gone or has other bytes."""
    unseen: frozenset[str]
    """Said to have a picture, and that is gone or not whole."""

    @property
    def bytes_lost(self) -> int:
        return len(self.gone | self.damaged)

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__dataclass_fields__)

    def __repr__(self) -> str:
        counts = {name: len(getattr(self, name)) for name in self.__dataclass_fields__}
        return ", ".join(f"{name} {count}" for name, count in counts.items())


def losses(pipeline: Pipeline, load: Load) -> Losses:
    """All of it as it is now."""
    kept = dict(_kept(pipeline.stack, load))
    told = [event for lane in (RECEIVED, IN_BULK) for event in pipeline.topics.events(lane)]
    arrivals = {event["key"]: event["arrival"] for event in told}
    by_arrival = {arrival: key for key, arrival in arrivals.items() if key in kept}
    clean = [event for event in pipeline.topics.events(INDEXED) if event["arrival"] in by_arrival]
    pictured = [event for event in pipeline.topics.events(PICTURED) if event["arrival"] in by_arrival]
    indexed = {event["arrival"] for event in clean}
    ended = {event["arrival"] for topic in (REJECTED, *HELD) for event in pipeline.topics.events(topic)}
    ended |= indexed & {event["arrival"] for event in pictured}
    listed = {arrival for (arrival,) in pipeline.stack.rows("SELECT arrival FROM journey WHERE step = 'indexer'")}
    return Losses(
        gone=frozenset(key for key, whole in kept.items() if whole is None),
        damaged=frozenset(key for key, whole in kept.items() if whole is False),
        untold=frozenset(kept.keys() - arrivals.keys()),
        endless=frozenset(key for key in kept if arrivals.get(key) not in ended),
        unlisted=frozenset(key for key in kept if (it := arrivals.get(key)) in indexed and it not in listed),
        unclean=frozenset(by_arrival[event["arrival"]] for event in clean if not _as_told(pipeline.stack, event)),
        unseen=frozenset(by_arrival[event["arrival"]] for event in pictured if not _shown(pipeline.stack, event)),
    )


def _kept(stack: Stack, load: Load) -> Iterator[tuple[str, bool | None]]:
    """By key, whether the raw object has the bytes that were sent; None when there is none."""
    for site, items in load.acknowledged.items():
        for item in items:
            key = key_of(site, item)
            yield key, _whole(stack, key, item)


def _whole(stack: Stack, key: str, item: Item) -> bool | None:
    raw = _read(stack, "identified", key)
    return None if raw is None else raw.startswith(b"DICM", 128) and raw.endswith(item.data_set)


def _as_told(stack: Stack, event: dict[str, Any]) -> bool:
    clean = _read(stack, "clean", event["key"])
    return clean is not None and sha256(clean).hexdigest() == event["digest"]


def _shown(stack: Stack, event: dict[str, Any]) -> bool:
    """Its picture, where it has one: what the store lost is no picture of."""
    if event.get("picture") is None:
        return True
    picture = _read(stack, "derived", event["picture"])
    return picture is not None and picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")


def _read(stack: Stack, bucket: str, key: str) -> bytes | None:
    """None when there is no such object."""
    try:
        return stack.read(bucket, key)
    except S3Error as missing:
        if missing.code != "NoSuchKey":
            raise
        return None
