"""Where data sets arrive: in memory, in files, and what happens when neither has room."""

import errno
import fcntl
import hashlib
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.receiver.upper import landing as landing_module
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import FIRST_ROOM, LEAST_ROOM, Landed, Landing, Spool
from shared.storage import Filed
from tests.support.filed import filed

FRONT, SEED = b"front", b"1.2.840.10008.1.2.1"
IN_MEMORY = 2 * FIRST_ROOM
ENOUGH = 2 * IN_MEMORY


def spool(folder: Path, reserve: int = 0) -> Spool:
    return Spool(folder, Disk(folder, reserve))


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
    return bytes(landed.content)


@pytest.mark.parametrize("size", [0, 1, 100, FIRST_ROOM - 5, FIRST_ROOM, IN_MEMORY - 5, IN_MEMORY, 3 * FIRST_ROOM])
@pytest.mark.parametrize("step", [300_000, 3 * FIRST_ROOM])
def test_what_arrives_lies_behind_its_front_and_has_its_digest(tmp_path: Path, size: int, step: int) -> None:
    budget = Budget(ENOUGH)
    landing = Landing(spool(tmp_path), IN_MEMORY, budget)
    data = os.urandom(size)
    landed = land(landing, data, step)
    assert content(landed) == FRONT + data
    assert landed is not None
    assert (landed.size, landed.front) == (size + len(FRONT), len(FRONT))
    assert landed.digest == hashlib.sha256(SEED + data).hexdigest()
    assert landed.head(10) == data[:10]
    with landed.open() as file:
        assert file.read() == data
        assert file.seek(size // 2) == size // 2
        assert file.read(10) == data[size // 2 :][:10]
        assert file.seek(-min(5, size), os.SEEK_END) == size - min(5, size)
        assert file.read() == data[size - min(5, size) :]
    assert isinstance(landed.content, Filed) is (size + len(FRONT) > IN_MEMORY)
    if isinstance(landed.content, Filed):
        assert landed.content == filed(landed.content.path), "the store can tell whether the disk gives back the same"
    landing.clear()
    assert list(tmp_path.iterdir()) == []
    assert budget.take(ENOUGH - FIRST_ROOM), "the next one's first room is kept"
    landing.close()
    assert budget.take(FIRST_ROOM), "all is given back"


def test_it_is_used_again(tmp_path: Path) -> None:
    landing = Landing(spool(tmp_path), IN_MEMORY, Budget(ENOUGH))
    for size in (3 * FIRST_ROOM, 10, IN_MEMORY - 5, 0, 4 * FIRST_ROOM):
        data = os.urandom(size)
        assert content(land(landing, data)) == FRONT + data
    landing.clear()
    assert list(tmp_path.iterdir()) == []


def test_who_finds_the_memory_spent_goes_on_in_a_file(tmp_path: Path) -> None:
    budget = Budget(ENOUGH + FIRST_ROOM)
    first, second = (Landing(spool(tmp_path), IN_MEMORY, budget) for _ in range(2))
    data = os.urandom(IN_MEMORY - 5)
    assert isinstance(content(land(first, data)), bytes)
    assert budget.take(ENOUGH + FIRST_ROOM - IN_MEMORY - FIRST_ROOM)
    landed = land(second, data)
    assert landed is not None
    assert isinstance(landed.content, Filed)
    assert content(landed) == FRONT + data
    first.close()
    second.close()


HOLDER = """
import sys
from pathlib import Path
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Spool
file, place = Spool(Path(sys.argv[1]), Disk(Path(sys.argv[1]), 0)).make()
print(place, flush=True)
sys.stdin.read()
"""


def test_what_killed_processes_left_is_removed_although_others_have_their_ids_now(tmp_path: Path) -> None:
    """In a container a worker has the same id in each life."""
    (tmp_path / f"arriving-{os.getpid()}-x").touch()
    mine, place = spool(tmp_path).make()
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        its = Path(other.stdout.readline().strip())
        spool(tmp_path).tidy()
        assert {*tmp_path.iterdir()} == {place, its}
        other.kill()
    spool(tmp_path).tidy()
    assert list(tmp_path.iterdir()) == [place]
    os.close(mine)


def test_a_file_that_was_tidied_away_before_it_was_locked_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock, tidied = fcntl.flock, iter([True])

    def late(file: int, how: int) -> None:
        if how == fcntl.LOCK_EX and next(tidied, False):
            spool(tmp_path).tidy()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    mine, place = spool(tmp_path).make()
    assert list(tmp_path.iterdir()) == [place]
    os.close(mine)


@pytest.mark.parametrize("size", [0, 100, LEAST_ROOM, 5 * LEAST_ROOM, 2 * IN_MEMORY])
def test_who_gets_no_memory_at_all_goes_on_with_the_least(tmp_path: Path, size: int) -> None:
    landing, data = Landing(spool(tmp_path), IN_MEMORY, Budget(0)), os.urandom(size)
    for _ in range(2):
        landed = land(landing, data)
        assert content(landed) == FRONT + data
        assert landed is not None
        assert landed.digest == hashlib.sha256(SEED + data).hexdigest()
    landing.close()
    assert list(tmp_path.iterdir()) == []


def test_who_waits_for_memory_gets_what_is_given_back(tmp_path: Path) -> None:
    budget = Budget(FIRST_ROOM)
    first, second = (Landing(spool(tmp_path), IN_MEMORY, budget) for _ in range(2))
    land(first, b"data")
    soon = threading.Timer(0.1, first.close)
    soon.start()
    landed = land(second, bytes(FIRST_ROOM - 5))
    soon.join()
    assert landed is not None
    assert isinstance(landed.content, memoryview)


def test_all_landings_together_keep_within_the_budget(tmp_path: Path) -> None:
    """Counted at each step: what is held is never more than what there is."""
    size = 5 * FIRST_ROOM
    budget = Budget(size)
    landings = [Landing(spool(tmp_path), IN_MEMORY, budget) for _ in range(8)]

    def bring(landing: Landing, seed: int) -> None:
        for number in range(4):
            data = bytes((seed, number)) * (FIRST_ROOM * (number + 1) // 3)
            assert content(land(landing, data)) == FRONT + data
            assert sum(one._held for one in landings) <= size
        landing.close()

    with ThreadPoolExecutor(len(landings)) as threads:
        list(threads.map(bring, landings, range(len(landings))))
    assert budget.take(size), "all is given back"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_full_disk_loses_the_object_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    landing = Landing(spool(tmp_path), IN_MEMORY, Budget(ENOUGH))
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


def test_the_reserve_of_a_disk_is_left(tmp_path: Path) -> None:
    landing = Landing(spool(tmp_path, reserve=2**62), IN_MEMORY, Budget(ENOUGH))
    assert land(landing, bytes(3 * FIRST_ROOM)) is None
    assert list(tmp_path.iterdir()) == []
    assert content(land(landing, b"small")) == FRONT + b"small"


def test_a_spool_that_is_gone_loses_the_object_and_nothing_else(tmp_path: Path) -> None:
    landing = Landing(spool(tmp_path / "gone"), IN_MEMORY, Budget(ENOUGH))
    assert land(landing, bytes(3 * FIRST_ROOM)) is None
    (tmp_path / "gone").mkdir()
    time.sleep(1.1)  # what was said of the disk is good for a second
    assert content(land(landing, bytes(3 * FIRST_ROOM))) == FRONT + bytes(3 * FIRST_ROOM)


def test_a_disk_is_asked_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, now = list[Path](), [0.0]
    statvfs = os.statvfs
    monkeypatch.setattr(os, "statvfs", lambda folder: asked.append(folder) or statvfs(folder))
    disk = Disk(tmp_path, 0, clock=lambda: now[0])
    assert all(has_room(disk, 1) for _ in range(5))
    now[0] = 1.5
    assert has_room(disk, 1)
    assert len(asked) == 2


def has_room(disk: Disk, size: int) -> bool:
    with disk.promised(size) as granted:
        return granted


def test_room_is_promised_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free, now = [1000], [0.0]
    monkeypatch.setattr(Disk, "_free", lambda disk: free[0])
    disk = Disk(tmp_path, 100, clock=lambda: now[0])
    assert not has_room(disk, 900)
    with disk.promised(600) as first, disk.promised(600) as second, disk.promised(200) as third:
        assert (first, second, third) == (True, False, True)
    free[0] = 200  # they are written
    assert not has_room(disk, 100)
    assert has_room(disk, 99)
    free[0] = 1000  # and removed
    assert has_room(disk, 899), "nobody is refused on an old answer"


def test_what_was_written_since_the_disk_was_asked_is_not_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many large objects in one second."""
    free, reserve = [20 * FIRST_ROOM], 10 * FIRST_ROOM
    write = os.write

    def writes(file: int, piece: memoryview) -> int:
        free[0] -= len(piece)
        return write(file, piece)

    monkeypatch.setattr(os, "write", writes)
    monkeypatch.setattr(Disk, "_free", lambda disk: free[0])
    place = Spool(tmp_path, Disk(tmp_path, reserve, clock=lambda: 0.0))
    landings = [Landing(place, IN_MEMORY, Budget(ENOUGH)) for _ in range(4)]
    landed = [land(landing, bytes(4 * FIRST_ROOM)) for landing in landings]
    assert [one is not None for one in landed] == [True, True, False, False]
    assert free[0] > reserve
    for landing in landings:
        landing.close()


def test_a_system_without_memory_costs_no_budget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    budget = Budget(64 * FIRST_ROOM)
    landing = Landing(Spool(tmp_path, Disk(tmp_path, 0)), 16 * FIRST_ROOM, budget)
    assert land(landing, bytes(FIRST_ROOM // 2))
    held, pages = budget.held, landing_module._pages

    def poor(size: int) -> memoryview:
        if size > FIRST_ROOM:
            raise OSError(errno.ENOMEM, "no memory")
        return pages(size)

    monkeypatch.setattr(landing_module, "_pages", poor)
    landed = land(landing, bytes(3 * FIRST_ROOM))
    assert landed
    assert isinstance(landed.content, Filed)
    landing.clear()
    assert budget.held == held
    landing.close()


def test_a_disk_that_has_failed_holds_as_much_as_it_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = spool(tmp_path)
    file, path = ours.make()
    ours.write(file, memoryview(b"12345"), 0)
    os.close(file)
    assert ours.size == 5

    def failed(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", failed)
        assert ours.size == 0
    path.unlink()
