"""Store, broker and disks away, slow, full and back again, while sites send: the right answer each time, and in the end
what was acknowledged is what is in the store and in the topic."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support import disk, light
from tests.support.books import key_of
from tests.support.door import CALLING, SITE, door
from tests.support.generated import Item
from tests.support.light import Insistent
from tests.support.pipeline import IN_BULK, RECEIVED
from tests.support.stack import Stack
from tests.support.topics import Topics
from tests.support.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

SENDERS, EACH = 4, 60
SMALL, LARGE = 40_000, 3_000_000
MIB = 1024 * 1024
DURING = 8.0
"""Seconds of trouble."""
LONGER = 25.0
"""The same, where a client waits for 15 before it gives up."""

Trouble = Callable[[Stack], AbstractContextManager[None]]


# --- troubles


@contextmanager
def still(stack: Stack, name: str, seconds: float = DURING) -> Iterator[None]:
    """It stands still: its sockets stay open and nobody answers."""
    with stack.stopped(name):
        time.sleep(seconds)
        yield


@contextmanager
def killed(stack: Stack, name: str) -> Iterator[None]:
    """It dies, comes back, and dies again."""
    for _ in range(2):
        pid = stack.kill(name)
        time.sleep(DURING / 2)
        until(lambda pid=pid: stack.ready(name, pid), f"{name} is back", 90)
    yield


@contextmanager
def slow(stack: Stack, name: str) -> Iterator[None]:
    """It gets a tenth of the time."""
    pid, ends = stack.pid(name), time.monotonic() + DURING
    while time.monotonic() < ends:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.9)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.1)
    yield


@contextmanager
def unmounted(stack: Stack) -> Iterator[None]:
    """The raw objects' folder is not where it was."""
    bucket = Path(stack.told()["object_store"]["tree"]) / "identified"
    bucket.rename(bucket.with_name("elsewhere"))
    time.sleep(DURING)
    bucket.with_name("elsewhere").rename(bucket)
    yield


@contextmanager
def filled(stack: Stack) -> Iterator[None]:
    """Somebody else takes all of the disk."""
    filler = stack.home / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(MIB))
    time.sleep(DURING)
    filler.unlink()
    yield


# --- what must hold


def items(name: str, count: int, size: int) -> list[Item]:
    return [light.item(f"{name} {number}", size + number % 7 * 1000) for number in range(count)]


