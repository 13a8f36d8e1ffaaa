"""No draft stays in the tree, whatever fails: one that is a second name of a spooled file keeps all of that, too."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.outcome import Transient
from shared.storage import Content, TreeStore
from shared.storage.walk import DRAFTS
from tests.support.filed import filed

BUCKET, KEY, DATA = "identified", "site/a.dcm", b"x" * 10_000


@pytest.fixture
def tree(tmp_path: Path) -> TreeStore:
    (tmp_path / BUCKET / DRAFTS).mkdir(parents=True)
    return TreeStore(tmp_path, BUCKET)


def spooled(folder: Path) -> Content:
    (folder / "spooled").write_bytes(DATA)
    return filed(folder / "spooled")


def drafts(folder: Path) -> list[str]:
    return os.listdir(folder / BUCKET / DRAFTS)


def failing(call: Callable[..., Any], *, late: bool = False) -> Callable[..., Any]:
    """Fails for drafts that are there, before it does anything or `late`."""

    def fails(which: int | str, *arguments: Any, **named: Any) -> Any:
        path = os.readlink(f"/proc/self/fd/{which}") if isinstance(which, int) else str(which)
        if DRAFTS not in path or not os.path.isfile(path):
            return call(which, *arguments, **named)
        if late:
            call(which, *arguments, **named)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    return fails


OF_BOTH = ("setxattr", "fsync", "close", "rename")


@pytest.mark.parametrize(
    ("call", "way"),
    [("write", "memory"), ("open", "file"), *((call, way) for call in OF_BOTH for way in ("memory", "file"))],
)
def test_nothing_stays_of_what_fails(
    tree: TreeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, way: str
) -> None:
    content = DATA if way == "memory" else spooled(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, call, failing(getattr(os, call), late=call == "close"))
        with pytest.raises(Transient, match="EMFILE"):
            tree.put(KEY, content)
    assert drafts(tmp_path) == []
    tree.put(KEY, content)
    assert tree.get(KEY) == DATA


def test_a_file_that_is_put_twice_has_no_third_name(tree: TreeStore, tmp_path: Path) -> None:
    """POSIX: a rename onto another name of the same file does nothing."""
    content = spooled(tmp_path)
    tree.put(KEY, content)
    tree.put(KEY, content)
    assert drafts(tmp_path) == []
    (tmp_path / "spooled").unlink()
    assert (tmp_path / BUCKET / KEY).stat().st_nlink == 1
    assert tree.get(KEY) == DATA


def test_a_file_is_not_copied_because_there_is_no_folder_for_drafts_yet(tree: TreeStore, tmp_path: Path) -> None:
    (tmp_path / BUCKET / DRAFTS).rmdir()
    tree.put(KEY, spooled(tmp_path))
    assert (tmp_path / BUCKET / KEY).samefile(tmp_path / "spooled")
