"""Who owns a SOP Instance UID, and what that means for those who come with the same one."""

from typing import NamedTuple

from services.indexer.rows import Instance
from shared.outcome import Reason


class Owner(NamedTuple):
    """What the database says of the instance that has the SOP Instance UID."""

    arrival: str
    digest: str


def refusal(instance: Instance, owner: Owner) -> Reason | None:
    """Why `instance` is not let in beside `owner`; None when it is the owner itself, however often it comes."""
    if instance.digest != owner.digest:
        return Reason.UID_CONFLICT
    return None if instance.arrival == owner.arrival else Reason.SAME_CONTENT
