"""The ways into one worker process, all of which end in the same function: store, publish, answer."""

import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from services.receiver import tls
from services.receiver.accounts import Account, AccountBook, SoFar
from services.receiver.commitment.docket import Docket
from services.receiver.commitment.taking import Taking
from services.receiver.crew.desk import Admits
from services.receiver.edge import Edge
from services.receiver.handler import Receive
from services.receiver.intake import Intake
from services.receiver.settings import Settings
from services.receiver.stow.edge import StowEdge
from services.receiver.stow.limits import Limits
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared import metrics, telemetry
from shared.followed import Followed
from shared.settings import MIB
from shared.sites import Sites, read_sites

log = telemetry.logger("receiver")


class Ways:
    """All that the settings ask for. `left` is called when a connection has ended."""

    def __init__(
        self, settings: Settings, receive: Receive, desk: Admits, docket: Docket, left: Callable[[], None]
    ) -> None:
        self._receive = receive
        # Asked for, not told by a look, which may stand still with the disk.
        metrics.gauge("isocentre_receive_oldest_store_seconds").set_function(lambda: receive.oldest)
        sites = followed_sites(settings)
        self._followed: list[Followed[Any]] = [sites]
        self._spool = spool = spool_of(settings)
        self._budget = budget = Budget(settings.memory_mib * MIB // settings.workers)
        landing = partial(Landing, spool, settings.in_memory_mib * MIB, budget)
        self._book = book = AccountBook(settings.state_dir / "accounts")
        self._so_far = SoFar(partial(keep_safe, book))
        visits = partial(Visits, keep=partial(keep, book), left=left)
        intake = Intake(receive)
        dicom = Edge(sites.now, intake, desk, visits("association"), landing, commitment=Taking(docket))
        stow = partial(StowEdge, sites.now, intake, desk, landing=landing, spool=spool, limits=limits_of(settings))
        http = stow(visits=visits("http"))
        self._visits = [dicom.visits, http.visits]
        self.takes: Mapping[str, Callable[[socket.socket], None]] = {"dicom": dicom.take, "http": http.take}
        if settings.has_tls:
            identity = tls.followed(settings.tls_files())
            https = stow(visits=visits("http"), secure=lambda connection: tls.offered(identity.now(), connection))
            self._followed.append(identity)
            self._visits.append(https.visits)
            self.takes |= {"dicom-tls": partial(dicom.take, secure=identity.now), "https": https.take}

    def look(self) -> None:
        """See whether followed files have changed, have the accounts on the disk, and tell what is held. To be called
        every second or so."""
        for each in self._followed:
            each.now()
        self._so_far.look(self._open())
        settle_safe(self._book)
        metrics.gauge("isocentre_receive_memory_bytes").set(self._budget.held)
        metrics.gauge("isocentre_receive_spool_bytes").set(self._spool.size)
        metrics.gauge("isocentre_receive_spool_free_bytes").set(self._spool.disk.room)
        metrics.gauge("isocentre_receive_waiting_objects").set(self._receive.waiting)

    def accounts(self) -> list[dict[str, Any]]:
        """Of what is under way."""
        return [account.as_json() for account in self._open()]

    def drain(self, seconds: float) -> None:
        """Drain all at the same time."""
        with ThreadPoolExecutor(len(self._visits)) as pool:
            list(pool.map(lambda visits: visits.drain(seconds), self._visits))
        settle_safe(self._book)

    def _open(self) -> list[Account]:
        return [account for visits in self._visits for account in visits.accounts()]


def followed_sites(settings: Settings) -> Followed[Sites]:
    """The sites file as it is at any time, of the project that our key is for. Raises Misconfigured."""
    ring = settings.key_ring()

    def read() -> Sites:
        sites = read_sites(settings.sites_file)
        ring.serve(sites.project)
        return sites

    return Followed("sites", read, lambda _: [settings.sites_file])


def spool_of(settings: Settings) -> Spool:
    """Where large data sets go on, without what dead processes have left there: that was never answered."""
    settings.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    spool = Spool(settings.spool, Disk(settings.spool, settings.reserve_mib * MIB))
    spool.tidy()
    return spool


def limits_of(settings: Settings) -> Limits:
    """How much one request may bring."""
    return Limits(
        part=settings.stow_part_mib * MIB,
        request=settings.stow_request_mib * MIB,
        metadata=settings.stow_metadata_mib * MIB,
    )


def keep(book: AccountBook, account: Account) -> None:
    """Tell of an association that has ended, and keep its account."""
    log.info("association-closed", **account.as_json())
    keep_safe(book, account)


def keep_safe(book: AccountBook, account: Account) -> None:
    """Keep an account, or say that it could not be kept."""
    try:
        book.keep(account)
    except OSError as failed:
        log.error("account-not-kept", association=account.association, error=type(failed).__name__)


def settle_safe(book: AccountBook) -> None:
    """Have all accounts on the disk, or say that some may not be."""
    try:
        book.settle()
    except OSError as failed:
        log.error("accounts-not-settled", error=type(failed).__name__)
