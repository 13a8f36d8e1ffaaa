"""What was scored: totals and floors, every failure, as JSON and as Markdown."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.bench.deid.runs import OURS, Run
from tests.bench.deid.score import Scored, Verdict
from tests.bench.deid.truth import ACTIONS

TEXT = frozenset({"text", "sr", "label"})
"""Places of free text; the floor of text_retained holds for these by themselves too."""

MOST_SHOWN = 25
MOST_HELD = 2.0
FLOORS: dict[str, float] = {
    "all": 99.95,
    "text_removed": 99.9,
    "text_retained": 97.0,
    "text_retained in free text": 97.0,
    "date_shifted": 100.0,
    "uid_changed": 100.0,
    "uid_consistent": 100.0,
    "pixels_hidden": 100.0,
    "pixels_retained": 100.0,
}
"""Per cent of checks passed, at least."""

LEAST_CHECKS = 20
"""Fewer say nothing: a floor with less is missed for want of checks."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many checks there were, how many passed, and how many failed for want of an object."""

    checks: int
    passed: int
    missing: int

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> "Rate":
        checks = passed = missing = 0
        for verdict in verdicts:
            checks += 1
            passed += verdict.failure is None
            missing += verdict.missing
        return cls(checks, passed, missing)

    @property
    def percent(self) -> float:
        return 100 * self.passed / self.checks if self.checks else 0.0

    def told(self, unit: str = "") -> str:
        """The per cent; a dash when there was nothing to check."""
        return f"{self.percent:.3f}{unit}" if self.checks else "-"

    @property
    def percent_of_delivered(self) -> float:
        delivered = self.checks - self.missing
        return 100 * self.passed / delivered if delivered else 0.0


def rates(scored: Scored) -> dict[str, Rate]:
    """Of all, of each action, and of the parts that have a floor."""
    verdicts = scored.verdicts
    found = {"all": Rate.of(verdicts)}
    found |= {action: Rate.of(one for one in verdicts if one.check.action == action) for action in ACTIONS}
    free = (one for one in verdicts if one.check.action == "text_retained" and one.check.place in TEXT)
    found["text_retained in free text"] = Rate.of(free)
    days = (
        replace(one, failure=None) if one.otherwise else one for one in verdicts if one.check.action == "date_shifted"
    )
    return found | {"date_shifted as MIDI asks": Rate.of(days)}


def held_percent(scored: Scored) -> float:
    """Files without an output, of a hundred."""
    return 100 * len(scored.held) / len(scored.instances) if scored.instances else 0.0


def missed(scored: Scored) -> list[str]:
    """The floors that are not reached, as sentences."""
    found = rates(scored)
    below = [sentence for name, floor in FLOORS.items() if (sentence := _below(name, found[name], floor))]
    if held_percent(scored) > MOST_HELD:
        below.append(f"held back: {held_percent(scored):.2f} % of files, at most {MOST_HELD} %")
    return below


def _below(name: str, rate: Rate, floor: float) -> str | None:
    if rate.checks < LEAST_CHECKS:
        return f"{name}: for want of checks, {rate.checks}, at least {LEAST_CHECKS}"
    return f"{name}: {rate.percent:.3f} % of {rate.checks}, at least {floor} %" if rate.percent < floor else None


def by_modality(scored: Scored) -> dict[str, Rate]:
    grouped: dict[str, list[Verdict]] = {}
    for verdict in scored.verdicts:
        grouped.setdefault(scored.instances[verdict.check.file].modality, []).append(verdict)
    return {modality: Rate.of(verdicts) for modality, verdicts in sorted(grouped.items())}


def by_place(scored: Scored) -> dict[str, Rate]:
    grouped: dict[str, list[Verdict]] = {}
    for verdict in scored.verdicts:
        grouped.setdefault(f"{verdict.check.action} in {verdict.check.place}", []).append(verdict)
    return {name: Rate.of(verdicts) for name, verdicts in sorted(grouped.items())}


def failures(scored: Scored) -> list[Verdict]:
    """Those of objects that were delivered."""
    return [verdict for verdict in scored.verdicts if verdict.failure is not None and not verdict.missing]