def send_through(stack: Stack, trouble: AbstractContextManager[None], size: int) -> list[Insistent]:
    """Sites send before, during and after it, until all is acknowledged."""
    name = secrets.token_hex(4)
    senders = [
        Insistent(stack.dicom_port, CALLING, items(f"{name} {number}", EACH, size), pace=0.1)
        for number in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    time.sleep(1.0)
    with trouble:
        pass
    for sender in senders:
        sender.join(240)
        assert not sender.is_alive(), sender.answers
    return senders


def check(stack: Stack, senders: Sequence[Insistent], *, refusals: bool = True) -> None:
    """Nothing but success and 0xA700 was said; acknowledged = stored = announced, each once by its id; and
    no more events than the broker may have taken without telling."""
    acknowledged = sorted(key_of(SITE, item) for sender in senders for item in sender.acknowledged)
    assert len(acknowledged) == SENDERS * EACH
    answers = {word for sender in senders for word in sender.answers}
    assert answers <= {"0000", "A700", "gone"}, answers
    if refusals:
        assert any(sender.answers["A700"] for sender in senders), "no trouble was felt"
    assert sorted(stack.keys("identified", f"{SITE}/")) == acknowledged
    told = Topics(stack.kafka).records(RECEIVED, IN_BULK)
    records = [record for record in told if record.event().get("site") == SITE]
    # A broker that was away may have taken an event without telling: its repeat has the same id, and no other reason.
    assert len({record.id for record in records}) == len(acknowledged)
    assert sorted({record.event()["key"] for record in records}) == acknowledged
    away = {"site": SITE, "reason": "broker-away"}
    told_away = stack.metric("receiver", "isocentre_receive_instances_total", **away)
    assert len(records) - len(acknowledged) <= told_away, "announced twice"


def check_bytes(stack: Stack, senders: Sequence[Insistent]) -> None:
    for item in [sender.acknowledged[0] for sender in senders]:
        assert stack.read("identified", key_of(SITE, item)).endswith(item.data_set)


@pytest.mark.parametrize(
    ("trouble", "refusals"),
    [
        (lambda stack: still(stack, "kafka"), True),
        (lambda stack: killed(stack, "kafka"), True),
        (lambda stack: slow(stack, "kafka"), False),
        (unmounted, True),
    ],
    ids=["broker still", "broker killed", "broker slow", "disk of the store gone"],
)
def test_with_files_of_a_tree(home: Path, trouble: Trouble, refusals: bool) -> None:
    with door(home) as stack:
        senders = send_through(stack, trouble(stack), SMALL)
        check(stack, senders, refusals=refusals)
        check_bytes(stack, senders)


@pytest.mark.parametrize(
    ("trouble", "refusals"),
    [
        (lambda stack: still(stack, "versitygw", LONGER), True),
        (lambda stack: killed(stack, "versitygw"), True),
        (lambda stack: slow(stack, "versitygw"), False),
    ],
    ids=["store still", "store killed", "store slow"],
)
def test_through_the_server(home: Path, trouble: Trouble, refusals: bool) -> None:
    with door(home, store="s3") as stack:
        senders = send_through(stack, trouble(stack), SMALL)
        check(stack, senders, refusals=refusals)
        check_bytes(stack, senders)


@pytest.mark.parametrize("reserve", [96, 0])
def test_the_disk_under_everything_is_full(home: Path, reserve: int) -> None:
    """With a reserve the sites are told before it is full, so that the broker lives on; without one all are in trouble,
    and nothing is lost all the same."""
    home.mkdir(parents=True)
    settings = (f"RESERVE_MIB={reserve}", "IN_MEMORY_MIB=1")
    with disk.disk("ext4", home, 1400) as made, door(made.folder / "stack", *settings) as stack:
        before = stack.pid("kafka")
        trouble = nearly_filled(stack, reserve * MIB * 2 // 3) if reserve else filled(stack)
        senders = send_through(stack, trouble, LARGE)
        check(stack, senders)
        check_bytes(stack, senders)
        if reserve:
            assert stack.pid("kafka") == before
            refused = {"site": SITE, "status": "A700", "reason": "no-space"}
            assert stack.metric("receiver", "isocentre_receive_instances_total", **refused) > 0
    shutil.rmtree(home, ignore_errors=True)


@contextmanager
def nearly_filled(stack: Stack, left: int) -> Iterator[None]:
    """Somebody else takes all of the disk but so much."""
    filler = stack.home / "filler"
    free = shutil.disk_usage(stack.home).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - left))
    time.sleep(DURING)
    filler.unlink()
    yield


def test_the_disk_of_the_spool_is_full(home: Path) -> None:
    """What stays in memory goes on as ever; what does not is refused until there is room."""
    spool = home.with_name(f"{home.name}-spool")
    spool.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", spool], check=True)
    try:
        with door(home, f"SPOOL_DIR={spool}", "RESERVE_MIB=0", "IN_MEMORY_MIB=1") as stack:
            large = items("large", 3, 12 * MIB)
            small = items("small", 3, SMALL)
            with light.associated(stack.dicom_port, CALLING) as peer:
                assert [light.send(peer, item) for item in (small[0], large[0], small[1])] == [0, 0xA700, 0]
                subprocess.run(["mount", "-o", "remount,size=64m", spool], check=True)
                time.sleep(1.1)
                assert [light.send(peer, item) for item in (*large, small[2])] == [0] * 4
            kept = sorted(key_of(SITE, item) for item in (*large, *small))
            assert sorted(stack.keys("identified", f"{SITE}/")) == kept
            assert stack.metric("receiver", "isocentre_receive_instances_total", reason="no-space") == 1
            assert list(spool.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", spool], check=True)
        spool.rmdir()
