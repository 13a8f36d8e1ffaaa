"""The end of a process that cannot end in order, because a thread of it hangs."""

import faulthandler
import os
import threading
import time
from typing import NoReturn

from shared import telemetry

HUNG = 70
"""Exit status."""

LAST_WORDS = 5.0
"""Seconds for the spans that are left."""

STDERR = 2


def end_process() -> NoReturn:
    """End now: a thread that hangs would be waited for for ever. Whoever runs us starts us again."""
    last = threading.Thread(target=telemetry.shut_down, name="last-words", daemon=True)
    last.start()
    last.join(LAST_WORDS)
    os._exit(HUNG)


class Watchdog:
    """Ends the process, with status 1 and the places of all threads, when nobody has fed it for too long.

    It needs no turn of the interpreter, which a handler may never give back: a regular expression can do that.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._fed: float | None = None

    def feed(self) -> None:
        """The loop has come round."""
        now = time.monotonic()
        if self._fed is None or now - self._fed > self._seconds / 10:
            self._fed = now
            faulthandler.dump_traceback_later(self._seconds, exit=True, file=STDERR)

    def feed_last(self, seconds: float) -> None:
        """The loop has ended, and what comes after it takes so long at most."""
        faulthandler.dump_traceback_later(seconds, exit=True, file=STDERR)

    def stop(self) -> None:
        """All has ended."""
        faulthandler.cancel_dump_traceback_later()
