"""A service that is a stage: the runner with what its settings say."""

from collections.abc import Sequence

from shared.events import (
    CleanBrakeChanged,
    CleanBrakeReleased,
    CleanParked,
    IdentifiedBrakeChanged,
    IdentifiedBrakeReleased,
    IdentifiedParked,
)
from shared.kafka import Claims, KafkaLog
from shared.runner import DeadLetters, Handling, KafkaNotices, Runner, Stage, open_journal
from shared.service import RELEASE, Service
from shared.settings import StageSettings

BRAKE_IDENTIFIED = (IdentifiedParked, IdentifiedBrakeChanged, IdentifiedBrakeReleased)
BRAKE_CLEAN = (CleanParked, CleanBrakeChanged, CleanBrakeReleased)
"""What is parked, what brakes there are, and which are released."""


def run_stage(
    service: Service,
    settings: StageSettings,
    handling: Handling,
    *,
    reads: Sequence[str],
    bulk: Sequence[str] = (),
    again: Sequence[str] = (),
    group: str | None = None,
    claims: Claims | None = None,
    identified: bool = False,
) -> None:
    """Handle what comes in the topics `reads`, and behind that in `bulk` and `again`, until the service stops.

    What its brake holds up waits in its zone's topic for that. `group`: the consumer group, when it is not the
    service's name. `identified`: which zone it reads. `claims`: how it claims partitions in what it writes to beside
    Kafka. Raises LogLost.
    """
    parked, changed, released = (model.topic for model in (BRAKE_IDENTIFIED if identified else BRAKE_CLEAN))
    service.verify_topics((parked, changed, released))
    stage = Stage(
        name=service.name,
        handling=handling,
        dead_letters=DeadLetters(service.name, RELEASE, identified=identified),
        batch_size=settings.batch_size,
        record_seconds=settings.record_seconds,
        brake=settings.brake,
    )
    source = KafkaLog(
        settings.kafka_bootstrap_servers,
        group or service.name,
        settings.instance,
        reads,
        bulk=bulk,
        rerun=again,
        shares=settings.shares,
        lost=settings.lost_offsets,
        claims=claims,
        parked=[parked],
        protocol=settings.group_protocol,
    )
    journal = open_journal(settings.state_dir, settings.instance)
    notices = KafkaNotices(settings.kafka_bootstrap_servers, service.name, [changed, released])
    Runner(stage, source, service.health, service.stop, journal, notices=notices).run()
