"""The newest outcomes of a site, and what was ordinary before them (pure)."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from shared.runner.brake.likelihood import UNLIKELY, surprise
from shared.runner.brake.subject import GOOD

MEMORY = 10_000
"""Outcomes that what is ordinary is made of."""
UNTOLD, UNTOLD_WEIGHT = 0.5, 50
"""As long as little is known: up to half of a new site's records may fail, with the weight of so many outcomes."""
MIX = 0.05
"""From this share on a reason is a part of what a site sends."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A share that is not to be explained by chance."""

    reason: str
    failed: int
    window: int
    ordinary: float


class History:
    """What came before the window. New outcomes count as old ones do, until there are twice MEMORY; then by half."""

    def __init__(self, total: float = 0.0, failed: dict[str, float] | None = None) -> None:
        self._total = total
        self._failed = dict(failed or {})

    def copy(self) -> History:
        """One that goes its own way."""
        return History(self._total, self._failed)

    def take(self, reason: str) -> None:
        """One more outcome."""
        self._total += 1
        if reason != GOOD:
            self._failed[reason] = self._failed.get(reason, 0.0) + 1
        if self._total >= 2 * MEMORY:
            self._total /= 2
            self._failed = {name: number / 2 for name, number in self._failed.items()}

    def know(self, reason: str, share: float) -> None:
        """From now on `share` is ordinary for `reason`, as if it had been so for all of the memory."""
        self._total = max(self._total, float(MEMORY))
        self._failed[reason] = share * self._total

    def ordinary(self, reason: str) -> float:
        """The share to be expected."""
        return (self._failed.get(reason, 0.0) + UNTOLD * UNTOLD_WEIGHT) / (self._total + UNTOLD_WEIGHT)

    def in_mix(self, reason: str) -> bool:
        """Whether it belongs to what is sent here: then it comes study by study, and not by chance."""
        return self._total >= UNTOLD_WEIGHT and self._failed.get(reason, 0.0) >= MIX * self._total


class Window:
    """The last `size` outcomes with the study (or whatever comes in bunches) of each."""

    def __init__(self, size: int, history: History | None = None, recent: deque[tuple[str, str]] | None = None) -> None:
        self._size = size
        self._recent = deque(recent or ())
        self._failed = Counter(reason for reason, _ in self._recent if reason != GOOD)
        self._history = history or History()

    def copy(self) -> Window:
        """One that goes its own way."""
        return Window(self._size, self._history.copy(), self._recent)

    def take(self, reason: str, bunch: str) -> None:
        """One more outcome; GOOD when nothing failed."""
        if len(self._recent) == self._size:
            oldest, _ = self._recent.popleft()
            self._history.take(oldest)
            if oldest != GOOD:
                self._failed[oldest] -= 1
        self._recent.append((reason, bunch))
        if reason != GOOD:
            self._failed[reason] += 1

    def trip(self, reason: str, floor: int, bunches: int = 1) -> Trip | None:
        """Whether at least `floor` failed for `reason`, in so many bunches, and that is unlikely.

        Where a reason is rare, each record is evidence. Where it belongs to the mix, a study fails as a whole (one of
        ultrasound among many of CT), so each study counts once.
        """
        failed, of = self._failed[reason], len(self._recent)
        if failed < floor:
            return None
        share, ordinary = failed / of, self._history.ordinary(reason)
        if surprise(share, of, ordinary) < UNLIKELY:
            return None
        if len({bunch for name, bunch in self._recent if name == reason}) < bunches:
            return None
        if self._history.in_mix(reason):
            studies = len({bunch for _, bunch in self._recent})
            if surprise(share, studies, ordinary) < UNLIKELY:
                return None
        return Trip(reason, failed, of, ordinary)

    def forget(self) -> None:
        """What comes next is judged by itself. The window does not become a part of what is ordinary."""
        self._recent.clear()
        self._failed.clear()

    def know(self, reason: str, share: float) -> None:
        """As `History.know`."""
        self._history.know(reason, share)
