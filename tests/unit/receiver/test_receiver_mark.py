"""An end of the machine is told from an end of the process, and from one in order."""

from pathlib import Path

from services.receiver.mark import Mark


def test_a_first_start_is_clean(tmp_path: Path) -> None:
    assert not Mark(tmp_path / "state", "boot-1").unclean


def test_a_process_that_was_killed_has_lost_nothing(tmp_path: Path) -> None:
    Mark(tmp_path, "boot-1")
    assert not Mark(tmp_path, "boot-1").unclean


def test_a_machine_that_went_down_under_us_may_have(tmp_path: Path) -> None:
    Mark(tmp_path, "boot-1")
    assert Mark(tmp_path, "boot-2").unclean


def test_an_orderly_end_is_clean_on_any_boot(tmp_path: Path) -> None:
    Mark(tmp_path, "boot-1").ended()
    assert not Mark(tmp_path, "boot-2").unclean


def test_who_dies_before_all_is_made_good_begins_again(tmp_path: Path) -> None:
    Mark(tmp_path, "boot-1")
    again = Mark(tmp_path, "boot-2")
    again.ended()
    settled = Mark(tmp_path, "boot-2")
    assert again.unclean
    assert settled.unclean
    settled.settled()
    assert not Mark(tmp_path, "boot-2").unclean


def test_a_torn_mark_is_none_of_ours(tmp_path: Path) -> None:
    Mark(tmp_path, "boot-1")
    (tmp_path / "running").write_text("")
    assert Mark(tmp_path, "boot-1").unclean


def test_the_kernel_says_which_boot_it_is(tmp_path: Path) -> None:
    Mark(tmp_path)
    assert (tmp_path / "running").read_text() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
