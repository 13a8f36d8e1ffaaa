"""Which files are taken, and that nothing is ever written over."""

import os
import stat
from pathlib import Path

import pytest

from infra.alone.files import Exists, NoFile, inputs, opened, within, write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with all that may lie in one."""
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "d.dcm").mkdir()
    for name in ("z", "a", "b/one", "b/c/two", "d.dcm/three"):
        (tmp_path / name).write_bytes(b"x")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "up").symlink_to(tmp_path)
    return tmp_path


def test_files_of_any_depth_in_order_and_links_to_folders_not_followed(tree: Path):
    found = [path.relative_to(tree).as_posix() for path in inputs(tree)]
    assert found == ["a", "dangling", "fifo", "loop", "z", "b/one", "b/c/two", "d.dcm/three"]
    assert list(inputs(tree / "a")) == [tree / "a"]


def test_a_folder_that_cannot_be_read_is_not_passed_over_in_silence(tmp_path: Path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    (tmp_path / "first" / "file").write_bytes(b"x")
    found = inputs(tmp_path)
    assert next(found) == tmp_path / "first" / "file"
    (tmp_path / "second").rmdir()
    assert list(found) == [tmp_path / "second"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fifo", "no-regular-file"),
        ("b", "no-regular-file"),
        ("dangling", "unreadable-file"),
        ("loop", "unreadable-file"),
        ("nowhere", "unreadable-file"),
        ("empty", "empty-file"),
    ],
)
def test_what_is_no_regular_file_is_refused_and_says_why(tree: Path, name: str, why: str):
    (tree / "empty").touch()
    with pytest.raises(NoFile) as refused, opened(tree / name):
        pass
    assert refused.value.why == why


def test_bytes_that_somebody_holds_on_to_outlive_the_file(tree: Path):
    with opened(tree / "a") as data:
        kept = data[:]
    assert bytes(kept) == b"x"


def test_a_result_is_whole_and_its_owners_alone(tmp_path: Path):
    target = tmp_path / "study" / "series" / "one.dcm"
    write(target, (b"part ", memoryview(b"by part")))
    assert target.read_bytes() == b"part by part"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) & 0o007 == 0
    assert list(target.parent.iterdir()) == [target]


def no_links(*arguments: object, **more: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_nothing_is_written_over_with_or_without_links(links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if not links:  # as on exFAT
        monkeypatch.setattr(os, "link", no_links)
    target = tmp_path / "one.dcm"
    write(target, (b"one",))
    before = target.stat()
    write(target, (b"one",))
    for other in (b"two", b"longer", b""):
        with pytest.raises(Exists):
            write(target, (other,))
    assert target.read_bytes() == b"one"
    assert target.stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in tmp_path.iterdir()] == ["one.dcm"]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path):
    precious = tmp_path / "precious"
    (tmp_path / "one.dcm").symlink_to(precious)
    with pytest.raises((Exists, OSError)):
        write(tmp_path / "one.dcm", (b"one",))
    assert not precious.exists()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="space"):
        write(tmp_path / "one.dcm", (b"one",))
    assert list(tmp_path.iterdir()) == []


def test_within_sees_through_links_and_needs_no_file(tree: Path):
    assert within(tree / "b" / "new", tree)
    assert within(tree / "up" / "new", tree)
    assert within(tree, tree)
    assert not within(tree.parent / "other", tree)
    assert not within(tree / "b" / ".." / ".." / "other", tree)
    assert within(tree / "loop", tree)
