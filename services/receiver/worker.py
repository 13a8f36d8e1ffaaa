"""One worker process of the receiver: serves the connections that its parent hands it."""

import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from services.receiver.accounts import Account, Journal
from services.receiver.arrivals import Arrivals
from services.receiver.commitment.docket import Docket
from services.receiver.commitment.taking import Taking
from services.receiver.crew import handing
from services.receiver.crew.desk import Admits
from services.receiver.crew.line import Hung, Line
from services.receiver.edge import Edge
from services.receiver.handler import Receive
from services.receiver.intake import Intake
from services.receiver.settings import Settings
from services.receiver.upper.budget import Budget
from services.receiver.upper.landing import Landing
from shared import metrics, service, storage, telemetry
from shared.dicom.identity import Pseudonyms
from shared.kafka import Publisher
from shared.settings import MIB
from shared.sites import read_sites

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
    service.tell_of(NAME, settings, f"{settings.instance}.{number}")
    ended = threading.Event()
    answers: dict[str, Callable[..., Any]] = {"metrics": metrics.snapshot}
    line = Line(end, answers, ended.set)
    broker = Publisher(settings.kafka_bootstrap_servers, settings.publish_timeout)
    arrivals = Arrivals(settings.state_dir / "arrivals.sqlite")
    docket = Docket(settings.docket)
    edge = edge_of(settings, FarDesk(line), broker, arrivals, docket, left=lambda: line.tell("gone"))

    def drained(seconds: float) -> None:
        edge.drain(seconds)
        ended.set()

    def drain(seconds: float) -> None:
        threading.Thread(target=drained, args=(seconds,), name="drain").start()

    answers |= {"drain": drain, "associations": lambda: [account.as_json() for account in edge.accounts()]}
    line.start()
    threading.Thread(target=handing.serve, args=(hand, {"dicom": edge.take}), name="handed", daemon=True).start()
    line.tell("up")
    ended.wait()
    edge.drain(_ORPHANED)
    broker.close()
    arrivals.close()
    docket.close()
    telemetry.shut_down()


def edge_of(
    settings: Settings,
    desk: Admits,
    broker: Publisher,
    arrivals: Arrivals,
    docket: Docket,
    left: Callable[[], None],
) -> Edge:
    """What serves the connections."""
    ring = settings.key_ring()
    sites = read_sites(settings.sites_file)
    identified = storage.open_bucket(settings, "identified")
    receive = Receive(identified=identified, broker=broker, arrivals=arrivals, pseudonyms=Pseudonyms.of(ring))
    budget = Budget(settings.memory_mib * MIB // settings.workers)
    landing = partial(Landing, settings.spool, settings.in_memory_mib * MIB, budget)
    journal = Journal(settings.state_dir / "accounts")
    return Edge(lambda: sites, Intake(receive), desk, landing, partial(keep, journal), left, commitment=Taking(docket))


def keep(journal: Journal, account: Account) -> None:
    """Tell of an association that has ended, and keep its account."""
    log.info("association-closed", **account.as_json())
    try:
        journal.keep(account)
    except OSError as failed:
        log.error("account-not-kept", association=account.association, error=type(failed).__name__)


if __name__ == "__main__":
    main()
