"""What a stage does while it waits: it tells its health, and keeps its place in the group."""

import threading
import time

from shared.health import Health
from shared.kafka.log import Log
from shared.outcome import Transient
from shared.runner.backoff import backoff
from shared.runner.ending import Watchdog
from shared.runner.report import Report

IDLE = 0.1
"""Seconds between signs of life to the group while a batch is being handled or waits."""


class Pauses:
    """The waits of one runner."""

    def __init__(self, source: Log, health: Health, report: Report, stop: threading.Event, watchdog: Watchdog) -> None:
        self._log = source
        self._health = health
        self._watchdog = watchdog
        self._report = report
        self._stop = stop

    @property
    def told_to_stop(self) -> bool:
        """Whether nothing new is to be begun."""
        return self._stop.is_set()

    def beat(self) -> None:
        """The loop has come round."""
        self._health.beat()
        self._watchdog.feed()

    def sign_of_life(self) -> None:
        """The batch is being worked on."""
        self.beat()
        self._log.idle(0)

    def wait_for(self, away: Transient, attempt: int) -> None:
        """Pause until the next try. Health says so, and the group is kept."""
        self._tell(away, attempt)
        until = time.monotonic() + backoff(attempt)
        while time.monotonic() < until and not self.told_to_stop:
            self.beat()
            self._log.idle(IDLE)

    def ask_again(self, away: Transient, attempt: int) -> None:
        """No pause: a transaction is open, and holds up who reads its topics. The call itself has waited."""
        self._tell(away, attempt)
        self.beat()
        self._log.idle(IDLE)

    def recovered(self, stopped_by: str | None = None) -> None:
        """Nothing is waited for any more, unless the stage has stopped itself for a reason."""
        if stopped_by is None:
            self._health.ready()
        else:
            self._health.waiting(f"brake: {stopped_by}")
        self._report.recovered()

    def _tell(self, away: Transient, attempt: int) -> None:
        self._health.waiting(str(away) or "dependency")
        self._report.waiting(str(away), attempt)
