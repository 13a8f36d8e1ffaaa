"""What a worker is put together from, and what it does beside serving."""

import secrets
import threading
from pathlib import Path

import pytest
import structlog

from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landed
from services.receiver.worker import look_again_and_again, room_of_store
from shared.settings import MIB
from shared.storage import Filed


def test_what_lies_on_the_stores_disk_needs_no_room_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Disk, "_free", lambda disk: 3 * MIB)
    room = room_of_store(tmp_path, MIB)
    in_memory = Landed(memoryview(bytes(4 * MIB)), 4 * MIB, 0, "")

    def spooled(folder: Path) -> Landed:
        file = folder / secrets.token_hex(6)
        file.touch()
        return Landed(Filed(file, 4 * MIB, 0), 4 * MIB, 0, "")

    elsewhere = spooled(Path("/dev/shm"))
    for landed, has_room in ((in_memory, False), (spooled(tmp_path), True), (elsewhere, False)):
        with room(landed) as granted:
            assert granted is has_room
    assert isinstance(elsewhere.content, Filed)
    elsewhere.content.path.unlink()
    with room(elsewhere) as granted:
        assert not granted  # nor when it has gone
    with room_of_store(None, MIB)(in_memory) as granted:
        assert granted


def test_a_look_that_fails_does_not_end_those_who_are_served() -> None:
    ended, looks = threading.Event(), list[int]()

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:
            ended.set()
        raise OSError("a disk that has failed")

    with structlog.testing.capture_logs() as told:
        look_again_and_again(look, ended, seconds=0.01)
    assert len(looks) == 3
    assert [(line["event"], line["error"]) for line in told] == [("unexpected", "OSError")] * 3
