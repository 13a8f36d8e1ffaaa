"""What every service does around its own work: logs, traces, health, checks at the door, an orderly end."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from shared import memory, telemetry
from shared.health import Health, serve
from shared.kafka import OffsetLost, missing_topics
from shared.misconfigured import Misconfigured
from shared.outcome import Transient
from shared.runner.backoff import backoff
from shared.settings import ServiceSettings

RELEASE = version("isocentre")


class NotFit(Exception):
    """The service cannot start: what it needs is not there, or not as it must be."""


class Service:
    """One running service."""

    def __init__(self, name: str, settings: ServiceSettings) -> None:
        self.name = name
        self.settings = settings
        self.stop = threading.Event()
        self.health = Health()
        self.log = telemetry.logger(name)

    def verify(self, what: str, check: Callable[[], object]) -> None:
        """Fail at the door: run `check` until it passes, waiting while its dependency is away.

        Raises NotFit when it fails for any other reason, and when told to stop meanwhile.
        """
        attempt = 0
        while True:
            self.health.beat()
            try:
                check()
                return
            except Transient as away:
                attempt += 1
                self.health.waiting(what)
                self.log.warning("waiting", what=what, reason=str(away), attempt=attempt)
                if self.stop.wait(backoff(attempt)):
                    raise NotFit(what) from None

    def verify_topics(self, topics: Iterable[str]) -> None:
        """All of `topics` must exist."""

        def check() -> None:
            missing = missing_topics(self.settings.kafka_bootstrap_servers, topics)
            if missing:
                raise NotFit(f"topics are missing: {', '.join(sorted(missing))}")

        self.verify("topics", check)


def begin_process(name: str, settings: ServiceSettings, instance: str) -> None:
    """Logs and traces of this process go where the settings say, and its memory is settled."""
    memory.settle()
    telemetry.configure_logging(name, settings.log_level)
    telemetry.configure_tracing(name, instance, RELEASE, settings.trace_store_url, settings.otlp_endpoint)


@contextmanager
def running(name: str, settings: ServiceSettings) -> Iterator[Service]:
    """The surroundings of a service's work; SIGTERM and SIGINT set `stop`.

    An exception that comes out of the work is logged by its kind and place and ends the process with status 1.
    """
    begin_process(name, settings, settings.instance)
    service = Service(name, settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop.set())
    server = serve(service.health, settings.health_host, settings.health_port)
    service.log.info("starting", release=RELEASE, settings=settings.model_dump(mode="json"))
    started = time.monotonic()
    try:
        yield service
        service.log.info("stopped", seconds=round(time.monotonic() - started, 1))
    except Exception as failed:
        # These say what is missing in our own words; any other text may quote what it failed on.
        text = str(failed) if isinstance(failed, (NotFit, Misconfigured, OffsetLost)) else None
        service.log.error("ended", error=type(failed).__name__, text=text, frames=telemetry.frames_of(failed)[-6:])
        sys.exit(1)
    finally:
        server.shutdown()
        telemetry.shut_down()