def as_json(run: Run, scored: Scored) -> dict[str, Any]:
    return {
        "tool": run.tool,
        "version": run.version,
        "seconds": round(run.seconds, 1),
        "cpu_seconds": round(run.cpu_seconds, 1),
        "instances": len(scored.instances),
        "rates": {name: _rate(rate) for name, rate in rates(scored).items()},
        "by_modality": {name: _rate(rate) for name, rate in by_modality(scored).items()},
        "by_place": {name: _rate(rate) for name, rate in by_place(scored).items()},
        "held": dict(scored.held),
        "floors_missed": missed(scored),
        "failures": [
            {
                "file": one.check.file,
                "action": one.check.action,
                "place": one.check.place,
                "path": one.check.path,
                "value": one.check.value,
                "why": one.failure,
            }
            for one in failures(scored)
        ],
    }


def _rate(rate: Rate) -> dict[str, float]:
    return {
        "checks": rate.checks,
        "passed": rate.passed,
        "missing": rate.missing,
        "percent": round(rate.percent, 4),
        "percent_of_delivered": round(rate.percent_of_delivered, 4),
    }


def table(rows: Sequence[Sequence[str]]) -> str:
    """In Markdown; the first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def markdown(results: Sequence[tuple[Run, Scored]], conditions: dict[str, Any]) -> str:
    """The whole report: all tools beside each other, then each by itself with every failure."""
    parts = ["# De-identification benchmark", ", ".join(f"{name} {value}" for name, value in conditions.items())]
    parts.append(_beside(results))
    for run, scored in results:
        parts += _of_tool(run, scored)
    return "\n\n".join(parts) + "\n"


def _beside(results: Sequence[tuple[Run, Scored]]) -> str:
    head = ["action", "checks", *(f"{run.tool} {run.version}" for run, _ in results)]
    found = [rates(scored) for _, scored in results]
    rows = [[name, str(rate.checks), *(one[name].told(" %") for one in found)] for name, rate in found[0].items()]
    held = [
        "files without output",
        "",
        *(f"{len(scored.held)} ({held_percent(scored):.2f} %)" for _, scored in results),
    ]
    seconds = ["seconds", "", *(f"{run.seconds:.0f} ({run.cpu_seconds:.0f} of CPU)" for run, _ in results)]
    return table([head, *rows, held, seconds])


def _of_tool(run: Run, scored: Scored) -> list[str]:
    parts = [f"## {run.tool} {run.version}"]
    below = missed(scored)
    parts.append("Floors missed:\n\n" + "\n".join(f"- {one}" for one in below) if below else "All floors reached.")
    for title, found in (("modality", by_modality(scored)), ("action and place", by_place(scored))):
        rows = [[name, str(rate.checks), str(rate.passed), rate.told(" %")] for name, rate in found.items()]
        parts.append(table([[title, "checks", "passed", "%"], *rows]))
    if scored.held:
        reasons = Counter(why.partition(" at ")[0] for why in scored.held.values())
        parts.append(table([["without output because", "files"], *([why, str(n)] for why, n in reasons.most_common())]))
        if run.tool == OURS:
            parts.append(
                table([["file without output", "why"], *([file, _cell(w)] for file, w in scored.held.items())])
            )
    parts.append(_failures(run, failures(scored)))
    return parts


def _failures(run: Run, failed: Sequence[Verdict]) -> str:
    """Each of ours; of the peers, how many by action and element, the most frequent first (all are in the JSON)."""
    if run.tool == OURS:
        rows = [[one.check.file, one.check.action, one.check.path, _cell(one.failure or "")] for one in failed]
        return f"### Every failure of objects that were delivered ({len(rows)})\n\n" + table(
            [["file", "action", "path", "why"], *rows]
        )
    counts = Counter((one.check.action, re.sub(r"\[\d+\]", "[]", one.check.path)) for one in failed)
    rows = [[action, path or "pixels", str(number)] for (action, path), number in counts.most_common(MOST_SHOWN)]
    return table([["failed", "element", "times"], *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("\r", " ")
