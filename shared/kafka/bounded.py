"""Calls that the client may never come back from, whatever limit it was given."""

import threading
from collections.abc import Callable

from shared.kafka.log import LogLost

STUCK = 10.0
"""Seconds after which a call counts as hanging."""


def bounded(call: Callable[[], object]) -> None:
    """Make the call on a thread that can be left behind: who hangs cannot be told to stop, only be replaced.

    Raises what the call raises, and LogLost when it hangs.
    """
    failed: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as failure:
            failed.append(failure)

    thread = threading.Thread(target=run, name="bounded", daemon=True)
    thread.start()
    thread.join(STUCK)
    if thread.is_alive():
        raise LogLost("the client hangs")
    if failed:
        raise failed[0]
