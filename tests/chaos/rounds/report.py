"""What a run came to: as JSON for machines, as Markdown with pictures for people. Pure, but for writing it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.chaos.rounds.picture import chart
from tests.chaos.rounds.running import Outcome
from tests.chaos.rounds.watch import Curves


@dataclass
class Part:
    """The rounds of one stack."""

    name: str
    """How its services write objects."""
    outcomes: list[Outcome] = field(default_factory=list)
    curves: Curves = field(default_factory=Curves)
    answers: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    """Of what did not simply go on, by topic."""
    damaged: list[str] = field(default_factory=list)
    """Objects whose bytes are not what they were said to be, at the end."""
    read: int = 0
    """Objects whose bytes were looked at."""

    @property
    def is_sound(self) -> bool:
        return not self.damaged and all(outcome.is_sound for outcome in self.outcomes)


@dataclass
class Report:
    """The whole run."""

    seed: int
    parts: list[Part] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return all(part.is_sound for part in self.parts)

    @property
    def acknowledged(self) -> int:
        return sum(outcome.acknowledged for part in self.parts for outcome in part.outcomes)

    def write(self, folder: Path) -> None:
        """`report.json`, `report.md` and two pictures for each part."""
        (folder / "report.json").write_text(json.dumps(self._as_json(), indent=1) + "\n")
        (folder / "report.md").write_text("\n".join(self._lines()) + "\n")
        for part in self.parts:
            lag = chart(f"{part.name}: records behind, by consumer group", part.curves.lag, part.curves.marks)
            memory = chart(f"{part.name}: MiB resident, by process", part.curves.memory, part.curves.marks)
            (folder / f"lag-{part.name}.svg").write_text(lag)
            (folder / f"memory-{part.name}.svg").write_text(memory)

    def _as_json(self) -> dict[str, Any]:
        return {"seed": self.seed, "acknowledged": self.acknowledged, **asdict(self)}

    def _lines(self) -> Iterator[str]:
        rounds = sum(len(part.outcomes) for part in self.parts)
        yield f"# Chaos, seed {self.seed}\n"
        verdict = "sound" if self.is_sound else "UNSOUND"
        yield f"{rounds} rounds, {self.acknowledged} instances answered with success: {verdict}.\n"
        yield "## Recovery\n"
        yield "Seconds from the end of a fault until every instance of the round had come to its end.\n"
        yield "| fault | rounds | least | median | most |"
        yield "|---|---|---|---|---|"
        for kind, seconds in sorted(self._recoveries().items()):
            yield f"| {kind} | {len(seconds)} | {min(seconds):.0f} | {median(seconds):.0f} | {max(seconds):.0f} |"
        for part in self.parts:
            yield from _of_part(part)

    def _recoveries(self) -> dict[str, list[float]]:
        found = defaultdict(list)
        for part in self.parts:
            for outcome in part.outcomes:
                # Two at once: their recovery is the later one's, and counts for both.
                for fault in outcome.faults:
                    found[fault.split(" (")[0]].append(outcome.recovery)
        return found


def _of_part(part: Part) -> Iterator[str]:
    yield f"\n## Store by {part.name}\n"
    yield f"![lag](lag-{part.name}.svg)\n"
    yield f"![memory](memory-{part.name}.svg)\n"
    yield "| round | faults | acknowledged | recovery | told again, same id | lost, doubled, astray, trouble |"
    yield "|---|---|---|---|---|---|"
    for outcome in part.outcomes:
        wrong = "; ".join(_wrong(outcome)) or "none"
        cells = (outcome.number, "; ".join(outcome.faults), outcome.acknowledged, f"{outcome.recovery:.0f} s")
        yield "| " + " | ".join(map(str, (*cells, sum(outcome.repeats.values()), wrong))) + " |"
    yield f"\n{part.read} objects read back, {len(part.damaged)} of them not what they were said to be.\n"
    yield f"Answers: {_counts(part.answers)}. Reasons: {_counts(part.reasons)}."


def _wrong(outcome: Outcome) -> Iterator[str]:
    for found in (outcome.lost, outcome.doubled, outcome.astray):
        yield from (f"{len(those)} {what}" for what, those in found.items())
    yield from outcome.trouble


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(counts.items())) or "none"


def told(outcome: Outcome) -> str:
    """One round in a line of the terminal."""
    wrong = "; ".join(_wrong(outcome)) or "sound"
    again = sum(outcome.repeats.values())
    faults: Sequence[str] = outcome.faults
    return (
        f"round {outcome.number}: {'; '.join(faults)}: {outcome.acknowledged} acknowledged, "
        f"recovered in {outcome.recovery:.0f} s, {again} told again: {wrong}"
    )
