"""Wires the receiver together and runs it."""

from functools import partial
from pathlib import Path

from services.receiver.arrivals import Arrivals
from services.receiver.edge import Edge
from services.receiver.handler import Receive
from services.receiver.settings import Settings
from services.receiver.upper.budget import Budget
from services.receiver.upper.landing import SPOOLED, Landing
from shared import storage
from shared.dicom.identity import Pseudonyms
from shared.events import InstanceReceived, InstanceReceivedInBulk
from shared.kafka import Publisher, end_offsets, read_to_end
from shared.service import NotFit, Service, running
from shared.settings import MIB
from shared.sites import read_sites

NAME = "receiver"
TOPICS = (InstanceReceived.topic, InstanceReceivedInBulk.topic)


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service:
        sites, ring = read_sites(settings.sites_file), settings.key_ring()
        ring.serve(sites.project)
        identified = storage.open_bucket(settings, "identified")
        service.verify_topics(TOPICS)
        service.verify("store", lambda: storage.probe(identified, settings.s3_access_key, writes=True))
        if not identified.durable:
            accept_volatile(service, settings)
        arrivals = Arrivals(settings.state_dir / "arrivals.sqlite")
        catch_up(service, arrivals, settings.kafka_bootstrap_servers)
        broker = Publisher(settings.kafka_bootstrap_servers, settings.publish_timeout)
        receive = Receive(identified=identified, broker=broker, arrivals=arrivals, pseudonyms=Pseudonyms.of(ring))
        spool = spool_of(settings)
        budget = Budget(settings.memory_mib * MIB)
        landing = partial(Landing, spool, settings.in_memory_mib * MIB, budget)
        edge = Edge(sites, receive, settings.associations, landing)
        edge.start(settings.dicom_host, settings.dicom_port)
        service.health.ready()
        while not service.stop.wait(1.0):
            service.health.beat()
        edge.drain(settings.drain_seconds)
        broker.close()
        arrivals.close()


def spool_of(settings: Settings) -> Path:
    """The folder for what is on its way, empty: what an earlier life left there was never answered."""
    folder = settings.spool_dir or settings.state_dir / "spool"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{SPOOLED}*"):
        left.unlink()
    return folder


def accept_volatile(service: Service, settings: Settings) -> None:
    """A site deletes its copy on our word: a store that may forget in a power cut needs somebody's consent."""
    if not settings.accept_volatile_store:
        raise NotFit("the store is not durable: set ISOCENTRE_ACCEPT_VOLATILE_STORE=true to accept that")
    service.log.warning("store-not-durable")


def catch_up(service: Service, arrivals: Arrivals, bootstrap: str) -> None:
    """Learn what was received before, from the topic."""

    def read() -> None:
        count = arrivals.catch_up(end_offsets(bootstrap, TOPICS), lambda start: read_to_end(bootstrap, TOPICS, start))
        service.log.info("caught-up", records=count)

    service.verify("arrivals", read)


if __name__ == "__main__":
    main()
