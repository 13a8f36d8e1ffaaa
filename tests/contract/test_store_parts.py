"""Large objects by S3: in parts, each confirmed; what was begun and not finished goes."""

import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from socket import socket

import pytest

from infra.local.state import Stack
from shared.outcome import Transient
from shared.storage import TreeStore, parts
from shared.storage.bucket import Bucket
from shared.storage.content import InMemory
from shared.storage.s3 import S3Store
from shared.storage.wire import Wire
from tests.support.filed import filed

PART = 5 * 1024 * 1024
"""The smallest that the server takes."""

DAY, NOW = timedelta(days=1), timedelta(0)

UPLOADER = """
import os, signal, sys
from pathlib import Path
from shared.storage import connect, parts
from shared.storage.bucket import Bucket

class Killed(Bucket):
    def send(self, key, body, query=None, headers=None):
        if query["partNumber"] == "2":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().send(key, body, query, headers)

parts.PART = 5 * 1024 * 1024
store = connect(*sys.argv[1:5])
store._bucket.__class__ = Killed
store.put(sys.argv[5], Path(sys.argv[6]).read_bytes())
"""


@pytest.fixture
def bucket(components: Stack, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket `identified`, as the receiver sees it."""
    monkeypatch.setattr(parts, "PART", PART)
    keys = components.object_store.users["receiver"]
    return Bucket(Wire(components.object_store.endpoint), keys.access_key, keys.secret_key, "identified")


@pytest.fixture
def store(bucket: Bucket) -> Iterator[S3Store]:
    store = S3Store(bucket)
    yield store
    store.abort_orphans(NOW)


def unfinished(bucket: Bucket) -> list[str]:
    """Keys of the uploads that are under way, as the server tells."""
    return [found.text("Key") for page in bucket.pages({"uploads": ""}, {}) for found in page.all("Upload")]


def new_key() -> str:
    return f"parts/{secrets.token_hex(8)}.dcm"


@pytest.mark.parametrize("size", [PART + 1, 2 * PART, 2 * PART + 12_345])
def test_an_object_in_parts_is_whole(store: S3Store, bucket: Bucket, size: int, tmp_path: Path) -> None:
    data, key = secrets.token_bytes(size), new_key()
    (tmp_path / "file").write_bytes(data)
    for content in (filed(tmp_path / "file"), memoryview(data)):
        store.put(key, content, "application/x-large")
        assert store.get(key) == data
        assert bucket.ask("HEAD", key).headers["content-type"] == "application/x-large"
    assert unfinished(bucket) == []


def damaging(method: Callable[[InMemory, socket], None]) -> Callable[[InMemory, socket], None]:
    """The way to the server changes a byte of what is large."""

    def send(body: InMemory, to: socket) -> None:
        damaged = bytearray(body.view)
        if len(damaged) > 1000:
            damaged[500] ^= 1
        method(InMemory(memoryview(damaged)), to)

    return send


@pytest.mark.parametrize("size", [5000, PART + 1])
def test_what_is_damaged_on_its_way_is_not_stored(
    store: S3Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    key = new_key()
    monkeypatch.setattr(InMemory, "send", damaging(InMemory.send))
    with pytest.raises(Transient):
        store.put(key, secrets.token_bytes(size))
    assert not store.exists(key)
    assert unfinished(bucket) == []


def test_an_upload_that_fails_is_aborted_at_once(
    store: S3Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def fail(*_: object) -> None:
        seen.append(unfinished(bucket))
        raise Transient("away")

    key = new_key()
    monkeypatch.setattr(parts, "_complete", fail)
    with pytest.raises(Transient):
        store.put(key, secrets.token_bytes(PART + 1))
    assert seen == [[key]]
    assert unfinished(bucket) == []
    assert not store.exists(key)


def test_what_a_killed_process_left_is_aborted_when_it_is_old(
    components: Stack, store: S3Store, bucket: Bucket, tmp_path: Path
) -> None:
    keys, file, key = components.object_store.users["receiver"], tmp_path / "file", new_key()
    file.write_bytes(secrets.token_bytes(2 * PART))
    target = (components.object_store.endpoint, keys.access_key, keys.secret_key, "identified", key)
    ended = subprocess.run([sys.executable, "-c", UPLOADER, *target, str(file)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert unfinished(bucket) == [key]
    assert store.abort_orphans(DAY) == 0
    # Its parts lie where the tree has its drafts, but they are the server's.
    assert TreeStore(components.object_store.tree, "identified").abort_orphans(NOW) == 0
    assert unfinished(bucket) == [key]
    assert store.abort_orphans(NOW) == 1
    assert unfinished(bucket) == []


@pytest.mark.parametrize(
    ("user", "name"), [("receiver", "identified"), ("anonymiser", "clean"), ("thumbnailer", "derived")]
)
def test_each_writer_may_look_for_them_and_nobody_else(components: Stack, user: str, name: str) -> None:
    def as_user(user: str) -> S3Store:
        keys = components.object_store.users[user]
        return S3Store(Bucket(Wire(components.object_store.endpoint), keys.access_key, keys.secret_key, name))

    assert as_user(user).abort_orphans(DAY) == 0
    with pytest.raises(Transient, match="AccessDenied"):
        as_user("validator").abort_orphans(DAY)
