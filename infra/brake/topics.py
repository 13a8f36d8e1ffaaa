"""The topics of one zone: reading its brakes, and the right to release them."""

from __future__ import annotations

from infra.brake.brakes import Brakes, Zone
from infra.operating.desk import Desk
from infra.operating.topics import decoded
from infra.operating.zones import ZoneTopics
from shared.kafka import read_to_end


class KafkaTopics(ZoneTopics[Zone]):
    """One zone's brakes."""

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
