"""A node by its zones, of which whoever asks may see one, or both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from infra.operating.node import NoNode
from shared.kafka import topic_names


class Zone(Protocol):
    """What both kinds of zones say: dead letters' and brakes'."""

    @property
    def name(self) -> str: ...

    @property
    def topics(self) -> Sequence[str]: ...


class Visible(Protocol):
    """The topics of one zone."""

    @property
    def zone(self) -> Zone: ...

    def there(self) -> bool:
        """Whether who asks can see this zone at all. Raises Transient."""
        ...


Z = TypeVar("Z", bound=Zone)
V = TypeVar("V", bound=Visible)


class ZoneTopics(Generic[Z]):
    """One zone of a node. `log`: a file that gets a line for each audit event, once it is published."""

    def __init__(self, bootstrap: str, zone: Z, log: Path | None = None) -> None:
        self.zone = zone
        self._bootstrap = bootstrap
        self._log = log

    def there(self) -> bool:
        """As `Visible.there`."""
        return set(self.zone.topics) <= topic_names(self._bootstrap)


def seen(zones: Iterable[V], none: str, wanted: str | None = None) -> list[V]:
    """The zone that is wanted, or all that can be seen. Raises NoNode, which says `none`, and Transient."""
    found = [topics for topics in zones if wanted in (None, topics.zone.name) and topics.there()]
    if not found:
        raise NoNode(none)
    return found
