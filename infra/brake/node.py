"""Where the node is whose brakes are meant, and which zones of it can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.brake.brakes import ZONES
from infra.brake.releasing import Topics
from infra.brake.topics import KafkaTopics
from infra.operating.node import attached
from infra.operating.zones import seen


@dataclass(frozen=True)
class Node:
    """One node, to an operator: its zones, whether he may see them or not."""

    zones: Sequence[Topics]

    def seen(self) -> list[Topics]:
        """The zones that can be seen. Raises NoNode when that is none, and Transient."""
        return seen(self.zones, "no brakes can be seen from here")


def of_stack(home: Path, log: Path | None = None) -> Node:
    """The node that the stack in `home` is; `log` gets the audit too. Raises NoNode."""
    return of_settings(attached(home).kafka_bootstrap_servers, log)


def of_settings(bootstrap: str, log: Path | None = None) -> Node:
    """The node at these brokers."""
    return Node([KafkaTopics(bootstrap, zone, log) for zone in ZONES])
