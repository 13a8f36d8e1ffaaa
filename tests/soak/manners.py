"""How senders behave: each manner is one association, or what there is instead of one."""

import itertools
import random
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.soak.books import Clerk, Tally
from tests.support import light, upper
from tests.support.dicom import Refused, association, dcmtk
from tests.support.dicom import send as send_by_pynetdicom
from tests.support.generated import Item, ct
from tests.support.light import SUCCESS, associated
from tests.support.scripts import ALL
from tests.support.upper import ABORT, Gone, bare, store, talk

KB, MB = 10**3, 10**6
_NUMBERS = itertools.count()


class Sender(threading.Thread):
    """One of the senders: behaves in its manner again and again until the time is over."""

    def __init__(
        self, manner: str, site: str, calling: str, port: int, folder: Path, clerk: Clerk, tally: Tally, ends: float
    ) -> None:
        super().__init__(name=f"{manner}-{calling}", daemon=True)
        self.manner, self.site, self.calling, self.port = manner, site, calling, port
        self.folder, self.clerk, self.tally, self._ends = folder, clerk, tally, ends
        self.chance = random.Random(f"{self.name} {next(_NUMBERS)}")

    def run(self) -> None:
        while self.goes_on():
            try:
                MANNERS[self.manner](self)
            except Refused as refused:
                self.told(f"refused {refused}")
                time.sleep(1.0)
            except (OSError, Gone, AssertionError, RuntimeError, ValueError) as failed:
                self.told(type(failed).__name__)
                time.sleep(0.5)

    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self._ends

    def told(self, word: str, item: Item | None = None) -> None:
        """That is what we were told; of an item, or otherwise."""
        self.tally.count(self.manner, word, len(item.data_set) if item else 0)
        if item:
            self.clerk.take(self.site, item)

    def item(self, least: int, most: int) -> Item:
        """A new instance of some size between."""
        return light.item(f"{self.name} {next(_NUMBERS)}", int(least * (most / least) ** self.chance.random()))

    def answered(self, status: int, item: Item) -> None:
        """With that status."""
        self.told(f"{status:04X}", item if status == SUCCESS else None)

    def rest(self, most: float) -> None:
        """For some time."""
        time.sleep(self.chance.uniform(0, most))


def sends(count: int, least: int, most: int) -> Callable[[Sender], None]:
    """So many instances, of sizes between."""

    def manner(sender: Sender) -> None:
        with associated(sender.port, sender.calling) as peer:
            for _ in range(sender.chance.randint(1, count)):
                if sender.goes_on():
                    item = sender.item(least, most)
                    sender.answered(light.send(peer, item, piece=sender.chance.choice([4000, 16_000, 131_000])), item)
                    sender.rest(0.1)

    return manner


def slow(sender: Sender) -> None:
    """Some 30 KB a second, in small pieces."""
    item = sender.item(100 * KB, 300 * KB)
    said = store(item.data_set, item.sop_instance_uid, 3000)
    with associated(sender.port, sender.calling) as peer:
        for at in range(0, len(said), 3000):
            if not sender.goes_on():
                raise Gone  # in the middle of a PDU: nothing can be said any more
            peer.say(said[at : at + 3000])
            time.sleep(0.1)
        sender.answered(peer.status(60), item)


def half_of_one(sender: Sender, peer: upper.Talk) -> None:
    item = sender.item(KB, 30 * MB)
    said = store(item.data_set, item.sop_instance_uid)
    peer.say(said[: sender.chance.randrange(len(said))])


def aborts(sender: Sender) -> None:
    """In the middle of one."""
    with talk(sender.port) as peer:
        peer.associate(calling=sender.calling)
        half_of_one(sender, peer)
        peer.say(bare(ABORT))
        sender.told("aborted")
    sender.rest(0.5)


def resets(sender: Sender) -> None:
    """Dies in the middle of one: the connection is reset."""
    with talk(sender.port) as peer:
        peer.associate(calling=sender.calling)
        half_of_one(sender, peer)
        peer.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sender.told("reset")
    sender.rest(0.5)


