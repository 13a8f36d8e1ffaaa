"""What processes cost: CPU time from /proc, children included."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Stat:
    """One line of /proc/PID/stat, as far as it counts here."""

    pid: int
    parent: int
    seconds: float
    """Own time and that of children which have ended and were waited for."""


def parse(line: str) -> Stat:
    """See proc(5); the command, in parentheses, may hold anything."""
    before, _, after = line.rpartition(")")
    fields = after.split()
    return Stat(int(before.split("(", 1)[0]), int(fields[1]), sum(map(int, fields[11:15])) / TICKS)


def processes() -> dict[int, Stat]:
    """All processes of the machine now."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                stat = parse((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue
            found[stat.pid] = stat
    return found


def tree_seconds(pid: int, stats: Mapping[int, Stat]) -> float:
    """CPU seconds of a process and all that descends from it. Raises KeyError when it is not there."""
    return sum(one.seconds for one in family(pid, stats))


def family(pid: int, stats: Mapping[int, Stat]) -> Iterator[Stat]:
    """A process and all that descends from it. Raises KeyError when it is not there."""
    yield stats[pid]
    for stat in stats.values():
        if stat.parent == pid:
            yield from family(stat.pid, stats)


def machine_seconds() -> float:
    """CPU seconds that all processes of the machine have used since its start."""
    user, nice, system, _, _, irq, softirq = map(int, (PROC / "stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def measure(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds so far, by name."""
    stats = processes()
    return {name: tree_seconds(pid, stats) for name, pid in pids.items()}
