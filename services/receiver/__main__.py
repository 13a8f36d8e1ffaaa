"""Starts the receiver's workers, accepts for them, counts what is open, and ends them in order."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from services.receiver.arrivals import Arrivals
from services.receiver.commitment.carrying import Carrying
from services.receiver.commitment.docket import Docket
from services.receiver.commitment.judging import Judging
from services.receiver.crew.desk import Desk
from services.receiver.crew.listening import Listening
from services.receiver.crew.workers import Crew
from services.receiver.settings import Settings
from services.receiver.upper.landing import SPOOLED
from shared import metrics, storage
from shared.dicom.identity import Pseudonyms
from shared.events import InstanceCommitted, InstanceReceived
from shared.kafka import Publisher, end_offsets, read_to_end
from shared.service import NotFit, Service, running
from shared.sites import read_sites
from shared.storage import Store

NAME = "receiver"
TOPICS = (InstanceReceived.topic,)


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service:
        settings.key_ring().serve(read_sites(settings.sites_file).project)
        identified = storage.open_bucket(settings, "identified")
        service.verify_topics((*TOPICS, InstanceCommitted.topic))
        service.verify("store", lambda: storage.probe(identified, settings.s3_access_key, writes=True))
        if not identified.durable:
            accept_volatile(service, settings)
        empty_spool(settings)
        arrivals = Arrivals(settings.state_dir / "arrivals.sqlite")
        catch_up(service, arrivals, settings.kafka_bootstrap_servers)
        desk = Desk(settings.associations, settings.share_of_site)
        crew = Crew(settings.workers, desk)
        if not crew.wait_until_up():
            crew.drain(0)
            raise NotFit("a worker did not start: its own lines say why")
        service.health.exposition = metrics.exposition_of(crew.snapshots)
        service.health.pages["/associations"] = lambda: [*chain.from_iterable(crew.each("associations"))]
        dicom = Listening(settings.dicom_host, settings.dicom_port, lambda connection: crew.take("dicom", connection))
        service.health.ready()
        with commitments(service, settings, identified, arrivals):
            while not service.stop.wait(1.0):
                service.health.beat()
                crew.look_after()
        desk.closed = True
        dicom.close()
        crew.drain(settings.drain_seconds)
        arrivals.close()


@contextmanager
def commitments(service: Service, settings: Settings, identified: Store, arrivals: Arrivals) -> Iterator[None]:
    """Carry out requests for storage commitment meanwhile."""
    broker = Publisher(settings.kafka_bootstrap_servers, settings.publish_timeout)
    docket, sites = Docket(settings.docket), read_sites(settings.sites_file)
    judging = Judging(
        identified=identified,
        broker=broker,
        arrivals=arrivals,
        pseudonyms=Pseudonyms.of(settings.key_ring()),
        stop=service.stop,
    )
    carrying = Carrying(docket, judging, lambda: sites)
    thread = threading.Thread(target=carrying.run, args=(service.stop,), name="commitments")
    thread.start()
    try:
        yield
    finally:
        service.stop.set()
        thread.join()
        docket.close()
        broker.close()


def empty_spool(settings: Settings) -> None:
    """What an earlier life left there was never answered."""
    settings.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in settings.spool.glob(f"{SPOOLED}*"):
        left.unlink()


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
