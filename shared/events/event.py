"""The root of all event models: a value, the topic it lives on, and what makes it the same fact again."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """One fact on one topic.

    The value is JSON; the envelope (CloudEvents 1.0, binary mode) travels in Kafka headers.
    Fields that a newer producer adds are ignored here, so that consumers may be deployed later.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]
    version: ClassVar[int] = 1
    owner: ClassVar[str]
    """The service that publishes it."""
    traced: ClassVar[bool] = True
    """Whether its record continues the trace of what it was made from."""

    def identity(self) -> tuple[str, ...]:
        """What makes two of these the same fact, whoever states it and however often."""
        raise NotImplementedError

    def partition_key(self) -> str:
        """What is kept in order."""
        raise NotImplementedError

    def subject(self) -> str:
        """What the event is about (`ce_subject`): one of our own ids."""
        raise NotImplementedError

    @classmethod
    def type_name(cls) -> str:
        """CloudEvents `type`."""
        return f"isocentre.{cls.topic}.v{cls.version}"

    @classmethod
    def fact_name(cls) -> str:
        """What its id is made from beside its identity: the type, unless two types state the same fact."""
        return cls.type_name()

    @classmethod
    def schema_path(cls) -> str:
        """CloudEvents `dataschema`: the path of the JSON Schema in the repository."""
        return f"schemas/events/{cls.topic}.v{cls.version}.schema.json"


def fact_id(*parts: str) -> str:
    """The same parts give the same id: a UUID (version 8, RFC 9562) from SHA-256 over them."""
    digest = bytearray(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x80
    digest[8] = (digest[8] & 0x3F) | 0x80
    return str(UUID(bytes=bytes(digest)))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event on its way out, with the id and the key under which it is published."""

    event: Event
    id: str
    key: str

    @classmethod
    def of(cls, event: Event) -> "Outgoing":
        """The usual case: id and key follow from the event itself."""
        return cls(event, fact_id(event.fact_name(), *event.identity()), event.partition_key())
