"""One round after the other: load, faults in the middle of it, rest, and then every witness is asked."""

import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.rounds import faults, load, processes
from tests.chaos.rounds.books import Findings
from tests.chaos.rounds.deck import Fault, Round
from tests.chaos.rounds.sent import Sent
from tests.chaos.rounds.watch import Curves
from tests.chaos.rounds.witnesses import Witnesses
from tests.chaos.rounds.world import World
from tests.support.waiting import until

SETTLE = 240.0
"""Seconds for everything to come to its end."""
LEAST = 6.0
"""Seconds that a round's load lasts at least: faults are shorter at times."""


@dataclass
class Outcome:
    """What one round came to. Seconds are of a monotonic clock that began with the run."""

    number: int
    faults: list[str]
    began: float
    struck: list[tuple[float, float, str]] = field(default_factory=list)
    """Begin and end of each fault."""
    acknowledged: int = 0
    recovery: float = 0.0
    """Seconds from the end of the last fault until all that was sent had come to its end."""
    refused: dict[str, int] = field(default_factory=dict)
    """What senders were told in this round but success."""
    repeats: dict[str, int] = field(default_factory=dict)
    """Facts that were told once more under the same id, by kind."""
    lost: dict[str, list[str]] = field(default_factory=dict)
    doubled: dict[str, list[str]] = field(default_factory=dict)
    astray: dict[str, list[str]] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)
    """What kept the round from being what it should be: a fault that failed, a process that did not come back."""

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.doubled or self.astray or self.trouble)

    def judge(self, found: Findings) -> None:
        """Write down what the witnesses say."""
        for name in ("lost", "doubled", "astray"):
            setattr(self, name, {what: list(those) for what, those in getattr(found, name).items()})


class Runner:
    """Runs rounds in one world. `began`: the beginning of the run; `logs`: where those of unsound rounds are kept."""

    def __init__(self, world: World, seed: int, began: float, curves: Curves, logs: Path) -> None:
        self._world, self._seed, self._began, self._curves, self._logs = world, seed, began, curves, logs
        self.sent = Sent()
        self.witnesses = Witnesses(world.stack, self.sent)

    def run(self, dealt: Round, instances: int) -> Outcome:
        """Never raises for what goes wrong in the world: it is told."""
        outcome = Outcome(dealt.number, [str(fault) for fault in dealt.faults], self._now())
        answers, repeats = self.sent.answers.copy(), self.witnesses.books.repeats()
        before = len(self.sent.acknowledged)
        try:
            self._harm(dealt, instances, outcome)
            outcome.judge(self.witnesses.settled(SETTLE))
        except AssertionError as failed:
            outcome.trouble.append(str(failed))
        outcome.recovery = round(self._now() - max((end for _, end, _ in outcome.struck), default=outcome.began), 1)
        outcome.acknowledged = len(self.sent.acknowledged) - before
        outcome.refused = {word: count for word, count in (self.sent.answers - answers).items() if word != "success"}
        outcome.repeats = dict(self.witnesses.books.repeats() - repeats)
        if not outcome.is_sound:
            shutil.copytree(self._world.stack.home / "logs", self._logs / f"round-{dealt.number}", dirs_exist_ok=True)
        return outcome

    def _harm(self, dealt: Round, instances: int, outcome: Outcome) -> None:
        stack = self._world.stack
        with load.under_way(stack, self.sent, dealt.number, instances, max(LEAST, dealt.seconds)) as senders:
            began = time.monotonic()
            strikes = [
                threading.Thread(target=self._strike, args=(fault, began, outcome), daemon=True)
                for fault in dealt.faults
            ]
            for strike in strikes:
                strike.start()
            for strike in strikes:
                strike.join()
            for sender in senders:
                sender.hurry()
            until(lambda: processes.are_ready(stack), "all processes work", 180)
            until(lambda: not any(sender.left for sender in senders), "all has been sent", 240)

    def _strike(self, fault: Fault, began: float, outcome: Outcome) -> None:
        time.sleep(max(0.0, began + fault.after - time.monotonic()))
        begin = self._now()
        try:
            faults.strike(self._world, self.sent, fault, f"{self._seed} {outcome.number}")
        except Exception as failed:
            outcome.trouble.append(f"{fault}: {type(failed).__name__}: {failed}")
        struck = (round(begin, 1), round(self._now(), 1), str(fault))
        outcome.struck.append(struck)
        self._curves.marks.append(struck)

    def _now(self) -> float:
        return time.monotonic() - self._began
