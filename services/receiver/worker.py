"""One worker process of the receiver: serves the connections that its parent hands it."""

import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from services.receiver import tls
from services.receiver.accounts import Account, AccountBook
from services.receiver.arrivals import Arrivals
from services.receiver.crew import handing
from services.receiver.crew.desk import Admits
from services.receiver.crew.line import Hung, Line
from services.receiver.edge import Edge
from services.receiver.handler import Receive
from services.receiver.intake import Intake
from services.receiver.settings import Settings
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from shared import metrics, service, storage, telemetry
from shared.dicom.identity import Pseudonyms
from shared.followed import Followed
from shared.kafka import Publisher
from shared.settings import MIB
from shared.sites import Sites, read_sites

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
    sites = followed_sites(settings)
    edge = edge_of(settings, sites.now, FarDesk(line), broker, arrivals, left=lambda: line.tell("gone"))
    takes: dict[str, Callable[[socket.socket], None]] = {"dicom": edge.take}
    followed: list[Followed[Any]] = [sites]
    if settings.tls_port:
        identity = tls.followed(settings.tls_files())
        takes["dicom-tls"] = partial(edge.take, secure=identity.now)
        followed.append(identity)

    def drained(seconds: float) -> None:
        edge.drain(seconds)
        ended.set()

    def drain(seconds: float) -> None:
        threading.Thread(target=drained, args=(seconds,), name="drain").start()

    answers |= {"drain": drain, "associations": lambda: [account.as_json() for account in edge.accounts()]}
    line.start()
    threading.Thread(target=handing.serve, args=(hand, takes), name="handed", daemon=True).start()
    line.tell("up")
    while not ended.wait(1.0):
        for each in followed:
            each.now()
    edge.drain(_ORPHANED)
    broker.close()
    arrivals.close()
    telemetry.shut_down()


def followed_sites(settings: Settings) -> Followed[Sites]:
    """The sites file as it is at any time, of the project that our key is for. Raises Misconfigured."""
    ring = settings.key_ring()

    def read() -> Sites:
        sites = read_sites(settings.sites_file)
        ring.serve(sites.project)
        return sites

    return Followed("sites", read, lambda _: [settings.sites_file])


def edge_of(
    settings: Settings,
    sites: Callable[[], Sites],
    desk: Admits,
    broker: Publisher,
    arrivals: Arrivals,
    left: Callable[[], None],
) -> Edge:
    """What serves the connections."""
    ring = settings.key_ring()
    identified = storage.open_bucket(settings, "identified")
    receive = Receive(identified=identified, broker=broker, arrivals=arrivals, pseudonyms=Pseudonyms.of(ring))
    budget = Budget(settings.memory_mib * MIB // settings.workers)
    settings.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    spool = Spool(settings.spool, Disk(settings.spool, settings.reserve_mib * MIB))
    spool.tidy()
    landing = partial(Landing, spool, settings.in_memory_mib * MIB, budget)
    book = AccountBook(settings.state_dir / "accounts")
    return Edge(sites, Intake(receive), desk, landing, partial(keep, book), left)


def keep(book: AccountBook, account: Account) -> None:
    """Tell of an association that has ended, and keep its account."""
    log.info("association-closed", **account.as_json())
    try:
        book.keep(account)
    except OSError as failed:
        log.error("account-not-kept", association=account.association, error=type(failed).__name__)


if __name__ == "__main__":
    main()
