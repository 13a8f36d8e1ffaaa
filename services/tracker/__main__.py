"""Wires the tracker together and runs it on an event loop of its own."""

import asyncio
import time

from services.tracker.announcing import Pace
from services.tracker.edge import AWAY, Connection
from services.tracker.handler import NAME, Handler
from services.tracker.publishing import Worker
from services.tracker.settings import TrackerSettings
from services.tracker.tracking import Tracker
from shared import metrics
from shared.events import (
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceHeld,
    InstanceIndexed,
    InstanceRejected,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceUnheld,
    InstanceValidated,
    InstanceValidatedInBulk,
    SiteCounted,
    StudyCompleted,
    StudyReopened,
    StudyUpdated,
)
from shared.kafka import read_to_end
from shared.service import Service, running

READS = tuple(
    model.topic
    for model in (
        InstanceAnonymised,
        InstanceAnonymisedInBulk,
        InstanceValidated,
        InstanceValidatedInBulk,
        InstanceRejected,
        InstanceRetracted,
        InstanceIndexed,
        InstanceThumbnailed,
        InstanceHeld,
        InstanceUnheld,
    )
)
WRITES = tuple(model.topic for model in (StudyUpdated, StudyCompleted, StudyReopened, SiteCounted))

TICK = 0.2
"""Seconds between looks at what is due."""

LAG_EVERY = 2.0
"""Seconds between questions for the lag; they also tell that the broker is away when there is nothing to do."""

STOP_WITHIN = 10.0
"""Seconds for faust to leave the group; the state needs no saving."""


async def follow(worker: Worker, service: Service) -> None:
    """Come round until told to stop."""
    lag = metrics.gauge("isocentre_stage_lag_records").labels(NAME, "all")
    degraded = metrics.gauge("isocentre_stage_degraded").labels(NAME)
    asked = 0.0
    while not service.stop.is_set():
        service.health.beat()
        try:
            settled = await worker.tick()
            if time.monotonic() - asked > LAG_EVERY:
                lag.set(await worker.lag())
                asked = time.monotonic()
        except AWAY as away:
            service.health.waiting("broker")
            service.log.warning("waiting", reason=type(away).__name__)
            degraded.set(1)
        else:
            degraded.set(0)
            service.health.ready() if settled else service.health.waiting("rebuild")
        await asyncio.sleep(TICK)


def catch_up(service: Service, handler: Handler) -> dict[tuple[str, int], int]:
    """Read all inputs from the beginning to where they end now; this way costs a quarter of what faust takes."""
    positions: dict[tuple[str, int], int] = {}

    def go_on() -> bool:
        service.health.beat()
        return not service.stop.is_set()

    def read() -> None:
        records = read_to_end(service.settings.kafka_bootstrap_servers, READS)
        positions.update(handler.catch_up(records, go_on))

    service.health.waiting("rebuild")
    service.verify("broker", read)
    return positions


async def run(service: Service, handler: Handler, positions: dict[tuple[str, int], int]) -> None:
    # faust belongs to the loop that runs when it is made.
    connection = Connection(service.settings.kafka_bootstrap_servers, NAME, service.settings.instance)
    worker = Worker(connection, READS, WRITES, handler, positions)
    await worker.start()
    try:
        await follow(worker, service)
    finally:
        await asyncio.wait_for(worker.stop(), STOP_WITHIN)


def main() -> None:
    settings = TrackerSettings()
    with running(NAME, settings) as service:
        service.verify_topics((*READS, *WRITES))
        pace = Pace(settings.update_interval_seconds, settings.quiet_seconds, settings.patience_seconds)
        handler = Handler(Tracker(pace))
        positions = catch_up(service, handler)
        if not service.stop.is_set():
            asyncio.run(run(service, handler, positions))


if __name__ == "__main__":
    main()
