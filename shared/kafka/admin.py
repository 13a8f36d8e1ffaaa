"""What topics there are."""

from collections.abc import Iterable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from shared.kafka import config
from shared.outcome import Transient


def topic_names(bootstrap: str, timeout: float = 5.0) -> frozenset[str]:
    """The topics of the cluster. Raises `Transient` when no broker answers within `timeout` seconds."""
    try:
        found = AdminClient(config.common(bootstrap)).list_topics(timeout=timeout)
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    return frozenset(found.topics)


def is_durable(bootstrap: str, topic: str, timeout: float = 10.0) -> bool:
    """Whether what this topic's brokers acknowledge (`acks=all`) survives when one machine loses its power: a broker
    alone flushes each record first, several keep it at least twice. Raises `Transient` when no broker answers.
    """
    client, resource = AdminClient(config.common(bootstrap)), ConfigResource(ConfigResource.Type.TOPIC, topic)
    try:
        told = client.describe_configs([resource], request_timeout=timeout)[resource].result(timeout)
        replicas = len(client.list_topics(topic, timeout=timeout).topics[topic].partitions[0].replicas)
    except KafkaException as away:
        raise Transient(away.args[0].name()) from None
    except TimeoutError:
        raise Transient("no answer") from None
    return told["flush.messages"].value == "1" or (replicas > 2 and int(told["min.insync.replicas"].value) > 1)


def missing_topics(bootstrap: str, wanted: Iterable[str]) -> frozenset[str]:
    """Those of `wanted` that are not there."""
    return frozenset(wanted) - topic_names(bootstrap)
