"""What can go wrong, done to a world: each fault takes its time and returns when the harm has ended."""

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import psutil

from tests.chaos.rounds import groups, processes
from tests.chaos.rounds.deck import Fault
from tests.chaos.rounds.filling import filled
from tests.chaos.rounds.following import some
from tests.chaos.rounds.kafka import admin
from tests.chaos.rounds.load import BY_STOW, stow
from tests.chaos.rounds.poison import poisons
from tests.chaos.rounds.second import second_worker
from tests.chaos.rounds.sent import Sent
from tests.chaos.rounds.world import World
from tests.support.topics import Topics
from tests.support.waiting import until

Harm = Callable[[World, Sent, Fault, random.Random], None]


def strike(world: World, sent: Sent, fault: Fault, seed: str) -> None:
    """Let it happen. The same seed, the same choices within it."""
    HARMS[fault.kind](world, sent, fault, random.Random(f"{seed} {fault}"))


def kill(world: World, _sent: Sent, fault: Fault, chance: random.Random) -> None:
    """`kill -9`, and again at some moment of its way back."""
    for number in range(int(fault.level)):
        if number:
            time.sleep(chance.uniform(0.0, fault.seconds))
        process = processes.running(world.stack, fault.target)
        with suppress(psutil.NoSuchProcess):
            process.kill()


def kill_decoders(world: World, _sent: Sent, fault: Fault, chance: random.Random) -> None:
    """The processes in which a service decodes."""
    for _ in range(int(fault.level)):
        for process in processes.children(world.stack, fault.target):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(chance.uniform(0.0, fault.seconds / fault.level))


def stop(world: World, _sent: Sent, fault: Fault, _chance: random.Random) -> None:
    """SIGSTOP to all of its processes: its sockets stay open and nobody answers."""
    with processes.still(world.stack, fault.target):
        time.sleep(fault.seconds)


def restart(world: World, _sent: Sent, fault: Fault, _chance: random.Random) -> None:
    """Asked to end, and started again by the supervisor."""
    politely = signal.SIGINT if fault.target == "postgres" else signal.SIGTERM
    for _ in range(int(fault.level)):
        process = processes.running(world.stack, fault.target)
        with suppress(psutil.NoSuchProcess):
            process.send_signal(politely)
            process.wait(processes.BACK)


def slow_link(world: World, _sent: Sent, fault: Fault, _chance: random.Random) -> None:
    with world.links.spoilt(fault.target, "slow", rate=fault.level):
        time.sleep(fault.seconds)


def cut_link(world: World, _sent: Sent, fault: Fault, _chance: random.Random) -> None:
    """All connections are reset, and nobody gets a new one; some times over."""
    for _ in range(int(fault.level)):
        with world.links.spoilt(fault.target, "cut"):
            time.sleep(fault.seconds / fault.level / 2)
        time.sleep(fault.seconds / fault.level / 2)


def half_open_link(world: World, _sent: Sent, fault: Fault, _chance: random.Random) -> None:
    """Nothing comes through and nobody is told. What was open then never hears again, or hears what was held back."""
    with world.links.spoilt(fault.target, "deaf", forget=not fault.level):
        time.sleep(fault.seconds)


def full_disk(world: World, _sent: Sent, fault: Fault, _chance: random.Random) -> None:
    with filled(world.stack.home, int(fault.level)):
        time.sleep(fault.seconds)


def clock_jump(world: World, _sent: Sent, fault: Fault, _chance: random.Random) -> None:
    """There, and back again."""
    with world.clocks[fault.target].ahead(fault.level):
        time.sleep(fault.seconds)


def copies(world: World, _sent: Sent, fault: Fault, chance: random.Random) -> None:
    """Records that stand in a topic are written there once more, as they are, in another order."""
    found = some(world.stack.kafka, fault.target, int(fault.level), chance)
    chance.shuffle(found)
    Topics(world.stack.kafka).publish(*found)


def replay(world: World, _sent: Sent, fault: Fault, _chance: random.Random) -> None:
    """While its worker stands still, the group is set back; then the worker wakes with what it had in hand."""
    broker = admin(world.stack.kafka)
    with processes.still(world.stack, fault.target):
        until(lambda: groups.is_empty(broker, fault.target), f"nobody is left in {fault.target}", 60)
        groups.set_back(broker, fault.target, int(fault.level))


def rebalances(world: World, _sent: Sent, fault: Fault, chance: random.Random) -> None:
    """A second worker of a stage comes and goes."""
    ends = time.monotonic() + fault.seconds
    while time.monotonic() < ends:
        with second_worker(world.stack, fault.target) as worker:
            time.sleep(chance.uniform(0.5, 6.0))
            if chance.random() < fault.level / 10:
                worker.kill()


def poison(world: World, sent: Sent, fault: Fault, chance: random.Random) -> None:
    """Objects that kill, hang or starve whoever decodes them."""
    for item in poisons(chance.randrange(10_000), int(fault.level)):
        with suppress(httpx.HTTPError):
            answer = stow(world.stack, BY_STOW, [item.part10()])
            sent.told(f"poison HTTP {answer.status_code}")
            if answer.status_code == 200:
                sent.take(BY_STOW, item, -1, poison=True)


HARMS: dict[str, Harm] = {
    "kill": kill,
    "kill decoders": kill_decoders,
    "stop": stop,
    "restart": restart,
    "slow link": slow_link,
    "cut link": cut_link,
    "half-open link": half_open_link,
    "full disk": full_disk,
    "clock jump": clock_jump,
    "copies": copies,
    "replay": replay,
    "rebalances": rebalances,
    "poison": poison,
}
"""By the kinds of the deck."""
