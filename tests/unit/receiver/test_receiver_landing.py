"""Where data sets arrive: in memory, in files, and what happens when neither has room."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from services.receiver.upper.budget import Budget
from services.receiver.upper.landing import FIRST_ROOM, Landed, Landing

FRONT, SEED = b"front", b"1.2.840.10008.1.2.1"
IN_MEMORY = 2 * FIRST_ROOM


def land(landing: Landing, data: bytes, step: int = 300_000) -> Landed | None:
    landing.begin(FRONT, hashlib.sha256(SEED))
    view = memoryview(data)
    while view:
        room = landing.room(min(step, len(view)))
        room[:] = view[: len(room)]
        landing.took(len(room))
        view = view[len(room) :]
    return landing.whole()


def content(landed: Landed | None) -> bytes:
    assert landed is not None
    return landed.content.read_bytes() if isinstance(landed.content, Path) else bytes(landed.content)


@pytest.mark.parametrize("size", [0, 1, 100, FIRST_ROOM - 5, FIRST_ROOM, IN_MEMORY - 5, IN_MEMORY, 3 * FIRST_ROOM])
@pytest.mark.parametrize("step", [300_000, 3 * FIRST_ROOM])
def test_what_arrives_lies_behind_its_front_and_has_its_digest(tmp_path: Path, size: int, step: int) -> None:
    budget = Budget(IN_MEMORY)
    landing = Landing(tmp_path, IN_MEMORY, budget)
    data = os.urandom(size)
    landed = land(landing, data, step)
    assert content(landed) == FRONT + data
    assert landed is not None
    assert (landed.size, landed.front) == (size + len(FRONT), len(FRONT))
    assert landed.digest == hashlib.sha256(SEED + data).hexdigest()
    assert landed.head(10) == data[:10]
    assert isinstance(landed.content, Path) is (size + len(FRONT) > IN_MEMORY)
    landing.clear()
    assert list(tmp_path.iterdir()) == []
    assert budget.take(IN_MEMORY), "all is given back"


def test_it_is_used_again(tmp_path: Path) -> None:
    landing = Landing(tmp_path, IN_MEMORY, Budget(IN_MEMORY))
    for size in (3 * FIRST_ROOM, 10, IN_MEMORY - 5, 0, 4 * FIRST_ROOM):
        data = os.urandom(size)
        assert content(land(landing, data)) == FRONT + data
    landing.clear()
    assert list(tmp_path.iterdir()) == []


def test_who_finds_the_memory_spent_goes_on_in_a_file(tmp_path: Path) -> None:
    budget = Budget(FIRST_ROOM)
    first, second = (Landing(tmp_path, IN_MEMORY, budget) for _ in range(2))
    data = os.urandom(IN_MEMORY - 5)
    assert isinstance(content(land(first, data)), bytes)
    landed = land(second, data)
    assert landed is not None
    assert isinstance(landed.content, Path)
    assert content(landed) == FRONT + data
    first.clear()
    second.clear()


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_full_disk_loses_the_object_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    landing = Landing(tmp_path, IN_MEMORY, Budget(IN_MEMORY))
    calls, write = iter(range(1, 100)), os.write

    def full(file: int, piece: memoryview) -> int:
        if next(calls) >= fails_at:
            raise OSError(errno.ENOSPC, "full")
        return write(file, piece)

    monkeypatch.setattr(os, "write", full)
    assert land(landing, bytes(6 * FIRST_ROOM)) is None
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert content(land(landing, bytes(3 * FIRST_ROOM))) == FRONT + bytes(3 * FIRST_ROOM)
    landing.clear()
