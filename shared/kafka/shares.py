"""Which lane goes first, and how much of it at a time: what is live, but for the least share of the others."""

from collections.abc import Mapping

from shared.events.lanes import Lane

LIVE: Lane = "live"
SHARES: Mapping[Lane, float] = {"bulk": 0.2, "rerun": 0.1}
"""The least part of a stage's time that a lane gets while there is something on it; the rest is for what is live."""

CHARGED = 10.0
"""Seconds that one batch counts at most: a dependency that was away is not the lane's fault."""
SLICE = 0.25
"""Seconds that a batch of a lane that gives way should take: what is live waits for one."""
TOGETHER = 4
"""Records of a batch at least: so many are handled at the same time anyway."""


class Shares:
    """Counts what each lane has a claim to. Knows no clock: it is told what was spent.

    By time, not by records or polls: those of one lane may take a hundred times as long as those of another.
    """

    def __init__(self, shares: Mapping[Lane, float]) -> None:
        """`shares`: of each lane that gives way, by itself in (0, 1), and in all below 1."""
        if not all(0 < share < 1 for share in shares.values()) or sum(shares.values()) >= 1:
            raise ValueError("shares of lanes are above 0, and leave something for what is live")
        self._shares = dict(shares)
        self._claims: dict[Lane, float] = dict.fromkeys(shares, 0.0)
        self._seconds: dict[Lane, float] = {}

    def order(self) -> list[Lane]:
        """Who is asked first. Whoever has nothing leaves his turn to the next."""
        ahead = sorted((lane for lane in self._shares if self._claims[lane] > 0), key=lambda lane: -self._claims[lane])
        return [*ahead, LIVE, *(lane for lane in self._shares if lane not in ahead)]

    def limit(self, lane: Lane, most: int) -> int:
        """How many records of that lane, of `most`, to take at once."""
        if lane == LIVE:
            return most
        each = self._seconds.get(lane, SLICE)
        return min(most, max(TOGETHER, int(SLICE / max(each, 1e-6))))

    def empty(self, lane: Lane) -> None:
        """It had nothing when it was asked: nobody makes up later for what he did not need."""
        self._claims[lane] = min(0.0, self._claims.get(lane, 0.0))

    def spent(self, lane: Lane, records: int, seconds: float) -> None:
        """So long did `records` of that lane take, from their poll to the next one."""
        each = seconds / records
        self._seconds[lane] = (each + self._seconds.get(lane, each)) / 2
        counted = min(seconds, CHARGED)
        for other, share in self._shares.items():
            if other != lane:
                self._claims[other] += share * counted
            elif self._claims[other] > 0:
                self._claims[other] -= (1 - share) * counted
            else:
                # Whoever goes before it had nothing: that costs it nothing, and it is owed nothing.
                self._claims[other] = 0.0
