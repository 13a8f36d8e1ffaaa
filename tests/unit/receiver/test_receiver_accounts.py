"""The accounts that stay on the disk."""

import dataclasses
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.receiver.accounts import EVERY, Account, AccountBook, SoFar
from services.receiver.upper.command import OUT_OF_RESOURCES, SUCCESS
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