def half_open(sender: Sender) -> None:
    """Connects and says nothing, or something and then nothing, for a while."""
    with light.half_open(sender.port) as silent:
        if sender.chance.random() < 0.5:
            silent.sendall(upper.request(calling=sender.calling)[: sender.chance.randrange(200)])
        ends = time.monotonic() + sender.chance.uniform(1, 40)
        while sender.goes_on() and time.monotonic() < ends:
            time.sleep(0.5)
        sender.told("silent")


def torn(sender: Sender) -> None:
    """Says what makes no sense."""
    script = sender.chance.choice(ALL)
    with talk(sender.port) as peer:
        if script.associated:
            peer.associate(calling=sender.calling)
        cut = sender.chance.randrange(len(script.said)) if sender.chance.random() < 0.5 else len(script.said)
        peer.say(script.said[:cut])
        peer.told(0.3)
        sender.told("nonsense")
    sender.rest(0.2)


def repeats(sender: Sender) -> None:
    """Sends what others of its site have had acknowledged."""
    earlier = [item for site, item in sender.clerk.earlier() if site == sender.site]
    if earlier:
        with associated(sender.port, sender.calling) as peer:
            for item in sender.chance.sample(earlier, min(5, len(earlier))):
                sender.answered(light.send(peer, item), item)
    sender.rest(2.0)


def images(sender: Sender, count: int) -> list[Item]:
    return [ct(7000 + next(_NUMBERS), number, side=sender.chance.choice([64, 256])) for number in range(count)]


def by_command(command: str) -> Callable[[Sender], None]:
    """A folder of images by one of dcmtk's senders; now and then it is killed at its work."""

    def manner(sender: Sender) -> None:
        made = images(sender, sender.chance.randint(1, 20))
        files = []
        for number, image in enumerate(made):
            files.append(sender.folder / f"{sender.name}-{number}.dcm")
            files[-1].write_bytes(image.part10())
        if sender.chance.random() < 0.2:
            kill_at_work(command, sender, files)
        else:
            said = dcmtk(command, sender.port, *files, calling=sender.calling)
            for image in made:
                sender.told(f"{said.status}", image if said.status == 0 else None)
        for file in files:
            file.unlink()

    return manner


def kill_at_work(command: str, sender: Sender, files: list[Path]) -> None:
    called = [command, "-aet", sender.calling, "-aec", "ISOCENTRE", "127.0.0.1", str(sender.port), *map(str, files)]
    with subprocess.Popen(called, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        sender.rest(0.2)
        process.kill()
    sender.told("killed")


def by_pynetdicom(sender: Sender) -> None:
    """Images over one of its associations."""
    made = images(sender, sender.chance.randint(1, 10))
    # It loses an answer that comes at once, now and then, and waits for it.
    with association(sender.port, made, sender.calling, timeout=20.0) as opened:
        for image in made:
            if opened.is_established:
                sender.answered(send_by_pynetdicom(opened, image), image)
    with suppress(RuntimeError):
        opened.join(5)


MANNERS: dict[str, Callable[[Sender], None]] = {
    "small": sends(50, KB, 100 * KB),
    "middle": sends(20, 300 * KB, 5 * MB),
    "large": sends(3, 20 * MB, 100 * MB),
    "slow": slow,
    "aborts": aborts,
    "resets": resets,
    "half-open": half_open,
    "torn": torn,
    "repeats": repeats,
    "storescu": by_command("storescu"),
    "dcmsend": by_command("dcmsend"),
    "pynetdicom": by_pynetdicom,
}

COMPANY = {
    "small": 9, "middle": 6, "large": 2, "slow": 3, "aborts": 2, "resets": 2, "half-open": 2, "torn": 2,
    "repeats": 1, "storescu": 1, "dcmsend": 1, "pynetdicom": 1,
}  # fmt: skip
"""How many behave in which manner: 32."""
