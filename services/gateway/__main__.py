"""Wires the gateway together and runs it."""

import threading
from functools import partial

import uvicorn

from services.gateway.app import create_app
from services.gateway.counters import SiteCounters
from services.gateway.database import Database
from services.gateway.following import follow
from services.gateway.letters import KnownLetters
from services.gateway.parts import Parts
from services.gateway.settings import Settings
from shared import storage
from shared.events import CleanDeadLetter, CleanLetterSettled, SiteCounted
from shared.kafka import tail
from shared.service import NotFit, Service, running

NAME = "gateway"
READS = (SiteCounted.topic, CleanDeadLetter.topic, CleanLetterSettled.topic)


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service:
        clean, derived = (storage.open_bucket(settings, bucket) for bucket in ("clean", "derived"))
        database = Database(settings.database_url.get_secret_value())
        service.verify_topics(READS)
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or NAME, writes=False))
        service.verify("store", lambda: storage.probe(derived, settings.s3_access_key or NAME, writes=False))
        service.verify("database", lambda: database.fetch("SELECT 1 AS answer FROM instance LIMIT 1"))
        counted, letters = SiteCounters(), KnownLetters()
        read = partial(tail, settings.kafka_bootstrap_servers, READS)
        follower = threading.Thread(target=follow, args=(read, (counted.take, letters.take), service.stop), daemon=True)
        follower.start()
        serve(service, settings, Parts(database, clean, derived, counted, letters, settings.trace_store_url))
        follower.join(timeout=2.0)
        database.close()


def serve(service: Service, settings: Settings, parts: Parts) -> None:
    """Answer requests until told to stop; those under way get their time to end. Raises NotFit when it cannot."""
    config = uvicorn.Config(
        create_app(parts),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    server = uvicorn.Server(config)
    # On a thread of its own, so that uvicorn leaves the signals to us.
    thread = threading.Thread(target=server.run, name="http", daemon=True)
    thread.start()
    while not service.stop.wait(0.2) and thread.is_alive():
        service.health.beat()
        if server.started:
            service.health.ready()
    server.should_exit = True
    thread.join(settings.drain_seconds + 2.0)
    if not service.stop.is_set():
        raise NotFit("the HTTP server ended by itself")


if __name__ == "__main__":
    main()
