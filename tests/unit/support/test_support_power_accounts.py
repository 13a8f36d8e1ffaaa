"""The accounts after a power cut see what is gone or spoiled in each of the three buckets."""

from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import pytest
from minio.error import S3Error

from tests.chaos.power_cut.accounts import INDEXED, PICTURED, losses
from tests.chaos.power_cut.load import Load
from tests.support.books import key_of
from tests.support.generated import ct
from tests.support.pipeline import RECEIVED, Pipeline

SITE, ITEM = "site-kill-a", ct(1, 1, studies=1)
KEY = key_of(SITE, ITEM)
PICTURE = b"\xff\xd8 a picture \xff\xd9"


class Node:
    """Of one acknowledged instance that came all the way."""

    def __init__(self) -> None:
        self.objects = {
            ("identified", KEY): bytes(128) + b"DICM" + ITEM.data_set,
            ("clean", "c"): b"clean",
            ("derived", "p"): PICTURE,
        }
        event = {"arrival": "a", "key": "c", "digest": sha256(b"clean").hexdigest(), "picture": "p"}
        self.events: dict[str, list[dict[str, Any]]] = {
            RECEIVED: [{"arrival": "a", "key": KEY}],
            INDEXED: [event],
            PICTURED: [event],
        }

    def read(self, bucket: str, key: str) -> bytes:
        if (bucket, key) not in self.objects:
            raise S3Error(cast(Any, None), "NoSuchKey", None, None, None, None)
        return self.objects[bucket, key]

    def rows(self, query: str) -> list[tuple[str]]:
        return [("a",)]

    @property
    def lost(self) -> set[str]:
        topics = SimpleNamespace(events=lambda topic: self.events.get(topic, []))
        load = Load()
        load.acknowledged[SITE].append(ITEM)
        found = losses(cast(Pipeline, SimpleNamespace(stack=self, topics=topics)), load)
        return {name for name in found.__dataclass_fields__ if getattr(found, name) == {KEY}}


def test_a_whole_node_has_lost_nothing() -> None:
    assert Node().lost == set()


@pytest.mark.parametrize(
    ("bucket", "key", "gone", "spoiled"),
    [
        ("identified", KEY, "gone", "damaged"),
        ("clean", "c", "unclean", "unclean"),
        ("derived", "p", "unseen", "unseen"),
    ],
)
def test_what_is_gone_or_spoiled_is_seen(bucket: str, key: str, gone: str, spoiled: str) -> None:
    node = Node()
    node.objects[bucket, key] = b""
    assert node.lost == {spoiled}
    del node.objects[bucket, key]
    assert node.lost == {gone}


def test_without_the_thumbnailers_word_there_is_no_end() -> None:
    node = Node()
    node.events[PICTURED] = []
    assert node.lost == {"endless"}
