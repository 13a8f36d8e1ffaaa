"""What the stage runner needs of Kafka. One protocol, so that its tests run on a fake and on the real thing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.events.lanes import Lane
from shared.outcome import Failure

LostOffsets = Literal["stop", "beginning", "end"]
"""Where a stage goes on in a log that is not the one any more that it has read: not at all, unless a person says so."""

GroupProtocol = Literal["classic", "consumer"]
"""How the workers of a stage share its partitions: among themselves, or as the broker says (KIP-848)."""

Where = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it lies in a topic, not yet interpreted."""

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: str | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    leader_epoch: int | None = None
    """Which leadership of the partition it was written under: committed with the offset, it tells another history."""
    lane: Lane = "live"
    """On which it came: what is made of it stays on that."""
    epoch: int | None = None
    """Under which of our claims to its partition it was taken (`Claims`); None where the stage makes none."""

    @property
    def where(self) -> Where:
        """Its partition."""
        return self.topic, self.partition


@dataclass(frozen=True, slots=True)
class Output:
    """A record to be published."""

    topic: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class CommitAborted(Failure):
    """The transaction was aborted: nothing of it will ever be seen, and its records come again."""


class LogLost(Failure):
    """This worker can no longer commit (fenced by a newer one, or a fatal client error): it has to end."""


class OffsetLost(LogLost):
    """A log does not hold the records up to which this stage has read it, or holds others there: some were lost.

    The text names the partition and the setting with which a person says where to go on.
    """

    def __init__(self, topic: str, partition: int) -> None:
        super().__init__(
            f"{topic}/{partition} is not the log any more that this stage has read: records were lost. "
            "Once that is understood, start it with ISOCENTRE_LOST_OFFSETS=beginning (infra/adr/0016)"
        )


class TooLarge(Failure):
    """The broker's or the client's limit refuses an output of this size. `index` says which of them."""

    def __init__(self, index: int) -> None:
        super().__init__(f"output {index} is too large")
        self.index = index


class Log(Protocol):
    """Records in, one transaction per batch out."""

    def poll(self, limit: int, timeout: float) -> list[Record]:
        """Up to `limit` records, waiting for the first one at most `timeout` seconds. Undelivered on restart."""
        ...

    def idle(self, timeout: float) -> None:
        """Stay a member of the group for `timeout` seconds without taking records."""
        ...

    def owns(self, record: Record) -> bool:
        """Whether the record's partition is still assigned to this worker."""
        ...

    def commit(self, batch: Sequence[Record], outputs: Sequence[Output]) -> None:
        """Publish `outputs` and mark `batch` as consumed, both or neither.

        Raises `CommitAborted` (the batch will be delivered again), `TooLarge` (nothing was published),
        `Transient` (the broker does not answer, with the transaction open: call again, at once) or `LogLost`, also when
        it was away for so long that it has ended the transaction: whether it was committed, the next worker is told.
        """
        ...

    def unpark(self, most: int) -> None:
        """From now on deliver what is parked too, at most `most` records at once, up to its end as it is now; 0: none.

        Not while records of it are in hand, which are to be committed or given up before the next poll. Raises
        `Transient`.
        """
        ...

    @property
    def unparking(self) -> bool:
        """Whether there may be more of that."""
        ...

    def give_up(self, batch: Sequence[Record]) -> None:
        """Commit nothing of `batch`: what is ours of it is delivered again, under a new claim."""
        ...

    def lag(self) -> Mapping[Lane, int]:
        """Records behind the ends of the assigned partitions, as far as known, by lane."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class Claims(Protocol):
    """Keeps the epoch of each partition where a stage writes beside Kafka, so that one transaction sees both.

    Whoever gets a partition claims it, and the epoch grows by one; what is written under an older one is refused.
    """

    def newest(self, partitions: Iterable[Where]) -> dict[Where, int]:
        """The epoch of each; 0 where nobody has claimed. Raises `Transient`."""
        ...

    def take(self, seen: Mapping[Where, int]) -> None:
        """Claim all of them: each gets the epoch after the one that was `seen`.

        Raises `Fenced` (shared.outcome) when one has another epoch by now, and `Transient`; then none was taken.
        """
        ...
