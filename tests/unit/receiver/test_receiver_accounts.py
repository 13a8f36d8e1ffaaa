"""The accounts that stay on the disk."""

import dataclasses
import errno
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.receiver.accounts import EVERY, Account, AccountBook, SoFar
from shared.dicom.statuses import OUT_OF_RESOURCES, SUCCESS
from shared.outcome import Reason

BEGUN = datetime(2026, 11, 30, 12, tzinfo=UTC)


def account(name: str = "a") -> Account:
    return Account(name, "site-a", "dicom", BEGUN)


def test_counts_what_was_said() -> None:
    ours = account()
    ours.count(SUCCESS, None, 10, success=True)
    ours.count(SUCCESS, Reason.ALREADY_DONE, 10, success=True)
    ours.count(OUT_OF_RESOURCES, Reason.STORE_AWAY, 10, success=False)
    told = ours.as_json()
    assert (told["received"], told["stored"], told["repeated"], told["bytes"]) == (3, 1, 1, 20)
    assert told["refused"] == {"A700 store-away": 1}


def test_a_line_for_each_in_the_file_of_its_day(tmp_path: Path) -> None:
    book, ours = AccountBook(tmp_path), account()
    ours.ended = datetime(2026, 12, 1, 0, 5, tzinfo=UTC)
    book.keep(ours)
    book.keep(ours)
    (file,) = tmp_path.iterdir()
    assert file.name == "2026-12-01.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["association"] for line in file.read_text().splitlines()] == ["a", "a"]


def test_one_sync_is_for_all_that_were_kept_since_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    sync = os.fsync

    def seen(file: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{file}")).name)
        sync(file)

    monkeypatch.setattr(os, "fsync", seen)
    book = AccountBook(tmp_path)
    for day in (1, 2):
        for name in "ab":
            book.keep(dataclasses.replace(account(name), ended=datetime(2026, 12, day, tzinfo=UTC)))
    assert synced == []
    book.settle()
    assert sorted(synced) == sorted(["2026-12-01.jsonl", "2026-12-02.jsonl", tmp_path.name])
    book.settle()
    assert len(synced) == 3


def lines(folder: Path) -> list[str]:
    """The associations of the lines that can be read."""
    (file,) = folder.iterdir()
    return [json.loads(line)["association"] for line in file.read_text().splitlines()]


def test_a_disk_that_takes_half_a_line_has_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book, write = AccountBook(tmp_path), os.write
    book.keep(account("before"))
    room = [20]

    def full(file: int, data: bytes) -> int:
        taken = min(len(data), room[0])
        room[0] -= taken
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data[:taken])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="space"):
            book.keep(account("lost"))
    book.keep(account("after"))
    assert lines(tmp_path) == ["before", "after"]


def test_a_line_that_comes_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:20]))
    AccountBook(tmp_path).keep(account())
    assert lines(tmp_path) == ["a"]


def test_behind_half_a_line_of_a_power_cut_a_new_one_begins(tmp_path: Path) -> None:
    book = AccountBook(tmp_path)
    book.keep(account())
    (file,) = tmp_path.iterdir()
    with file.open("a") as torn:
        torn.write('{"association":"to')
    book.keep(account())
    assert [line[:18] for line in file.read_text().splitlines()] == [
        '{"association":"a"',
        '{"association":"to',
        '{"association":"a"',
    ]


def test_what_was_not_synced_is_synced_at_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book, sync = AccountBook(tmp_path), os.fsync
    for day in (1, 2, 3):
        book.keep(dataclasses.replace(account(), ended=datetime(2026, 12, day, tzinfo=UTC)))
    (tmp_path / "2026-12-03.jsonl").unlink()  # what somebody has taken away keeps nobody else from the disk
    synced, failing = list[str](), ["2026-12-01.jsonl", "2026-12-02.jsonl"]

    def some(file: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{file}")).name
        if name in failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        synced.append(name)
        sync(file)

    monkeypatch.setattr(os, "fsync", some)
    with pytest.raises(OSError, match="Input"):
        book.settle()
    failing.clear()
    book.settle()
    assert sorted(synced) == sorted(["2026-12-01.jsonl", "2026-12-02.jsonl", tmp_path.name])


def test_no_line_of_one_that_lasts_comes_behind_that_of_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, ours = AccountBook(tmp_path), account()
    told, may, spell = threading.Event(), threading.Event(), Account.as_json

    def slow(one: Account) -> dict[str, Any]:
        spelled = spell(one)
        if one.ended is None:
            told.set()
            may.wait(1)
        return spelled

    monkeypatch.setattr(Account, "as_json", slow)
    lasting = threading.Thread(target=book.keep, args=(ours,))
    lasting.start()
    assert told.wait(5)
    ours.ended, ours.end = datetime.now(UTC), "released"
    ending = threading.Thread(target=book.keep, args=(ours,))
    ending.start()
    ending.join(0.2)
    may.set()
    for thread in (lasting, ending):
        thread.join(5)
    (file,) = tmp_path.iterdir()
    assert [json.loads(line)["end"] for line in file.read_text().splitlines()] == ["", "released"]


def test_those_that_last_are_kept_when_they_have_grown() -> None:
    now, kept = [0.0], list[tuple[str, int]]()
    so_far = SoFar(lambda one: kept.append((one.association, one.received)), lambda: now[0])
    grows, rests = account("grows"), account("rests")
    grows.received = 3
    so_far.look([grows, rests])
    assert kept == []
    now[0] = EVERY
    so_far.look([grows, rests])
    so_far.look([grows, rests])
    assert kept == [("grows", 3)]
    grows.received = 5
    now[0] = 2 * EVERY
    so_far.look([grows, rests])
    now[0] = 3 * EVERY
    so_far.look([grows, rests])
    assert kept == [("grows", 3), ("grows", 5)]
