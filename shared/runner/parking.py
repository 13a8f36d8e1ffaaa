"""Records that wait behind a brake: each is carried whole, as it lay in its topic (pure)."""

from dataclasses import dataclass

from shared.events import CleanParked, IdentifiedParked, Outgoing, SetAside
from shared.events import Parked as Carrying
from shared.kafka.log import Record
from shared.outcome import Done
from shared.runner.again import original, raw_fields


@dataclass(frozen=True, slots=True)
class Parked(Done):
    """It is not handled now, or was to no avail; `events` carry it to where it waits."""


@dataclass(frozen=True, slots=True)
class Parking:
    """Parks for one stage, in the zone that it reads from."""

    stage: str
    identified: bool

    def __call__(self, record: Record, again: SetAside | None, site: str) -> Parked:
        """`record`, or the one that it carries `again`, of `site`."""
        model: type[Carrying] = IdentifiedParked if self.identified else CleanParked
        times = again.times + 1 if isinstance(again, Carrying) else 1
        carrying = model(stage=self.stage, site=site, times=times, **raw_fields(original(record, again)))
        return Parked((Outgoing.of(carrying),))
