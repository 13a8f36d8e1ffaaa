"""A stage whose handler dies, or hangs, at records that say so: `python -m tests.support.poison_stage BROKER FOLDER`.

The real runner on the real log, with a state folder and little time for a record. Ends in order on SIGTERM.
"""

import os
import re
import signal
import sys
import threading
from pathlib import Path

from shared import telemetry
from shared.events import InstanceReceived, Outgoing
from shared.health import Health
from shared.kafka import KafkaLog
from shared.outcome import Done, Outcome
from shared.runner import DeadLetters, Each, Incoming, Runner, Stage, open_journal
from tests.support.events import anonymised

NAME = "poison-stage"
SITES = ("dies", "hangs", "greedy")
"""What a record's site asks of the handler: SIGKILL; to wait for ever; to keep the interpreter for ever."""
RECORD_SECONDS = 3.0


def handle(record: Incoming) -> Outcome:
    event = record.event
    assert isinstance(event, InstanceReceived)
    if event.site == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if event.site == "hangs":
        threading.Event().wait()
    if event.site == "greedy":
        re.match(r"(a+)+$", "a" * 100 + "b")
    return Done((Outgoing.of(anonymised(arrival=event.arrival)),))


def main(bootstrap: str, folder: Path) -> None:
    telemetry.configure_logging(NAME, "INFO")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stage = Stage(NAME, Each(NAME, handle, 4), DeadLetters(NAME, "1.0", identified=True), 16, RECORD_SECONDS)
    source = KafkaLog(bootstrap, NAME, "0", [InstanceReceived.topic])
    journal = open_journal(folder, "0")
    Runner(stage, source, Health(), stop, journal, deaf=RECORD_SECONDS).run()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
