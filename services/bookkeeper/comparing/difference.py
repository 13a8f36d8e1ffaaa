"""What the books and a witness can differ in, and what somebody has to do then."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Kind(StrEnum):
    """The code of a difference. It is a metric's label and stands in events: it does not change its meaning."""

    UNBALANCED = "unbalanced"
    NEVER_RECEIVED = "never-received"
    CONTRADICTION = "contradiction"
    RAW_MISSING = "raw-missing"
    RAW_UNANNOUNCED = "raw-unannounced"
    RAW_STRANGER = "raw-stranger"
    RAW_ROTTEN = "raw-rotten"
    ACCOUNT_SAYS_MORE = "account-says-more"
    UNDECODABLE = "undecodable-record"
    LETTER_ASTRAY = "letter-astray"
    CLEAN_MISSING = "clean-missing"
    CLEAN_ORPHAN = "clean-orphan"
    CLEAN_ROTTEN = "clean-rotten"
    PICTURE_MISSING = "picture-missing"
    PICTURE_ORPHAN = "picture-orphan"
    PICTURE_ROTTEN = "picture-rotten"
    INDEX_MISSING = "index-missing"
    INDEX_STRANGER = "index-stranger"


LISTED = frozenset(
    {
        Kind.RAW_MISSING,
        Kind.RAW_UNANNOUNCED,
        Kind.RAW_STRANGER,
        Kind.RAW_ROTTEN,
        Kind.CLEAN_MISSING,
        Kind.CLEAN_ORPHAN,
        Kind.CLEAN_ROTTEN,
        Kind.PICTURE_MISSING,
        Kind.PICTURE_ORPHAN,
        Kind.PICTURE_ROTTEN,
    }
)
"""Those that only the listings of the stores show."""

REMEDIES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.UNBALANCED: "a bug of the bookkeeper: a line has no state. Rebuild the ledger from the topics",
        Kind.NEVER_RECEIVED: "something was made of an arrival that no topic announced: look at the topics of arrivals",
        Kind.CONTRADICTION: "the events of this arrival contradict each other: follow it with `isocentre trace`",
        Kind.RAW_MISSING: "the original is gone: ask the site to send it again (it is stored and announced anew)",
        Kind.RAW_UNANNOUNCED: "the receiver's sweep announces it; if it stays, the sweep or the broker stands still",
        Kind.RAW_STRANGER: "no arrival's object: nobody but a person puts such a thing there; remove it",
        Kind.RAW_ROTTEN: "the original is not any more what was sent: ask the site for it again",
        Kind.ACCOUNT_SAYS_MORE: "the site was told that more is stored than was announced: ask it to send all of this "
        "association again; what is here already is not stored twice",
        Kind.UNDECODABLE: "a record that nobody can read: look at it where it lies, and at who wrote it",
        Kind.LETTER_ASTRAY: "a dead letter of an arrival that the books do not know: `isocentre dlq show`",
        Kind.CLEAN_MISSING: "make it again from the original: `isocentre rerun` from the anonymiser on",
        Kind.CLEAN_ORPHAN: "what a worker wrote that was no member any more, or was never announced: remove it",
        Kind.CLEAN_ROTTEN: "make it again from the original: `isocentre rerun` from the anonymiser on",
        Kind.PICTURE_MISSING: "draw it again: `isocentre rerun --stage thumbnailer`",
        Kind.PICTURE_ORPHAN: "what a worker wrote that was no member any more, or was never announced: remove it",
        Kind.PICTURE_ROTTEN: "draw it again: `isocentre rerun --stage thumbnailer`",
        Kind.INDEX_MISSING: "index it again: `isocentre rerun --stage indexer`",
        Kind.INDEX_STRANGER: "the index has what the books do not know as indexed: look at the topics of this arrival",
    }
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One, and what it concerns. `key` names an object in its bucket; identified zone only."""

    kind: Kind
    site: str = ""
    arrival: str | None = None
    key: str | None = None
    association: str | None = None
    detail: str = ""

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDIES[self.kind]

    @property
    def concerns(self) -> str:
        """The names of what it is about, for people."""
        named = (("arrival", self.arrival), ("object", self.key), ("association", self.association))
        return ", ".join([f"{what} {name}" for what, name in named if name] + ([self.detail] if self.detail else []))

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        told = {"kind": self.kind.value, "site": self.site, "arrival": self.arrival, "key": self.key}
        return {**told, "association": self.association, "detail": self.detail, "remedy": self.remedy}
