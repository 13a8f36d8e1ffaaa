"""The topics of one zone: reading its brakes, and the right to release them."""

from __future__ import annotations

from pathlib import Path

from infra.brake.brakes import Brakes, Zone
from infra.operating.desk import Desk
from infra.operating.topics import decoded
from shared.kafka import read_to_end, topic_names


class KafkaTopics:
    """One zone of a node. `log`: a file that gets a line for each audit event, once it is published."""

    def __init__(self, bootstrap: str, zone: Zone, log: Path | None = None) -> None:
        self.zone = zone
        self._bootstrap = bootstrap
        self._log = log

    def there(self) -> bool:
        """Whether who asks can see this zone at all. Raises Transient."""
        return set(self.zone.topics) <= topic_names(self._bootstrap)

    def read(self) -> Brakes:
        """All brakes. Raises Transient."""
        brakes = Brakes(self.zone)
        for record in read_to_end(self._bootstrap, self.zone.topics):
            if event := decoded(record):
                brakes.take(event)
        return brakes

    def sit_down(self) -> Desk:
        """The right to release, taken from whoever has it; read only afterwards. Raises Transient."""
        return Desk(self._bootstrap, f"brake.{self.zone.name}", self._log)
