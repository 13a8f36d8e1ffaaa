"""Starts the receiver's workers, accepts for them, counts what is open, and ends them in order."""

from functools import partial
from itertools import chain
from pathlib import Path

from services.receiver import scratch, tls
from services.receiver.arrivals import Arrivals
from services.receiver.crew.desk import Desk
from services.receiver.crew.listening import Listening
from services.receiver.crew.workers import Crew
from services.receiver.ends import TOPICS as ENDS
from services.receiver.journal import Journal
from services.receiver.mark import Mark, life_on
from services.receiver.recall import TOPICS, recall
from services.receiver.settings import Settings
from services.receiver.upkeep import Raw, beside, committing, sweeping
from shared import metrics, storage
from shared.dicom.identity import Pseudonyms
from shared.dicom.raw_object import arrived
from shared.events import InstanceCommitted, InstanceDecided
from shared.health import Health
from shared.kafka import Publisher, is_durable
from shared.service import NotFit, Service, running
from shared.sites import read_sites

NAME = "receiver"
STILL_AFTER = 300.0
"""Seconds that an object may be at the store before that counts as standing still: 16 GiB at 55 MB/s."""


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service:
        project, ring = read_sites(settings.sites_file).project, settings.key_ring()
        ring.serve(project)
        if settings.has_tls:
            tls.identity_of(settings.tls_files())
        identified = storage.open_bucket(settings, "identified")
        service.verify_topics((*TOPICS, *ENDS, InstanceCommitted.topic, InstanceDecided.topic))
        service.verify("store", lambda: storage.probe(identified, settings.s3_access_key or NAME, writes=True))
        if not identified.durable:
            accept_volatile(service, settings)
        tell_durability(service, identified)
        mark = mark_in(settings, identified)
        arrivals = arrivals_in(settings.state_dir, anew=mark.unclean)
        catch_up(service, arrivals, settings.kafka_bootstrap_servers)
        desk = Desk(settings.associations, settings.share_of_site)
        crew = Crew(settings.workers, desk)
        if not crew.wait_until_up():
            crew.drain(0)
            raise NotFit("a worker did not start: its own lines say why")
        service.health.exposition = metrics.exposition_of(crew.snapshots)
        service.health.pages["/associations"] = lambda: [*chain.from_iterable(crew.each("associations"))]
        listening = [Listening(host, port, partial(crew.take, kind)) for kind, host, port in settings.doors]
        service.health.ready()
        broker = Publisher(settings.kafka_bootstrap_servers, settings.publish_timeout)
        raw = Raw(identified, arrivals, Journal(project, Pseudonyms.of(ring)), broker)
        with (
            beside(service, sweeping(service, settings, mark, raw)),
            beside(service, committing(service, settings, raw)),
        ):
            while not service.stop.wait(1.0):
                service.health.beat()
                crew.look_after()
                tell_readiness(service.health, crew)
                metrics.gauge("isocentre_receive_unannounced_objects").set(arrivals.doubts())
            desk.closed = True
            for each in listening:
                each.close()
            crew.drain(settings.drain_seconds)
        broker.close()
        arrivals.settle()
        mark.ended()


def tell_readiness(health: Health, crew: Crew) -> None:
    """Without workers nobody is served; nor on a store that stands still, which nobody but the operators can mend."""
    if not crew.up:
        health.waiting("workers")
    elif max(crew.each("oldest"), default=0.0) > STILL_AFTER:
        health.waiting("store")
    else:
        health.ready()


def mark_in(settings: Settings, identified: storage.Store) -> Mark:
    """A store with objects and a STATE_DIR without a mark: whoever threw that away may have done so after a power
    cut."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    life = life_on(filter(None, (settings.state_dir, settings.store_tree)))
    return Mark(settings.state_dir, life, lambda: any(map(arrived, identified.keys())))


def arrivals_in(folder: Path, *, anew: bool) -> Arrivals:
    """The view, or an empty one: `anew` when it may know of what the broker has lost with its machine. Torn files are
    thrown away, for which all of them is read once."""
    view = folder / "arrivals.sqlite"
    if anew:
        scratch.thrown_away(view)
    for file in (view, folder / "quotas.sqlite"):
        scratch.mended(file)
    return Arrivals(view)


def accept_volatile(service: Service, settings: Settings) -> None:
    """A site deletes its copy on our word: a store that may forget in a power cut needs somebody's consent."""
    if not settings.accept_volatile_store:
        raise NotFit("the store is not durable: set ISOCENTRE_ACCEPT_VOLATILE_STORE=true to accept that")
    service.log.warning("store-not-durable")


def tell_durability(service: Service, identified: storage.Store) -> None:
    """Half of a yes is the broker's. It cannot be chosen here, so it is told."""
    bootstrap, parts = service.settings.kafka_bootstrap_servers, {"store": identified.durable}

    def look() -> None:
        parts["broker"] = all(is_durable(bootstrap, topic) for topic in TOPICS)

    service.verify("broker", look)
    for part, durable in parts.items():
        metrics.gauge("isocentre_receive_durable").labels(part).set(durable)
    if not parts["broker"]:
        service.log.warning("broker-not-durable")


def catch_up(service: Service, arrivals: Arrivals, bootstrap: str) -> None:
    """Learn what was received before, from the topic."""

    def read() -> None:
        service.log.info("caught-up", records=recall(arrivals, bootstrap, service.health.beat))

    service.verify("arrivals", read)


if __name__ == "__main__":
    main()
