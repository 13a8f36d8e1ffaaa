"""What was to be reached, and whether it was. Nothing fails by it: the page says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.receive.measured import ORTHANC, S3, STORESCP, TREE, Measured, Stock, Way, median_of, of, ratio

OWN_CPU_MS = 0.6
"""CPU milliseconds of the receiver's processes for an instance of 0.5 MB."""
TIMES_ORTHANC = {S3: 1.0, TREE: 2.0}
STOCK_SHARE = 0.7
"""Of what dcmtk's receiver reaches."""


@dataclass(frozen=True, slots=True)
class Goal:
    """`reached`: None when it was not measured."""

    text: str
    reached: bool | None
    found: str

    @property
    def verdict(self) -> str:
        return {True: "reached", False: "**missed**", None: "not measured"}[self.reached]


def goals(measured: Sequence[Measured], stock: Sequence[Stock]) -> list[Goal]:
    """All of them."""
    return [
        *(own_cpu(measured, receiver) for receiver in TIMES_ORTHANC),
        *(beside_orthanc(measured, receiver, "C-STORE") for receiver in TIMES_ORTHANC),
        *(beside_orthanc(measured, receiver, "STOW-RS") for receiver in TIMES_ORTHANC),
        *(stock_sender(stock, receiver) for receiver in TIMES_ORTHANC),
    ]


def own_cpu(measured: Sequence[Measured], receiver: str) -> Goal:
    """Of C-STORE, at whatever number of associations it is most."""
    found = {
        number: cost
        for number in _numbers(measured, "C-STORE")
        if (cost := median_of(of(measured, receiver, "C-STORE", number), lambda one: one.cpu_ms("receiver")))
        is not None
    }
    text = f"{receiver}: at most {OWN_CPU_MS} ms of the receiver's CPU for an instance"
    return Goal(text, max(found.values()) <= OWN_CPU_MS if found else None, _listed(found, "ms", 2))


def beside_orthanc(measured: Sequence[Measured], receiver: str, way: Way) -> Goal:
    """At every number of associations that was measured."""
    found = {
        number: times
        for number in _numbers(measured, way)
        if (times := ratio(of(measured, receiver, way, number), of(measured, ORTHANC, way, number))) is not None
    }
    wanted = TIMES_ORTHANC[receiver]
    text = f"{receiver}, {way}: at least {wanted:g} times as fast as {ORTHANC}, at any number of associations"
    return Goal(text, min(found.values()) >= wanted if found else None, _listed(found, "times", 2))


def stock_sender(stock: Sequence[Stock], receiver: str) -> Goal:
    """storescu as it comes, to us, against storescu with TCP_NODELAY to a receiver with it."""
    text = f"storescu without TCP_NODELAY to {receiver}: as fast as with it to dcmtk's own receiver, 30 % aside"
    ours, theirs = _rate(stock, receiver, no_delay=False), _rate(stock, STORESCP, no_delay=True)
    if ours is None or theirs is None:
        return Goal(text, None, "")
    return Goal(text, ours >= STOCK_SHARE * theirs, f"{ours:.0f}/s against {theirs:.0f}/s")


def _rate(stock: Sequence[Stock], receiver: str, *, no_delay: bool) -> float | None:
    found = [one.per_second for one in stock if (one.receiver, one.no_delay) == (receiver, no_delay)]
    return median(found) if found else None


def _numbers(measured: Sequence[Measured], way: Way) -> list[int]:
    return sorted({one.associations for one in measured if one.way == way})


def _listed(found: dict[int, float], unit: str, digits: int) -> str:
    return ", ".join(f"{number}: {value:.{digits}f} {unit}" for number, value in found.items())
