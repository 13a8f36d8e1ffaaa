"""Client configurations, with the reason beside each number."""

import logging
from typing import Any

from shared.kafka.log import GroupProtocol, LostOffsets

TRANSACTION = 10.0
"""Seconds after which the broker ends an open transaction by itself: it holds up every reader of its topics."""

logger = logging.getLogger("librdkafka")
logger.setLevel(logging.ERROR)


def common(bootstrap: str) -> dict[str, Any]:
    """For every client."""
    return {
        "bootstrap.servers": bootstrap,
        # A broker that restarts is back within seconds; do not wait ten to notice.
        "reconnect.backoff.max.ms": 1000,
        "socket.keepalive.enable": True,
        # Small requests one after the other are what we send: held back, each waits for the answer to the last one.
        "socket.nagle.disable": True,
        "log.connection.close": False,
        "logger": logger,
    }


AHEAD = {
    "queued.min.messages": 1_000,
    "queued.max.messages.kbytes": 16_384,
    "fetch.message.max.bytes": 1_048_576,
    "fetch.max.bytes": 8_388_608,
}
"""How much a stage fetches ahead of its work. What it has not fetched is lag in the topic; what it has is memory. A
record that is larger than all of that comes by itself."""

AHEAD_OF_A_BACKLOG = {
    # The client hands out what came in the order in which it came: only so much of one partition stands before another.
    "queued.min.messages": 16,
    "queued.max.messages.kbytes": 4_096,
    "fetch.message.max.bytes": 16_384,
    "fetch.max.bytes": 2_097_152,
    # Mostly it is empty: ask seldom, and be answered at once.
    "fetch.min.bytes": 1,
    "fetch.wait.max.ms": 500,
}
"""The same for a lane that gives way, whose partitions take turns."""

_RESETS = {"stop": "error", "beginning": "earliest", "end": "latest"}


def _classic(group: str, instance: str) -> dict[str, Any]:
    return {
        # Static membership: a worker that is restarted takes its partitions back at once.
        "group.instance.id": f"{group}-{instance}",
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 2_000,
        "partition.assignment.strategy": "cooperative-sticky",
    }


KIP_848 = {"group.protocol": "consumer"}
"""Times and assignment are the broker's (`group.consumer.…`), and the client refuses to be told any.

No static membership: until the session of a worker that was killed has ended, the broker answers the next one of its
name with an error that ends the client (UNRELEASED_INSTANCE_ID). A member without a name just waits for it.
"""


def consumer(
    bootstrap: str, group: str, instance: str, lost: LostOffsets, protocol: GroupProtocol = "classic"
) -> dict[str, Any]:
    """For a stage: reads committed records, commits offsets only within the transaction."""
    member = common(bootstrap) | (_classic(group, instance) if protocol == "classic" else KIP_848)
    return member | {
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        # For offsets that the log does not hold; where none was committed, the stage begins at the beginning itself.
        "auto.offset.reset": _RESETS[lost],
        # Transaction markers take offsets too: only this tells that a partition has been read to its end.
        "enable.partition.eof": True,
        # Batches cost the broker half of what single records do; half a second is the price at rest, but a
        # fetch returns at once when this many bytes are there.
        "fetch.min.bytes": 64_000,
        "fetch.wait.max.ms": 100,
        # A queue that was full is looked at again after so long; the default of a second would be a pause each time.
        "fetch.queue.backoff.ms": 20,
    }


def follower(bootstrap: str, reader: str) -> dict[str, Any]:
    """For a reader that keeps its own positions and is in no hurry: as few answers of the broker as can be."""
    return common(bootstrap) | {
        # Required by the client and never used: nothing is committed.
        "group.id": f"isocentre-{reader}",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        # What was cut is read from its beginning.
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "fetch.min.bytes": 1_000_000,
        "fetch.wait.max.ms": 500,
        "fetch.message.max.bytes": 4_194_304,
        "queued.max.messages.kbytes": 16_384,
    }


def transactional(bootstrap: str, stage: str, instance: str) -> dict[str, Any]:
    """For a stage: one transaction per batch. The id is stable, so a newer worker fences an older one."""
    return common(bootstrap) | {
        "transactional.id": f"{stage}-{instance}",
        "transaction.timeout.ms": int(TRANSACTION * 1000),
        "delivery.report.only.error": True,
        "linger.ms": 5,
        "compression.type": "zstd",
        "message.max.bytes": 4_194_304,
    }


def publisher(bootstrap: str, timeout: float) -> dict[str, Any]:
    """For the receiver: each record is waited for by itself."""
    return common(bootstrap) | {
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": 0,
        "delivery.timeout.ms": int(timeout * 1000),
        "compression.type": "none",
    }
