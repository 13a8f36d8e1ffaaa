"""What topics there are."""

from collections.abc import Iterable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from shared.kafka import config
from shared.outcome import Transient


def topic_names(bootstrap: str, timeout: float = 5.0) -> frozenset[str]:
    """The topics of the cluster. Raises `Transient` when no broker answers within `timeout` seconds."""
    try:
        found = AdminClient(config.common(bootstrap)).list_topics(timeout=timeout)
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    return frozenset(found.topics)


def missing_topics(bootstrap: str, wanted: Iterable[str]) -> frozenset[str]:
    """Those of `wanted` that are not there."""
    return frozenset(wanted) - topic_names(bootstrap)
