"""What the topics say of earlier arrivals, for the view of them."""

from collections.abc import Callable

from services.receiver.arrivals import Arrivals
from shared.events import InstanceReceived, InstanceReceivedInBulk
from shared.kafka import end_offsets, read_to_end

TOPICS = (InstanceReceived.topic, InstanceReceivedInBulk.topic)


def recall(arrivals: Arrivals, bootstrap: str, progress: Callable[[], None] = lambda: None) -> int:
    """Bring the view up to the topics' ends as they are now; how many records that were. Raises Transient."""
    ends = end_offsets(bootstrap, TOPICS)
    return arrivals.catch_up(ends, lambda start: read_to_end(bootstrap, TOPICS, start), progress)
