"""A full disk is trouble that passes, and leaves nothing half behind."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.outcome import Transient
from shared.storage import Content, TreeStore
from shared.storage.walk import DRAFTS
from tests.support.disk import disk
from tests.support.filed import filed

MIB = 1024 * 1024


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Path]:
    with disk("ext4", tmp_path, mib=24) as small:
        (small.folder / "clean").mkdir()
        yield small.folder / "clean"


def fill(store: TreeStore, content: Content) -> None:
    for number in range(40):
        store.put(f"site/{number:02}.dcm", content)


@pytest.mark.parametrize("way", ["memory", "file"])
def test_a_full_disk_is_transient_and_told_by_its_name(bucket: Path, tmp_path: Path, way: str) -> None:
    store, data = TreeStore(bucket.parent, "clean"), secrets.token_bytes(MIB)
    (tmp_path / "spooled").write_bytes(data)
    content = data if way == "memory" else filed(tmp_path / "spooled")
    with pytest.raises(Transient) as full:
        fill(store, content)
    assert str(full.value) == "ENOSPC"
    there = list(store.keys())
    assert there
    assert all(store.get(key) == data for key in there)
    assert os.listdir(bucket / DRAFTS) == []
    store.delete(there[0])
    store.put("site/again.dcm", content)
    assert store.get("site/again.dcm") == data
