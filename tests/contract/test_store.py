"""What every store must do: one suite for the fake and for the real S3 server."""

import os
import secrets
import shutil
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from minio import Minio

from infra.local.state import Stack
from shared import storage
from shared.outcome import Transient
from shared.storage import ObjectNotFound, Store
from shared.storage.parts import PART
from shared.storage.walk import DRAFTS
from tests.support.filed import filed
from tests.support.memory_store import MemoryStore


def _s3(components: Stack, bucket: str = "clean") -> Store:
    root = components.object_store.root
    return storage.connect(components.object_store.endpoint, root.access_key, root.secret_key, bucket)


@pytest.fixture(params=["memory", "s3", "tree"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore("clean")
    components = request.getfixturevalue("components")
    return _s3(components) if request.param == "s3" else storage.TreeStore(components.object_store.tree, "clean")


@pytest.fixture
def prefix() -> str:
    return f"contract/{secrets.token_hex(6)}"


@pytest.mark.parametrize("size", [0, 1, 20_000, 6 * 1024 * 1024])
def test_gives_back_what_was_put(store: Store, prefix: str, size: int) -> None:
    data = secrets.token_bytes(size)
    store.put(f"{prefix}/a.dcm", data)
    assert store.get(f"{prefix}/a.dcm") == data


def test_gives_a_part(store: Store, prefix: str) -> None:
    data = secrets.token_bytes(100_000)
    store.put(f"{prefix}/a.dcm", data)
    assert store.part(f"{prefix}/a.dcm", 0, 1000) == data[:1000]
    assert store.part(f"{prefix}/a.dcm", 99_000, 5000) == data[99_000:]
    assert store.part(f"{prefix}/a.dcm", 100_000, 1) == store.part(f"{prefix}/a.dcm", 200_000, 1) == b""
    with pytest.raises(ObjectNotFound):
        store.part(f"{prefix}/b.dcm", 0, 1)


@pytest.mark.parametrize("size", [1, 6 * 1024 * 1024])
def test_takes_a_view_or_a_file(store: Store, prefix: str, size: int, tmp_path: Path) -> None:
    data = secrets.token_bytes(size)
    store.put(f"{prefix}/view.dcm", memoryview(b"before" + data)[6:])
    (tmp_path / "file").write_bytes(data)
    store.put(f"{prefix}/file.dcm", filed(tmp_path / "file"))
    assert store.get(f"{prefix}/view.dcm") == store.get(f"{prefix}/file.dcm") == data


@pytest.mark.parametrize("size", [20_000, PART + 20_000])
@pytest.mark.parametrize("harm", ["another byte", "less", "more", "gone"])
def test_a_file_that_is_not_what_was_written_is_not_stored(
    store: Store, prefix: str, size: int, harm: str, tmp_path: Path
) -> None:
    """A write-back that failed, say, after the sender's bytes had been counted."""
    (tmp_path / "file").write_bytes(secrets.token_bytes(size))
    content = filed(tmp_path / "file")
    with (tmp_path / "file").open("r+b") as file:
        file.seek(size - 10_000)
        byte = file.read(1)[0]
        file.seek(size - 10_000)
        if harm == "another byte":
            file.write(bytes([byte ^ 1]))
        file.truncate({"less": size - 1, "more": size + 1}.get(harm, size))
    if harm == "gone":
        (tmp_path / "file").unlink()
    with pytest.raises(Transient):
        store.put(f"{prefix}/a.dcm", content)
    assert not store.exists(f"{prefix}/a.dcm")


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
    store.put(f"{prefix}/a.dcm", b"x")
    for missing in ("nothing.dcm", "no/thing.dcm", "a.dcm/nothing.dcm"):
        with pytest.raises(ObjectNotFound):
            store.get(f"{prefix}/{missing}")
        with pytest.raises(ObjectNotFound):
            store.part(f"{prefix}/{missing}", 0, 1)
        with pytest.raises(ObjectNotFound):
            store.secure(f"{prefix}/{missing}")
        assert not store.exists(f"{prefix}/{missing}")


def test_what_is_there_can_be_secured(store: Store, prefix: str) -> None:
    store.put(f"{prefix}/a.dcm", b"x")
    store.secure(f"{prefix}/a.dcm")
    with pytest.raises(ObjectNotFound):
        store.secure(prefix)
    assert list(store.keys(prefix)) == [f"{prefix}/a.dcm"]


def test_lists_keys_in_order_and_by_prefix_only(store: Store, prefix: str) -> None:
    for name in ("b/2.dcm", "a/1.dcm", "b/1.dcm"):
        store.put(f"{prefix}/{name}", b"x")
    assert list(store.keys(f"{prefix}/b")) == [f"{prefix}/b/1.dcm", f"{prefix}/b/2.dcm"]
    assert list(store.keys(f"{prefix}/b/1")) == [f"{prefix}/b/1.dcm"]
    assert list(store.keys(f"{prefix}/")) == [f"{prefix}/{name}" for name in ("a/1.dcm", "b/1.dcm", "b/2.dcm")]
    assert list(store.keys(f"{prefix}/c/")) == []


def test_the_order_is_that_of_the_whole_keys(store: Store, prefix: str) -> None:
    """A hyphen and a full stop stand before the slash, digits behind it."""
    keys = [f"{prefix}/{name}" for name in ("a-b/1", "a.b", "a/1", "a/2/3", "a0", "ä/1")]
    for key in reversed(keys):
        store.put(key, b"x")
    assert list(store.keys(f"{prefix}/")) == keys
    assert [one.key for one in store.listed(f"{prefix}/")] == keys
    assert list(store.keys(f"{prefix}/a")) == keys[:-1]


def test_lists_age_and_size(store: Store, prefix: str) -> None:
    before = datetime.now(UTC)
    store.put(f"{prefix}/a.dcm", b"four")
    store.put(f"{prefix}/b.dcm", b"")
    (a, b) = store.listed(prefix)
    assert (a.key, a.size, b.key, b.size) == (f"{prefix}/a.dcm", 4, f"{prefix}/b.dcm", 0)
    # S3 tells whole seconds.
    assert before - timedelta(seconds=1) <= a.modified <= datetime.now(UTC)


def test_lists_more_than_a_page_of_the_server_holds(components: Stack, prefix: str) -> None:
    place = components.object_store.tree / "clean" / prefix
    place.mkdir(parents=True)
    names = [f"{number:04}" for number in range(1003)]
    for name in names:
        (place / name).touch()
    keys = [f"{prefix}/{name}" for name in names]
    assert list(_s3(components).keys(f"{prefix}/")) == keys
    assert [one.key for one in storage.TreeStore(components.object_store.tree, "clean").listed(f"{prefix}/")] == keys


def test_delete_is_idempotent(store: Store, prefix: str) -> None:
    store.put(f"{prefix}/a.dcm", b"x")
    store.delete(f"{prefix}/a.dcm")
    store.delete(f"{prefix}/a.dcm")
    assert not store.exists(f"{prefix}/a.dcm")


@pytest.mark.parametrize("size", [PART, PART + 1, 2 * PART])
def test_what_is_large_takes_no_memory_on_its_way_from_a_file(
    store: Store, prefix: str, size: int, tmp_path: Path
) -> None:
    if isinstance(store, MemoryStore):
        pytest.skip("it holds everything")
    file = tmp_path / "file"
    with file.open("wb") as large:
        large.truncate(size - 4)
        large.seek(0, os.SEEK_END)
        large.write(b"last")
    content = filed(file)
    tracemalloc.start()
    store.put(f"{prefix}/large.dcm", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024
    assert [one.size for one in store.listed(prefix)] == [size]
    assert store.get(f"{prefix}/large.dcm").endswith(b"\0last")
    store.delete(f"{prefix}/large.dcm")


def _away(kind: str) -> Store:
    if kind == "memory":
        away = MemoryStore("clean")
        away.away = True
        return away
    if kind == "tree":
        return storage.TreeStore(Path("/nowhere"), "clean")
    # Port 9 (discard) of loopback: nobody listens there.
    return storage.connect("http://127.0.0.1:9", "user", "secret", "clean")


@pytest.mark.parametrize("kind", ["memory", "s3", "tree"])
@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.put("a", b"x"),
        lambda store: store.get("a"),
        lambda store: store.part("a", 0, 1),
        lambda store: store.exists("a"),
        lambda store: store.secure("a"),
        lambda store: list(store.keys()),
        lambda store: list(store.listed()),
        lambda store: store.delete("a"),
        lambda store: store.abort_orphans(storage.ORPHANED),
    ],
    ids=["put", "get", "part", "exists", "secure", "keys", "listed", "delete", "abort"],
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


# --- the tree, and the server that serves it


@pytest.fixture
def tree(components: Stack) -> Store:
    return storage.TreeStore(components.object_store.tree, "clean")


@pytest.mark.parametrize("writer", ["s3", "tree"])
def test_what_one_writes_the_other_has(components: Stack, tree: Store, prefix: str, writer: str) -> None:
    one, other = (_s3(components), tree) if writer == "s3" else (tree, _s3(components))
    data = secrets.token_bytes(300_000)
    one.put(f"{prefix}/deep/er/a.dcm", data)
    assert other.get(f"{prefix}/deep/er/a.dcm") == data
    assert other.exists(f"{prefix}/deep/er/a.dcm")
    assert list(other.keys(prefix)) == [f"{prefix}/deep/er/a.dcm"]
    other.secure(f"{prefix}/deep/er/a.dcm")
    other.delete(f"{prefix}/deep/er/a.dcm")
    assert not one.exists(f"{prefix}/deep/er/a.dcm")
    assert list(one.keys(prefix)) == []


def test_the_server_tells_the_type_and_a_tag_of_what_the_tree_holds(
    components: Stack, tree: Store, prefix: str
) -> None:
    tree.put(f"{prefix}/a.json", b"{}", "application/json")
    root = components.object_store.root
    client = Minio(
        components.object_store.endpoint.removeprefix("http://"), root.access_key, root.secret_key, secure=False
    )
    told = client.stat_object("clean", f"{prefix}/a.json")
    assert told.content_type == "application/json"
    assert told.size == 2
    (listed,) = client.list_objects("clean", prefix=f"{prefix}/a.json")
    assert told.etag == listed.etag
    assert told.etag
    # 32 hexadecimal digits would be taken for an MD5.
    assert "-" in told.etag


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../../b", ".", "a/.sgwtmp/b", "a\0b"])
def test_a_key_does_not_lead_out_of_the_bucket(tree: Store, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        tree.put(key, b"x")


def test_many_write_while_others_empty_the_same_folders(tree: Store, prefix: str) -> None:
    def work(number: int) -> None:
        for turn in range(40):
            key = f"{prefix}/shared/{number}-{turn}.dcm"
            tree.put(key, b"x")
            tree.delete(key)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert list(tree.keys(prefix)) == []


def test_the_server_does_not_pass_for_durable(components: Stack) -> None:
    assert not _s3(components).durable


def test_drafts_of_the_dead_go_when_they_are_old_and_nothing_else(tree: Store, prefix: str, components: Stack) -> None:
    tree.put(f"{prefix}/a.dcm", b"x")
    drafts = components.object_store.tree / "clean" / DRAFTS
    old, young, folder = (drafts / secrets.token_hex(6) for _ in range(3))
    folder.mkdir()
    for file in (old, young, folder / "part"):
        file.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86400
    for file in (old, folder, folder / "part", components.object_store.tree / "clean" / prefix / "a.dcm"):
        os.utime(file, (two_days_ago, two_days_ago))
    assert tree.abort_orphans(storage.ORPHANED) == 1
    assert not old.exists()
    assert young.exists()
    assert (folder / "part").exists()
    assert tree.exists(f"{prefix}/a.dcm")
    shutil.rmtree(folder)
    young.unlink()


def test_a_writer_cleans_up_at_its_door(tree: Store, components: Stack) -> None:
    old = components.object_store.tree / "clean" / DRAFTS / secrets.token_hex(6)
    old.parent.mkdir(exist_ok=True)
    old.touch()
    os.utime(old, (0, 0))
    storage.probe(tree, "somebody", writes=False)
    assert old.exists()
    storage.probe(tree, "somebody", writes=True)
    assert not old.exists()


def test_a_file_of_the_same_disk_is_not_written_again(tree: Store, prefix: str, components: Stack) -> None:
    spooled = components.object_store.tree / secrets.token_hex(6)
    spooled.write_bytes(data := secrets.token_bytes(20_000))
    tree.put(f"{prefix}/a.dcm", filed(spooled))
    assert (components.object_store.tree / "clean" / prefix / "a.dcm").samefile(spooled)
    spooled.unlink()
    assert tree.get(f"{prefix}/a.dcm") == data
    assert _s3(components).get(f"{prefix}/a.dcm") == data


def test_a_file_of_another_disk_is_copied(tree: Store, prefix: str) -> None:
    spooled = Path("/dev/shm") / secrets.token_hex(6)
    spooled.write_bytes(data := secrets.token_bytes(20_000))
    tree.put(f"{prefix}/a.dcm", filed(spooled))
    spooled.unlink()
    assert tree.get(f"{prefix}/a.dcm") == data
