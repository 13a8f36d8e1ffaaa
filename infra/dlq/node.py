"""Where the node is whose dead letters are meant, and which zones of it can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.dlq.acting import Topics
from infra.dlq.topics import KafkaTopics
from infra.operating.node import attached
from infra.operating.zones import seen
from shared.letters import ZONES


@dataclass(frozen=True)
class Node:
    """One node, to an operator: its zones, whether he may see them or not."""

    zones: Sequence[Topics]

    def seen(self, wanted: str | None) -> list[Topics]:
        """The zone that is wanted, or all that can be seen. Raises NoNode when that is none, and Transient."""
        none = f"no dead letters of the {wanted or 'identified or clean'} zone can be seen from here"
        return seen(self.zones, none, wanted)


def of_stack(home: Path, log: Path | None = None) -> Node:
    """The node that the stack in `home` is; `log` gets the audit too. Raises NoNode."""
    return of_settings(attached(home).kafka_bootstrap_servers, log)


def of_settings(bootstrap: str, log: Path | None = None) -> Node:
    """The node at these brokers."""
    return Node([KafkaTopics(bootstrap, zone, log) for zone in ZONES])
