"""What a reconciliation came to. Of the identified zone, although it names nothing but sites and kinds."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.event import Event


class SiteBalance(BaseModel):
    """received = clean + quarantined + rejected + dead_lettered + in_flight, in arrivals."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    site: str = Field(description="The site's configured opaque code.")
    received: int = Field(ge=0)
    clean: int = Field(ge=0)
    quarantined: int = Field(ge=0)
    rejected: int = Field(ge=0)
    dead_lettered: int = Field(ge=0)
    in_flight: int = Field(ge=0)


class DifferenceCount(BaseModel):
    """How many differences of a kind there are at a site."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    site: str = Field(description="Empty where it cannot be told.")
    kind: str = Field(description="`raw-missing`, … (services/bookkeeper/RECONCILING.md).")
    count: int = Field(ge=1)


class BooksReconciled(Event):
    """The books were held against their witnesses. A state: the newest one of a depth counts."""

    topic: ClassVar[str] = "identified.books.reconciled"
    owner: ClassVar[str] = "bookkeeper"
    traced: ClassVar[bool] = False

    at: datetime = Field(description="When it began.")
    depth: Literal["light", "walk"] = Field(
        description="`light`: databases, accounts and topics; `walk`: the listings of the stores too."
    )
    seconds: float = Field(ge=0, description="How long it took.")
    balanced: bool = Field(description="Whether the equation holds for each site.")
    sites: tuple[SiteBalance, ...]
    differences: tuple[DifferenceCount, ...] = Field(description="Empty: every witness agrees with the books.")

    def identity(self) -> tuple[str, ...]:
        return (self.depth, self.at.isoformat())

    def partition_key(self) -> str:
        return self.depth

    def subject(self) -> str:
        return self.depth
