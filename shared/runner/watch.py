"""Sees when a record takes too long."""

from collections.abc import Callable
from typing import NoReturn

from shared.runner.hand import Hand
from shared.runner.report import Report
from shared.runner.under_way import UnderWay


class Watch:
    """A thread that hangs cannot be stopped, so the process ends, and says of which record it was."""

    def __init__(
        self, under_way: UnderWay, seconds: float, hand: Hand, report: Report, end: Callable[[], NoReturn]
    ) -> None:
        self._under_way = under_way
        self._seconds = seconds
        self._hand = hand
        self._report = report
        self._end = end

    def look(self) -> None:
        """Ends the process when it has to."""
        if late := self._under_way.late(self._seconds):
            self._hand.hung(late)
            for place in late:
                self._report.hung(place, self._seconds)
            self._end()
