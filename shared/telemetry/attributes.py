"""Every span attribute there is. What is not listed here cannot be set.

Spans of the identified zone lie in the same trace store as all others, so nothing may stand here that tells
more than the clean zone may know: no AE title, no peer address, no raw size, no text of an exception.
"""

from enum import StrEnum


class Attribute(StrEnum):
    """Names of OpenTelemetry's semantic conventions where there is one, else under `isocentre.`"""

    # Messaging (semantic conventions for Kafka)
    MESSAGING_SYSTEM = "messaging.system"
    MESSAGING_OPERATION = "messaging.operation.type"
    MESSAGING_DESTINATION = "messaging.destination.name"
    MESSAGING_GROUP = "messaging.consumer.group.name"
    # HTTP server (the gateway)
    HTTP_METHOD = "http.request.method"
    HTTP_ROUTE = "http.route"
    HTTP_STATUS = "http.response.status_code"
    # Ours
    ARRIVAL = "isocentre.arrival"
    ASSOCIATION = "isocentre.association"
    COMMITMENT = "isocentre.commitment"
    OUTCOME = "isocentre.outcome"
    REASON = "isocentre.reason"
    SITE = "isocentre.site"
    STATUS = "isocentre.dimse.status"
    ERROR = "error.type"


def consuming(group: str, topic: str) -> dict[Attribute, str | int | bool]:
    """What a span says that handles a record of `topic` for the consumer group `group`."""
    return {
        Attribute.MESSAGING_SYSTEM: "kafka",
        Attribute.MESSAGING_OPERATION: "process",
        Attribute.MESSAGING_DESTINATION: topic,
        Attribute.MESSAGING_GROUP: group,
    }
