"""What an object may be that no line of the books knows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.bookkeeper.comparing.difference import Difference, Kind
from services.bookkeeper.comparing.objects import Seen
from shared.database.reading import Reader
from shared.dicom.raw_object import Arrived, arrived

# Its worker may have died before it could say so, and another makes the same again.
_AWAITED = """
SELECT EXISTS (SELECT FROM arrival a WHERE a.state IN ('in_flight', 'dead') AND a.received_at <= %(modified)s
    AND NOT EXISTS (SELECT FROM copy c WHERE c.arrival = a.arrival AND c.anonymised_at IS NOT NULL))
"""
_COPIES = "SELECT digest, thumbnailed_at IS NULL AND rejected_at IS NULL FROM copy WHERE sop_instance_uid = %(uid)s"


class Stray(Protocol):
    """Judges objects of one bucket. Raises Transient."""

    def difference(self, key: str, seen: Seen) -> Difference | None:
        """None for one that is somebody's work, not announced yet or replaced since."""
        ...


@dataclass(frozen=True, slots=True)
class StrayOriginal:
    """In the bucket `identified`: every arrival is announced, by the sweep at last. `arrival`: its id."""

    arrival: Callable[[Arrived], str | None]

    def difference(self, key: str, seen: Seen) -> Difference | None:
        of = arrived(key)
        if of is None:
            return Difference(Kind.RAW_STRANGER, key=key)
        detail = f"stored {seen.modified.isoformat(timespec='seconds')}"
        return Difference(Kind.RAW_UNANNOUNCED, of.site, self.arrival(of), key, detail=detail)


@dataclass(frozen=True, slots=True)
class StrayCopy:
    """In the bucket `clean`. Its key does not tell of which arrival it is: while one waits for the anonymiser that was
    there before the object, it may be of that one."""

    ledger: Reader

    def difference(self, key: str, seen: Seen) -> Difference | None:
        ((awaited,),) = self.ledger.rows(_AWAITED, modified=seen.modified)
        return None if awaited else Difference(Kind.CLEAN_ORPHAN, key=key)


@dataclass(frozen=True, slots=True)
class StrayPicture:
    """In the bucket `derived`: `{renderer}/{study}/{series}/{instance}/{digest[:12]}-….jpg`."""

    ledger: Reader

    def difference(self, key: str, seen: Seen) -> Difference | None:
        _, _, instance, name = ("", "", "", "", *key.split("/"))[-4:]
        copies = self.ledger.rows(_COPIES, uid=instance)
        known = any(waits or str(digest).startswith(name.partition("-")[0]) for digest, waits in copies)
        return None if known else Difference(Kind.PICTURE_ORPHAN, key=key)
