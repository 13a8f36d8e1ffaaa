"""One worker process of the receiver: serves the connections that its parent hands it."""

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from services.receiver.allowances import Allowances
from services.receiver.arrivals import Arrivals
from services.receiver.commitment.docket import Docket
from services.receiver.crew import handing
from services.receiver.crew.line import Hung, Line
from services.receiver.handler import Receive
from services.receiver.quotas import Quotas
from services.receiver.recall import recall
from services.receiver.repeats import Repeats
from services.receiver.settings import Settings
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landed
from services.receiver.ways import Ways
from shared import metrics, service, storage, telemetry
from shared.dicom.identity import Pseudonyms
from shared.ended import Ended, decisions
from shared.kafka import Publisher
from shared.settings import MIB
from shared.storage import Filed

NAME = "receiver"
_ORPHANED = 1.0
"""Seconds that associations get when the parent has died."""

log = telemetry.logger(NAME)


class FarDesk:
    """The parent's desk, asked over the line. Nobody is let in when it does not answer."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def admit(self, association: str, site: str, most: int | None) -> bool:
        try:
            return bool(self._line.ask("admit", association, site, most))
        except Hung:
            self._line.tell("leave", association)  # the answer may come yet
            return False

    def leave(self, association: str) -> None:
        self._line.tell("leave", association)


def main() -> None:
    """Serve until told to end, or left alone."""
    settings = Settings()
    number, end, hand = handing.told(sys.argv[1:])
    # The parent is told to end, and tells us; a terminal would tell all of us.
    for ignored in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ignored, signal.SIG_IGN)
    service.begin_process(NAME, settings, f"{settings.instance}.{number}")
    ended = threading.Event()
    answers: dict[str, Callable[..., Any]] = {"metrics": metrics.snapshot}
    line = Line(end, answers, ended.set)
    broker = Publisher(settings.kafka_bootstrap_servers, settings.publish_timeout)
    arrivals = Arrivals(settings.state_dir / "arrivals.sqlite")
    identified, pseudonyms = storage.open_bucket(settings, "identified"), Pseudonyms.of(settings.key_ring())
    quotas = Quotas(settings.state_dir / "quotas.sqlite")
    repeats = Repeats(
        identified,
        arrivals,
        recall=lambda: recall(arrivals, settings.kafka_bootstrap_servers),
        ended=Ended(lambda: decisions(settings.kafka_bootstrap_servers)),
    )
    receive = Receive(
        identified=identified,
        broker=broker,
        arrivals=arrivals,
        pseudonyms=pseudonyms,
        quotas=quotas,
        repeats=repeats,
        allowances=Allowances(settings.live_burst, settings.live_per_second, settings.workers),
        room=room_of_store(settings.store_tree, settings.reserve_mib * MIB),
    )
    docket = Docket(settings.docket)
    ways = Ways(settings, receive, FarDesk(line), docket, left=lambda: line.tell("gone"))

    def drained(seconds: float) -> None:
        ways.drain(seconds)
        ended.set()

    def drain(seconds: float) -> None:
        threading.Thread(target=drained, args=(seconds,), name="drain").start()

    def serve() -> None:
        try:
            handing.serve(hand, ways.takes)
        finally:
            ended.set()  # nobody hands anything over any more

    answers |= {"drain": drain, "associations": ways.accounts, "oldest": lambda: receive.oldest}
    line.start()
    threading.Thread(target=serve, name="handed", daemon=True).start()
    line.tell("up")
    look_again_and_again(ways.look, ended)
    ways.drain(_ORPHANED)
    broker.close()
    arrivals.close()
    quotas.close()
    docket.close()
    telemetry.shut_down()


def look_again_and_again(look: Callable[[], None], ended: threading.Event, seconds: float = 1.0) -> None:
    """Look until `ended`, with so many seconds before each. What fails there, as a disk may, ends no association."""
    while not ended.wait(seconds):
        try:
            look()
        except Exception as failed:
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])


def room_of_store(tree: Path | None, reserve: int) -> Callable[[Landed], AbstractContextManager[bool]]:
    """Promises room beyond `reserve` bytes of the disk under `tree`; that of an S3 server is its own affair."""
    if tree is None:
        return lambda landed: nullcontext(True)
    disk = Disk(tree, reserve)
    return lambda landed: disk.promised(0 if _is_there(landed, tree) else landed.size)


def _is_there(landed: Landed, tree: Path) -> bool:
    """Whether it lies in a file on the same disk, which is not written again."""
    try:
        return isinstance(landed.content, Filed) and landed.content.path.stat().st_dev == tree.stat().st_dev
    except OSError:
        return False


if __name__ == "__main__":
    main()
