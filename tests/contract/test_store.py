"""What every store must do: one suite for the fake and for the real S3 server."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.state import Stack
from shared import storage
from shared.outcome import Transient
from shared.storage import ObjectNotFound, Store
from tests.support.memory_store import MemoryStore


def _s3(components: Stack, bucket: str = "clean") -> Store:
    root = components.object_store.root
    return storage.connect(components.object_store.endpoint, root.access_key, root.secret_key, bucket)


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    return MemoryStore("clean") if request.param == "memory" else _s3(request.getfixturevalue("components"))


@pytest.fixture
def prefix() -> str:
    return f"contract/{secrets.token_hex(6)}"


@pytest.mark.parametrize("size", [0, 1, 20_000, 6 * 1024 * 1024])
def test_gives_back_what_was_put(store: Store, prefix: str, size: int) -> None:
    data = secrets.token_bytes(size)
    store.put(f"{prefix}/a.dcm", data)
    assert store.get(f"{prefix}/a.dcm") == data


@pytest.mark.parametrize("size", [1, 6 * 1024 * 1024])
def test_takes_a_view_or_a_file(store: Store, prefix: str, size: int, tmp_path: Path) -> None:
    data = secrets.token_bytes(size)
    store.put(f"{prefix}/view.dcm", memoryview(b"before" + data)[6:])
    (tmp_path / "file").write_bytes(data)
    store.put(f"{prefix}/file.dcm", tmp_path / "file")
    assert store.get(f"{prefix}/view.dcm") == store.get(f"{prefix}/file.dcm") == data


def test_a_second_put_replaces(store: Store, prefix: str) -> None:
    store.put(f"{prefix}/a.dcm", b"one")
    store.put(f"{prefix}/a.dcm", b"two")
    assert store.get(f"{prefix}/a.dcm") == b"two"
    assert list(store.keys(prefix)) == [f"{prefix}/a.dcm"]


def test_tells_what_exists(store: Store, prefix: str) -> None:
    store.put(f"{prefix}/a.dcm", b"x")
    assert store.exists(f"{prefix}/a.dcm")
    assert not store.exists(f"{prefix}/b.dcm")
    assert not store.exists(prefix)


def test_a_missing_object_is_no_transient_trouble(store: Store, prefix: str) -> None:
    with pytest.raises(ObjectNotFound):
        store.get(f"{prefix}/nothing.dcm")


def test_lists_keys_in_order_and_by_prefix_only(store: Store, prefix: str) -> None:
    for name in ("b/2.dcm", "a/1.dcm", "b/1.dcm"):
        store.put(f"{prefix}/{name}", b"x")
    assert list(store.keys(f"{prefix}/b")) == [f"{prefix}/b/1.dcm", f"{prefix}/b/2.dcm"]
    assert list(store.keys(f"{prefix}/")) == [f"{prefix}/{name}" for name in ("a/1.dcm", "b/1.dcm", "b/2.dcm")]


def test_delete_is_idempotent(store: Store, prefix: str) -> None:
    store.put(f"{prefix}/a.dcm", b"x")
    store.delete(f"{prefix}/a.dcm")
    store.delete(f"{prefix}/a.dcm")
    assert not store.exists(f"{prefix}/a.dcm")


def _away(kind: str) -> Store:
    if kind == "memory":
        away = MemoryStore("clean")
        away.away = True
        return away
    # Port 9 (discard) of loopback: nobody listens there.
    return storage.connect("http://127.0.0.1:9", "user", "secret", "clean")


@pytest.mark.parametrize("kind", ["memory", "s3"])
@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.put("a", b"x"),
        lambda store: store.get("a"),
        lambda store: store.exists("a"),
        lambda store: list(store.keys()),
        lambda store: store.delete("a"),
    ],
    ids=["put", "get", "exists", "keys", "delete"],
)
def test_a_store_that_does_not_answer_is_transient_trouble(kind: str, call: Callable[[Store], object]) -> None:
    with pytest.raises(Transient):
        call(_away(kind))


def test_a_wrong_secret_waits_for_a_person_and_loses_nothing(components: Stack) -> None:
    root = components.object_store.root
    wrong = storage.connect(components.object_store.endpoint, root.access_key, "wrong", "clean")
    with pytest.raises(storage.AccessDenied):
        wrong.get("a")


@pytest.mark.parametrize(
    ("user", "bucket", "writes"),
    [
        ("receiver", "identified", True),
        ("anonymiser", "identified", False),
        ("anonymiser", "clean", True),
        ("validator", "clean", False),
        ("indexer", "clean", False),
        ("thumbnailer", "clean", False),
        ("thumbnailer", "derived", True),
        ("gateway", "clean", False),
        ("gateway", "derived", False),
    ],
)
def test_each_service_passes_its_probe(components: Stack, user: str, bucket: str, writes: bool) -> None:
    keys = components.object_store.users[user]
    store = storage.connect(components.object_store.endpoint, keys.access_key, keys.secret_key, bucket)
    storage.probe(store, user, writes=writes)


@pytest.mark.parametrize("user", ["validator", "indexer", "thumbnailer", "gateway"])
def test_the_clean_side_cannot_read_the_identified_bucket(components: Stack, user: str) -> None:
    _s3(components, "identified").put("wall/a.dcm", b"x")
    keys = components.object_store.users[user]
    store = storage.connect(components.object_store.endpoint, keys.access_key, keys.secret_key, "identified")
    with pytest.raises(storage.AccessDenied):
        store.get("wall/a.dcm")
