"""The hand journal on a disk: what a worker notes, and what the one after it reads."""

import fcntl
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.runner.journal import Journal, open_journal
from shared.runner.suspects import Noted, Suspicion

A, B = ("topic", 0, 7), ("topic", 3, 2**40)
NOTED = Noted(in_hand=(A, B), hung=(B,), suspects={A: Suspicion(1, hung=True), B: Suspicion()})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = _opened(tmp_path)
    yield opened
    opened.close()


def _opened(folder: Path) -> Journal:
    opened = open_journal(folder, "0")
    assert opened is not None
    return opened


def test_a_new_one_says_nothing(journal: Journal) -> None:
    assert journal.read() == Noted()


def test_what_was_written_last_is_read(journal: Journal) -> None:
    journal.write(NOTED)
    assert journal.read() == NOTED
    journal.write(Noted(in_hand=(A,)))
    assert journal.read() == Noted(in_hand=(A,))


def test_it_outlives_its_worker(tmp_path: Path) -> None:
    before = _opened(tmp_path)
    before.write(NOTED)
    before.close()
    after = _opened(tmp_path)
    assert after.read() == NOTED
    after.close()


def test_it_makes_its_folder_and_shows_it_to_nobody_else(tmp_path: Path) -> None:
    _opened(tmp_path / "new").close()
    assert (tmp_path / "new" / "hand-0").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kept", range(0, 90, 3))
def test_what_was_cut_off_says_nothing(tmp_path: Path, kept: int) -> None:
    journal = _opened(tmp_path)
    journal.write(NOTED)
    file = tmp_path / "hand-0"
    whole = file.read_bytes()
    assert kept < len(whole)
    file.write_bytes(whole[:kept])
    assert journal.read() == Noted()
    journal.close()


def test_what_is_half_overwritten_says_nothing(tmp_path: Path, journal: Journal) -> None:
    journal.write(NOTED)
    file = tmp_path / "hand-0"
    file.write_bytes(file.read_bytes().replace(b"topic", b"tropic", 1))
    assert journal.read() == Noted()


def test_a_disk_that_takes_nothing_stops_nobody(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    journal.write(Noted())
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, unlimited[1]))
    try:
        journal.write(NOTED)
        journal.write(NOTED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        signal.signal(signal.SIGXFSZ, before)
    assert capsys.readouterr().out.count("hand-journal-refused") == 1
    journal.write(NOTED)
    assert journal.read() == NOTED


def test_without_a_folder_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert open_journal(None, "0") is None
    assert "no-hand-journal" in capsys.readouterr().out


def test_where_there_can_be_no_folder_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert open_journal(tmp_path / "file" / "below", "0") is None


def test_another_worker_of_this_name_that_still_is_there_keeps_it(tmp_path: Path, journal: Journal) -> None:
    journal.write(NOTED)
    assert open_journal(tmp_path, "0") is None
    other = open_journal(tmp_path, "1")
    assert other is not None
    assert other.read() == Noted()
    other.close()


def test_it_is_free_again_when_its_worker_is_gone(tmp_path: Path) -> None:
    _opened(tmp_path).close()
    file = os.open(tmp_path / "hand-0", os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(file)
