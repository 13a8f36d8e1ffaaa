"""What was measured, as a page of Markdown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.bench.receive.goals import Goal
from tests.bench.receive.measured import ORTHANC, RECEIVERS, Measured, Stock, Way, median_of, of, ratio
from tests.bench.told import table

NOISY = 0.2
"""Cores that others used, from which on a number is not to be trusted."""
NOT_THERE = "-"


def page(
    measured: Sequence[Measured],
    stock: Sequence[Stock],
    goals: Sequence[Goal],
    about: Mapping[str, Any],
    left_out: Sequence[str],
) -> str:
    """All of it. `about`: where and how it was measured; `left_out`: what was not, and why."""
    parts = [
        "# What receiving costs",
        "",
        ", ".join(f"{name}: {value}" for name, value in about.items()) + ".",
        *(f"\n**Left out:** {reason}" for reason in left_out),
        *_ways(measured),
        "",
        "## Stock storescu, one association",
        *table(("to", "TCP_NODELAY at the sender", "instances/s"), _stock(stock)),
        "",
        "## Goals",
        *table(("goal", "", "found"), ((goal.text, goal.verdict, goal.found) for goal in goals)),
        "",
        noise(measured),
    ]
    return "\n".join(parts) + "\n"


def noise(measured: Sequence[Measured]) -> str:
    """How much else the machine had to do."""
    if not measured:
        return "Nothing was measured."
    others = [one.round.others_cores for one in measured]
    load = max(one.round.load_before for one in measured)
    loud = sum(one > NOISY for one in others)
    told = (
        f"Other work on the machine: {min(others):.2f} to {max(others):.2f} cores while measuring, load average up to "
    )
    verdict = f"**noisy: {loud} of {len(others)} measurements with more than {NOISY} cores of other work**"
    return f"{told}{load:.1f} before; {verdict if loud else 'quiet'}."


def _ways(measured: Sequence[Measured]) -> Iterable[str]:
    columns = ("receiver", "at once", "instances/s", "of Orthanc's", "p50 / p99 ms")
    costs = ("CPU ms: receiver", "store", "broker", "traces", "others' cores")
    ways: tuple[Way, ...] = ("C-STORE", "STOW-RS")
    for way in ways:
        if any(one.way == way for one in measured):
            yield f"\n## {way}"
            yield from table((*columns, *costs), _rows(measured, way))


def _rows(measured: Sequence[Measured], way: Way) -> Iterable[Sequence[str]]:
    for number in sorted({one.associations for one in measured}):
        for receiver in RECEIVERS:
            if found := of(measured, receiver, way, number):
                yield _row(found, of(measured, ORTHANC, way, number))


def _row(found: Sequence[Measured], orthanc: Sequence[Measured]) -> Sequence[str]:
    def told(value: Callable[[Measured], float | None], digits: int) -> str:
        number = median_of(found, value)
        return NOT_THERE if number is None else f"{number:.{digits}f}"

    def cost(process: str) -> str:
        return told(lambda one: one.cpu_ms(process), 2)

    times = ratio(found, orthanc)
    latency = f"{told(lambda one: one.round.store_median_ms, 1)} / {told(lambda one: one.round.store_p99_ms, 1)}"
    return (
        found[0].receiver,
        str(found[0].associations),
        told(lambda one: one.per_second, 0),
        NOT_THERE if times is None else f"{times:.2f}",
        latency,
        *map(cost, ("receiver", "versitygw", "kafka", "zipkin")),
        told(lambda one: one.round.others_cores, 2),
    )


def _stock(stock: Sequence[Stock]) -> Iterable[Sequence[str]]:
    for one in sorted(stock, key=lambda one: (RECEIVERS.index(one.receiver), one.no_delay, one.turn)):
        yield one.receiver, "yes" if one.no_delay else "no", f"{one.per_second:.0f}"
