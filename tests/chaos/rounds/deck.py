"""Which faults come in which round: dealt from a deck that a seed has shuffled, so the same seed gives the same rounds.

Pure: knows names and numbers, and touches nothing.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

SERVICES = ("receiver", "anonymiser", "validator", "indexer", "thumbnailer", "tracker", "gateway")
STAGES = ("anonymiser", "validator", "indexer", "thumbnailer")
COMPONENTS = ("kafka", "versitygw", "postgres")
FAMILIES = ("identified.instance.received", "clean.instance.anonymised", "clean.instance.validated")

TARGETS: dict[str, tuple[str, ...]] = {
    "kill": (*SERVICES, *COMPONENTS),
    "kill decoders": ("anonymiser", "thumbnailer"),
    "stop": (*SERVICES, *COMPONENTS),
    "restart": (*SERVICES, *COMPONENTS),
    "slow link": COMPONENTS,
    "cut link": COMPONENTS,
    "half-open link": COMPONENTS,
    "full disk": ("disk",),
    "clock jump": ("services", "kafka"),
    "copies": FAMILIES,
    "replay": STAGES,
    "rebalances": STAGES,
    "poison": ("load",),
}
"""Each kind of fault, and what it can befall."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong. `level` means something else for each kind (LEVELS)."""

    kind: str
    target: str
    after: float
    """Seconds after the round's load began."""
    seconds: float
    """How long it lasts at least."""
    level: float

    def __str__(self) -> str:
        unit = LEVELS[self.kind][0]
        level = f", {unit.format(self.level)}" if unit else ""
        return f"{self.kind}: {self.target} ({self.seconds:.1f} s{level})"


@dataclass(frozen=True)
class Round:
    """Faults that come at the same time, or nearly."""

    number: int
    faults: tuple[Fault, ...]

    @property
    def seconds(self) -> float:
        """From the beginning of the load to the end of the last fault, at least."""
        return max(fault.after + fault.seconds for fault in self.faults)

    def __str__(self) -> str:
        return "; ".join(map(str, self.faults))


Level = Callable[[random.Random], float]


def _none(_chance: random.Random) -> float:
    return 0.0


def _one_of(*levels: float) -> Level:
    return lambda chance: chance.choice(levels)


LEVELS: dict[str, tuple[str, Level]] = {
    "kill": ("{:.0f} times", _one_of(1, 1, 2, 3)),
    "kill decoders": ("{:.0f} times", _one_of(1, 3, 5)),
    "stop": ("", _none),
    "restart": ("{:.0f} times", _one_of(1, 1, 2)),
    "slow link": ("{:.0f} bytes/s", _one_of(20_000, 100_000, 500_000)),
    "cut link": ("{:.0f} times", _one_of(1, 2, 5)),
    # What was open stays deaf when it is over, or hears again what was held back.
    "half-open link": ("heard again: {:.0f}", _one_of(0, 1)),
    "full disk": ("{:.0f} MiB left", _one_of(0, 8)),
    "clock jump": ("{:+.0f} s", _one_of(-86_400, -3600, -90, -5, 5, 90, 3600, 86_400)),
    "copies": ("{:.0f} records", _one_of(20, 100, 300)),
    "replay": ("{:.0f} records back", _one_of(50, 200, 1000)),
    "rebalances": ("{:.0f} killed of 10", _one_of(0, 5, 10)),
    "poison": ("{:.0f} of each", _one_of(1, 2, 3)),
}
"""How the level of each kind is told, and drawn."""

LASTING: dict[str, tuple[float, float]] = {
    "kill": (1.0, 8.0),
    "kill decoders": (1.0, 5.0),
    # Beyond ten seconds the group and the transaction's coordinator take it for dead.
    "stop": (2.0, 25.0),
    "restart": (1.0, 8.0),
    "slow link": (8.0, 20.0),
    "cut link": (2.0, 15.0),
    "half-open link": (4.0, 20.0),
    "full disk": (5.0, 15.0),
    "clock jump": (5.0, 15.0),
    "copies": (0.5, 2.0),
    # The group has to be empty before its offsets can be set.
    "replay": (13.0, 16.0),
    "rebalances": (12.0, 25.0),
    "poison": (1.0, 3.0),
}
"""Seconds: the least and the most of each kind."""

PAIRS = (1, 3)
"""Of five rounds those in which two faults come at once."""


def deal(seed: int, rounds: int, only: Sequence[str] = ()) -> list[Round]:
    """So many rounds. `only`: of these kinds. Each kind comes before any comes twice; 40 rounds hold the whole deck."""
    chance = random.Random(seed)
    cards = _cards(chance, only)
    return [Round(number, tuple(_drawn(chance, cards, number))) for number in range(1, rounds + 1)]


def _cards(chance: random.Random, only: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Shuffled, and again when all have been dealt."""
    wanted = [kind for kind in TARGETS if not only or kind in only]
    while True:
        piles = {kind: chance.sample(TARGETS[kind], len(TARGETS[kind])) for kind in chance.sample(wanted, len(wanted))}
        yield from ((kind, pile.pop()) for kind, pile in piles.items())
        rest = [(kind, target) for kind, pile in piles.items() for target in pile]
        yield from chance.sample(rest, len(rest))


def _drawn(chance: random.Random, cards: Iterator[tuple[str, str]], number: int) -> Iterator[Fault]:
    for _ in range(2 if number % 5 in PAIRS else 1):
        kind, target = next(cards)
        yield Fault(
            kind=kind,
            target=target,
            after=round(chance.uniform(0.5, 3.0), 2),
            seconds=round(chance.uniform(*LASTING[kind]), 2),
            level=LEVELS[kind][1](chance),
        )
