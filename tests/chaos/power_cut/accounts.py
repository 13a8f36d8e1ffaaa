"""What became of what was acknowledged, asked of store, topics and database. Black box."""

from collections.abc import Iterator
from dataclasses import dataclass

from minio.error import S3Error

from tests.chaos.power_cut.load import Load
from tests.support.books import key_of
from tests.support.generated import Item
from tests.support.pipeline import HELD, RECEIVED, Pipeline
from tests.support.stack import Stack

INDEXED, REJECTED = "clean.instance.indexed", "clean.instance.rejected"


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
    """Neither indexed, nor rejected, nor held."""
    unlisted: frozenset[str]
    """Said to be indexed, and the database does not know it."""

    @property
    def bytes_lost(self) -> int:
        return len(self.gone | self.damaged)

    def __bool__(self) -> bool:
        return bool(self.gone or self.damaged or self.untold or self.endless or self.unlisted)

    def __repr__(self) -> str:
        counts = {name: len(getattr(self, name)) for name in self.__dataclass_fields__}
        return ", ".join(f"{name} {count}" for name, count in counts.items())


def losses(pipeline: Pipeline, load: Load) -> Losses:
    """All of it as it is now."""
    kept = dict(_kept(pipeline.stack, load))
    arrivals = {event["key"]: event["arrival"] for event in pipeline.topics.events(RECEIVED)}
    indexed = {event["arrival"] for event in pipeline.topics.events(INDEXED)}
    ended = {event["arrival"] for topic in (REJECTED, *HELD) for event in pipeline.topics.events(topic)} | indexed
    listed = {arrival for (arrival,) in pipeline.stack.rows("SELECT arrival FROM journey WHERE step = 'indexer'")}
    return Losses(
        gone=frozenset(key for key, whole in kept.items() if whole is None),
        damaged=frozenset(key for key, whole in kept.items() if whole is False),
        untold=frozenset(kept.keys() - arrivals.keys()),
        endless=frozenset(key for key in kept if arrivals.get(key) not in ended),
        unlisted=frozenset(key for key in kept if (it := arrivals.get(key)) in indexed and it not in listed),
    )


def _kept(stack: Stack, load: Load) -> Iterator[tuple[str, bool | None]]:
    """By key, whether the raw object has the bytes that were sent; None when there is none."""
    for site, items in load.acknowledged.items():
        for item in items:
            key = key_of(site, item)
            yield key, _whole(stack, key, item)


def _whole(stack: Stack, key: str, item: Item) -> bool | None:
    try:
        raw = stack.read("identified", key)
    except S3Error as missing:
        if missing.code != "NoSuchKey":
            raise
        return None
    return raw.startswith(b"DICM", 128) and raw.endswith(item.data_set)
