"""What the topics say of earlier arrivals, for the view of them."""

from collections.abc import Callable

from services.receiver.arrivals import Arrivals, Offsets
from shared.events import InstanceReceived, InstanceReceivedInBulk
from shared.kafka import end_offsets, read_to_end
from shared.outcome import Transient

TOPICS = (InstanceReceived.topic, InstanceReceivedInBulk.topic)


def recall(arrivals: Arrivals, bootstrap: str, progress: Callable[[], None] = lambda: None) -> int:
    """Bring the view up to the topics' ends as they are now; how many records that were. Raises Transient."""
    return arrivals.catch_up(lambda: _ends(bootstrap), lambda start: read_to_end(bootstrap, TOPICS, start), progress)


def _ends(bootstrap: str) -> Offsets:
    """Raises Transient also when the broker does not list a topic: one that has just started may not yet, and the view
    would look like one of a topic that is gone."""
    ends = end_offsets(bootstrap, TOPICS)
    if {topic for topic, _ in ends} != set(TOPICS):
        raise Transient("a topic is not listed")
    return ends
