"""Kafka clients of the harness. What the broker does to them is expected, so they do not complain."""

import logging
from typing import Any

from confluent_kafka.admin import AdminClient

logger = logging.getLogger("chaos.kafka")
logger.addHandler(logging.NullHandler())
logger.propagate = False


def client(bootstrap: str) -> dict[str, Any]:
    """What every client is told."""
    return {"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 1000, "logger": logger}


def admin(bootstrap: str) -> AdminClient:
    return AdminClient(client(bootstrap))
