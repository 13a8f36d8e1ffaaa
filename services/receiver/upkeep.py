"""What the receiver does beside taking what comes: it sweeps what was left behind, and keeps what was promised."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from services.receiver import tls
from services.receiver.arrivals import Arrivals
from services.receiver.commitment.carrying import Carrying
from services.receiver.commitment.docket import Docket
from services.receiver.commitment.judging import Judging
from services.receiver.commitment.telling import Telling
from services.receiver.ends import TOPICS as ENDS
from services.receiver.ends import Ends
from services.receiver.handler import Publishes
from services.receiver.journal import Journal
from services.receiver.mark import Mark
from services.receiver.recall import recall
from services.receiver.settings import Settings
from services.receiver.sweep import Found, Sweep, again_and_again
from services.receiver.ways import followed_sites
from shared.kafka import read_to_end
from shared.service import Service
from shared.storage import Store


@dataclass(frozen=True, slots=True)
class Raw:
    """The raw objects: where they are, what was published of them, and what publishes."""

    identified: Store
    arrivals: Arrivals
    journal: Journal
    broker: Publishes


@contextmanager
def beside(service: Service, work: Callable[[], None]) -> Iterator[None]:
    """Do `work`, which ends when the service stops, on a thread beside this block."""
    thread = threading.Thread(target=work, name="upkeep")
    thread.start()
    try:
        yield
    finally:
        service.stop.set()
        thread.join()


def sweeping(service: Service, settings: Settings, mark: Mark, raw: Raw) -> Callable[[], None]:
    """Sweeps again and again; after an unclean start, first with what came to no end."""
    grace = timedelta(seconds=settings.sweep_grace_seconds)
    sweep = Sweep(
        identified=raw.identified,
        broker=raw.broker,
        arrivals=raw.arrivals,
        journal=raw.journal,
        grace=grace,
        stop=service.stop,
    )

    def look() -> None:
        since = time.time()
        recall(raw.arrivals, settings.kafka_bootstrap_servers)
        if mark.unclean:
            make_good(service, settings, sweep, mark)
        else:
            sweep.run_once(since=since)

    return lambda: again_and_again(look, settings.sweep_seconds, service.stop)


def make_good(service: Service, settings: Settings, sweep: Sweep, mark: Mark) -> None:
    """Have all go through again that came to no end. What is on its way in the stages is given the time of grace."""
    if service.stop.wait(settings.sweep_grace_seconds):
        return
    with Ends(settings.state_dir / "ends.sqlite") as ends:
        ends.take(read_to_end(settings.kafka_bootstrap_servers, ENDS))
        found = sweep.run_once(ends)
        published = found[Found.PUBLISHED]
        # Whoever occupied it may not have announced it again, and later sweeps do not ask for its end.
        while found[Found.OCCUPIED] and not service.stop.wait(settings.sweep_seconds):
            found = sweep.run_once(ends)
            published += found[Found.PUBLISHED]
    if not service.stop.is_set():
        mark.settled()
        service.log.warning("made-good", published=published)


def committing(service: Service, settings: Settings, raw: Raw) -> Callable[[], None]:
    """Carries out requests for storage commitment."""
    docket = Docket(settings.docket)
    judging = Judging(
        identified=raw.identified, broker=raw.broker, arrivals=raw.arrivals, journal=raw.journal, stop=service.stop
    )
    telling = Telling((lambda: tls.calling(settings.tls_files())) if settings.has_tls else None)
    carrying = Carrying(docket, judging, followed_sites(settings).now, telling)

    def work() -> None:
        carrying.run(service.stop)
        docket.close()

    return work
