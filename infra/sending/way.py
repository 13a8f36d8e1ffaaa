"""What senders have in common: what an instance is called on its way, and how sending can fail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO, Protocol

Context = tuple[str, str]
"""SOP Class UID and transfer syntax UID: what one presentation context is for."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What is known of an instance whose data set begins at `offset` of a file and goes on to its end."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    offset: int = 0

    @property
    def context(self) -> Context:
        """The one presentation context under which the data set can be sent as it is."""
        return (self.sop_class_uid, self.transfer_syntax_uid)


class Away(Exception):
    """Nobody answers, or the receiver has no room for one more sender: it may be better later. The text is a code."""


class Broken(Exception):
    """The connection ended before there was an answer. The text is a code."""


class NotLetIn(Exception):
    """The receiver does not know us: a person has to mend that, and trying again does not. The text says what it is."""


class NotTaken(Exception):
    """The receiver does not take such instances. The text is a code."""


class Way(Protocol):
    """One way to one receiver. Not thread-safe: each sending thread has its own."""

    def prepare(self, contexts: Collection[Context]) -> None:
        """Get ready for instances of these contexts. Raises Away or NotLetIn."""
        ...

    def store(self, instance: Instance, file: BinaryIO) -> int:
        """Send what `file` holds; the status of the answer (PS3.7 Annex C). Raises any of the four failures."""
        ...

    def close(self) -> None:
        """End it in order, if there is anything to end."""
        ...
