"""Asks topics, stores and database, each by itself, and has the books compare what they say."""

import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
from confluent_kafka import KafkaException
from minio.error import S3Error

from tests.chaos.rounds.books import FOLLOWED, Books, Findings, Surfaces, family, findings
from tests.chaos.rounds.following import Follower, Silent
from tests.chaos.rounds.sent import Sent
from tests.soak.books import syntax_of
from tests.support.stack import Stack

COUNTED = "clean.site.counted"
_ROWS = """
SELECT i.arrival, count(*), count(p.key) FROM instance i LEFT JOIN picture p USING (digest) GROUP BY i.arrival
"""
_STEPS = "SELECT count(*) FROM (SELECT 1 FROM journey GROUP BY arrival, step HAVING count(*) > 1) AS twice"


class Witnesses:
    """All of them for one stack. For one thread."""

    def __init__(self, stack: Stack, sent: Sent) -> None:
        self._stack, self._sent = stack, sent
        self._tree = Path(stack.told()["object_store"]["tree"])
        self.books = Books()
        self._known = Findings({}, {}, {})
        self._given_up: set[str] = set()
        self._counted: dict[str, int] = {}
        self._follower = Follower(stack.kafka, wanted=lambda topic: family(topic) in (*FOLLOWED, COUNTED))

    def close(self) -> None:
        self._follower.close()

    def settled(self, seconds: float) -> Findings:
        """What is wrong that was not so before, when nothing is, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            late = time.monotonic() > deadline
            try:
                self._follow()
                outstanding = self._outstanding()
                # The others are asked only when nothing is on its way any more.
                if late or not outstanding - self._given_up:
                    found = self.compared()
                    if late or not found.beyond(self._known):
                        return self._noted(found, outstanding)
            except (KafkaException, Silent, psycopg.Error, OSError) as away:
                if late:
                    raise AssertionError(f"a witness says nothing: {type(away).__name__}") from away
            time.sleep(0.5)

    def _noted(self, found: Findings, outstanding: set[str]) -> Findings:
        """What is wrong after one round is neither waited for nor told again after the next."""
        before, self._known = self._known, found
        self._given_up |= outstanding
        return found.beyond(before)

    def _follow(self) -> None:
        for record in self._follower.news():
            if record.topic == COUNTED:
                event = record.event()
                self._counted[event["site"]] = event["counts"].get("indexed", 0)
            else:
                self.books.add(record)

    def _outstanding(self) -> set[str]:
        wanted = {*self._sent.acknowledged, *self.keys("identified"), *self.books.arrivals}
        return set(self.books.outstanding(wanted))

    def compared(self) -> Findings:
        """All that they say now."""
        rows = {arrival: (rows, pictures) for arrival, rows, pictures in self._stack.rows(_ROWS)}
        there = Surfaces(
            raw=self.keys("identified"),
            clean=self.keys("clean"),
            derived=self.keys("derived"),
            rows=rows,
            steps=int(self._stack.rows(_STEPS)[0][0]),
            counted=sum(self._counted.values()),
        )
        return findings(self.books, self._sent.acknowledged, there)

    def keys(self, bucket: str) -> frozenset[str]:
        """Of the objects that lie there, by the files that the server serves."""
        root = self._tree / bucket
        return frozenset(_files(root, ""))

    def read_back(self) -> tuple[int, list[str]]:
        """How many objects were read through the server, and the keys of those that are not as they are said to be."""
        sound = {
            **{key: self._is_whole(key) for key in self._sent.acknowledged},
            **{key: sha256(self._read("clean", key)).hexdigest() == digest for key, digest in self.books.clean.items()},
            **{key: _is_jpeg(self._read("derived", key)) for key in self.books.pictures},
        }
        return len(sound), [key for key, whole in sound.items() if not whole]

    def _is_whole(self, key: str) -> bool:
        """A raw object's name is the digest of transfer syntax and data set."""
        file = self._read("identified", key)
        if not file.startswith(b"DICM", 128):
            return False
        begin = 144 + int.from_bytes(file[140:144], "little")
        return sha256(syntax_of(file[:2048]) + file[begin:]).hexdigest() == Path(key).stem

    def _read(self, bucket: str, key: str) -> bytes:
        """Nothing when there is no such object."""
        try:
            return self._stack.read(bucket, key)
        except S3Error as missing:
            if missing.code != "NoSuchKey":
                raise
            return b""


def _files(folder: Path, prefix: str) -> Iterator[str]:
    """But for what begins with a dot: the server's own."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(folder / entry.name, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}"


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9")
