"""What became of an instance, asked of topics and database. Black box: imports nothing of ours."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.support.stack import Stack
from tests.support.topics import Topics
from tests.support.waiting import until

RECEIVED = "identified.instance.received"
IN_BULK = "identified.instance.received.bulk"
ANONYMISED = "clean.instance.anonymised"
LANES = {live: (live, f"{live}.bulk") for live in (RECEIVED, ANONYMISED, "clean.instance.validated")}
"""Topics that tell the same of what came in bulk."""
HELD = ("identified.instance.quarantined", "identified.instance.rejected")


@dataclass(frozen=True)
class Pipeline:
    """One stack's services at work."""

    stack: Stack

    @cached_property
    def topics(self) -> Topics:
        return Topics(self.stack.kafka)

    def received(self, sop_instance_uid: str) -> list[dict[str, Any]]:
        """The arrivals of an original SOP Instance UID, on either lane."""
        found = (self.topics.events(topic, sop_instance_uid=sop_instance_uid) for topic in LANES[RECEIVED])
        return [event for events in found for event in events]

    def arrival(self, sop_instance_uid: str) -> str:
        """The only arrival of an original SOP Instance UID."""
        (event,) = self.received(sop_instance_uid)
        return str(event["arrival"])

    def journey(self, arrival: str) -> dict[str, tuple[str, str | None]]:
        """Outcome and reason of each step that the clean side knows of."""
        query = "SELECT step, outcome, reason FROM journey WHERE arrival = %s"
        return {step: (outcome, reason) for step, outcome, reason in self.stack.rows(query, arrival)}

    def finished(self, arrival: str, seconds: float = 30.0) -> dict[str, tuple[str, str | None]]:
        """The journey, once nothing more is to come."""

        def probe() -> dict[str, tuple[str, str | None]]:
            steps = self.journey(arrival)
            refused = steps.get("validator", ("", None))[0] == "rejected"
            return steps if refused or {"indexer", "thumbnailer"} <= steps.keys() else {}

        return until(probe, f"the journey of {arrival} comes to its end", seconds)

    def instance(self, arrival: str) -> dict[str, Any]:
        """The event of the anonymiser: our names of the instance, and where its clean object lies."""
        (event,) = self.anonymised(arrival)
        return event

    def anonymised(self, arrival: str) -> list[dict[str, Any]]:
        """What the anonymiser has told of its clean copy, on either lane."""
        found = (self.topics.events(topic, arrival=arrival) for topic in LANES[ANONYMISED])
        return [event for events in found for event in events]

    def arrived(self, sop_instance_uid: str) -> dict[str, Any]:
        """As `instance`, by the original UID, once the instance has come all the way."""
        arrival = self.arrival(sop_instance_uid)
        steps = self.finished(arrival)
        assert steps["indexer"] == ("indexed", None), steps
        return self.instance(arrival)

    def held(self, arrival: str, topic: str) -> dict[str, Any]:
        """The verdict of the anonymiser that keeps an instance in the identified zone."""
        return until(lambda: self.topics.events(topic, arrival=arrival), f"{arrival} is in {topic}")[0]
