"""An end of the machine or its disk is told from an end of the process, and from one in order."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.receiver.__main__ import mark_in
from services.receiver.mark import Mark, life_on
from shared.dicom.raw_object import key_of
from tests.support.memory_store import MemoryStore


def mark(folder: Path, life: str = "boot-1", has_received: bool = True) -> Mark:
    return Mark(folder, life, lambda: has_received)


def started(folder: Path) -> Path:
    """A first start; the folder."""
    assert not mark(folder, has_received=False).unclean
    return folder


def test_a_first_start_is_clean(tmp_path: Path) -> None:
    assert not mark(tmp_path / "state", has_received=False).unclean


def test_where_the_mark_was_thrown_away_nobody_knows_how_the_life_before_ended(tmp_path: Path) -> None:
    started(tmp_path)
    (tmp_path / "running").unlink()
    assert mark(tmp_path).unclean


@pytest.mark.parametrize("has_received", [False, True])
def test_a_process_that_was_killed_has_lost_nothing(tmp_path: Path, has_received: bool) -> None:
    assert not mark(started(tmp_path), has_received=has_received).unclean


@pytest.mark.parametrize("has_received", [False, True])
def test_a_machine_that_went_down_under_us_may_have(tmp_path: Path, has_received: bool) -> None:
    assert mark(started(tmp_path), "boot-2", has_received).unclean


@pytest.mark.parametrize("life", ["boot-1", "boot-2"])
def test_an_orderly_end_is_clean_on_any_boot(tmp_path: Path, life: str) -> None:
    mark(started(tmp_path)).ended()
    assert not mark(tmp_path, life).unclean
    assert not mark(tmp_path, life).unclean, "and so is what is killed after it"


def test_a_copy_of_a_running_node_is_as_after_a_power_cut(tmp_path: Path) -> None:
    shutil.copytree(started(tmp_path / "node"), tmp_path / "copy")
    shutil.rmtree(tmp_path / "node")
    (tmp_path / "copy").rename(tmp_path / "node")
    assert mark(tmp_path / "node").unclean


def test_a_copy_of_a_node_at_rest_is_clean(tmp_path: Path) -> None:
    mark(started(tmp_path / "node")).ended()
    shutil.copytree(tmp_path / "node", tmp_path / "copy")
    assert not mark(tmp_path / "copy").unclean


def test_who_dies_before_all_is_made_good_begins_again(tmp_path: Path) -> None:
    again = mark(started(tmp_path), "boot-2")
    again.ended()
    settled = mark(tmp_path, "boot-2")
    assert again.unclean
    assert settled.unclean
    settled.settled()
    assert not mark(tmp_path, "boot-2").unclean


def test_a_torn_mark_is_none_of_ours(tmp_path: Path) -> None:
    (started(tmp_path) / "running").write_text("")
    assert mark(tmp_path).unclean


def test_the_kernel_says_which_boot_and_which_mounts_these_are(tmp_path: Path) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert life_on([]) == boot
    assert life_on([Path("/proc")]) == f"{boot} -", "nothing tells one from the next"
    assert life_on([tmp_path]) == life_on([tmp_path / "."])


def test_a_store_with_arrivals_tells_of_a_life_before(tmp_path: Path) -> None:
    settings: Any = SimpleNamespace(state_dir=tmp_path / "first", store_tree=None)
    store = MemoryStore("identified")
    store.put(".probe/receiver", b"probe")
    assert not mark_in(settings, store).unclean
    store.put(key_of("site-a", "ab" * 32), b"raw")
    assert not mark_in(settings, store).unclean, "its mark is there"
    settings.state_dir = tmp_path / "second"
    assert mark_in(settings, store).unclean
