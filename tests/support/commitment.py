"""A receiver that commits, with a store and a broker that need no other process."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role
from pynetdicom.association import Association

from services.receiver.allowances import Allowances
from services.receiver.arrivals import Arrivals
from services.receiver.commitment.carrying import Carrying
from services.receiver.commitment.docket import Docket
from services.receiver.commitment.judging import Judging
from services.receiver.commitment.taking import Taking
from services.receiver.commitment.telling import Telling
from services.receiver.crew.desk import Desk
from services.receiver.crew.listening import Listening
from services.receiver.edge import Edge
from services.receiver.handler import Receive
from services.receiver.intake import Intake
from services.receiver.journal import Journal
from services.receiver.quotas import Quotas
from services.receiver.repeats import Repeats
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared.dicom.identity import Pseudonyms
from shared.events import InstanceCommitted
from shared.events.envelope import decode
from shared.sites import Commitment, Site, Sites
from shared.storage.tree import TreeStore
from tests.support.committing_peer import INSTANCE, PUSH_MODEL
from tests.support.memory_log import MemoryPublisher

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"
DAYS = 90


class Broker(MemoryPublisher):
    @property
    def promised(self) -> list[InstanceCommitted]:
        records = self.topics[InstanceCommitted.topic]
        found = [decode(record.topic, record.value, record.headers) for record in records]
        return [event for event in found if isinstance(event, InstanceCommitted)]


class Clock:
    """Tells a time that tests move on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def goes(self, by: timedelta) -> None:
        self.now += by


class Node:
    """A receiver in `folder`. It may be begun anew in the same one, as after a restart."""

    def __init__(
        self,
        folder: Path,
        reports_to: int,
        durable: bool = True,
        tls: bool = False,
        secure: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        (folder / "store" / "identified").mkdir(parents=True, exist_ok=True)
        self.store = TreeStore(folder / "store", "identified")
        self.store.durable = durable
        self.broker, self.clock = Broker(), Clock()
        self.arrivals = Arrivals(folder / "arrivals.sqlite")
        self.quotas = Quotas(folder / "quotas.sqlite")
        self.docket = Docket(folder / "commitments.sqlite")
        self.sites = sites_with(Commitment(ae_title="SITE", host="127.0.0.1", port=reports_to, days=DAYS, tls=tls))
        self.stop = threading.Event()
        self.judging = Judging(
            identified=self.store,
            broker=self.broker,
            arrivals=self.arrivals,
            journal=Journal("demo", Pseudonyms(b"k" * 32)),
            stop=self.stop,
            clock=self.clock,
        )
        self.carrying = Carrying(self.docket, self.judging, lambda: self.sites, Telling(secure), clock=self.clock)
        self._edge = self._edge_in(folder)
        self._listening = Listening("127.0.0.1", 0, self._edge.take)
        self.port = self._listening.port

    def _edge_in(self, folder: Path) -> Edge:
        receive = Receive(
            identified=self.store,
            broker=self.broker,
            arrivals=self.arrivals,
            pseudonyms=Pseudonyms(b"k" * 32),
            quotas=self.quotas,
            repeats=Repeats(self.store, self.arrivals, lambda: None, lambda arrival: False),
            allowances=Allowances(500, 10.0),
            clock=self.clock,
        )
        landing = partial(Landing, Spool(folder, Disk(folder, 0)), 2**20, Budget(2**22))
        taking = Taking(self.docket, self.clock)
        visits = Visits("association", lambda account: None)
        return Edge(lambda: self.sites, Intake(receive), Desk(8), visits, landing, commitment=taking)

    def carry_out(self) -> None:
        """What is due now, all of it, before this returns."""
        for number, _ in self.docket.due(self.clock()):
            self.carrying.carry_out(number)

    def close(self) -> None:
        self.stop.set()
        self._edge.visits.draining = True
        self._listening.close()
        self._edge.visits.drain(0.2)
        self.arrivals.close()
        self.docket.close()
        self.quotas.close()

    @contextmanager
    def association(self, calling: str = "SITE", role: bool = False) -> Iterator[Association]:
        """From the site that has commitment, or by `calling` from one that has not."""
        entity = AE(calling)
        entity.dimse_timeout = entity.acse_timeout = 120
        for sop_class in (CT, MR, PUSH_MODEL):
            entity.add_requested_context(sop_class, EXPLICIT)
        roles = [build_role(PUSH_MODEL, scu_role=True, scp_role=True)] if role else []
        association = entity.associate("127.0.0.1", self.port, ae_title="ISOCENTRE", ext_neg=roles)
        assert association.is_established
        try:
            yield association
        finally:
            if association.is_established:
                association.release()

    def send(self, instance: Dataset) -> int:
        with self.association() as association:
            return int(association.send_c_store(instance).Status)

    def ask(self, told: Dataset, action: int = 1, instance: str = INSTANCE) -> int:
        """The status; the association is released at once."""
        with self.association() as association:
            return int(association.send_n_action(told, action, PUSH_MODEL, instance)[0].Status)


def an_instance(uid: str, sop_class: str = CT, size: int = 64) -> Dataset:
    """Something to store, of about `size` bytes."""
    instance = Dataset()
    instance.SOPClassUID, instance.SOPInstanceUID = sop_class, uid
    instance.StudyInstanceUID, instance.PatientID = "1.2.3.4", "canary"
    instance.add_new(0x00420011, "OB", bytes(size))
    instance.file_meta = Dataset()
    instance.file_meta.TransferSyntaxUID = EXPLICIT
    return instance


def sites_with(commitment: Commitment) -> Sites:
    """One site that has these terms, and one that has none."""
    with_it = Site(code="site-a", project="demo", calling_ae_titles=frozenset({"SITE"}), commitment=commitment)
    return Sites(sites=(with_it, Site(code="site-b", project="demo", calling_ae_titles=frozenset({"OTHER"}))))
