"""Where an event's de-identified header is: in the event, or beside the object when it is large."""

import hashlib
import json
from typing import Any

from shared.events.clean import HEADER_LIMIT, DicomJson, InstanceAnonymised, InstanceValidated
from shared.outcome import Failure
from shared.storage.store import Store


class HeaderChanged(Failure):
    """The header object is not the one that the event told of."""


def place_header(header: DicomJson, object_key: str, store: Store) -> dict[str, Any]:
    """The event fields for `header`; a large one is stored beside the object of that key."""
    raw = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    if len(raw) <= HEADER_LIMIT:
        return {"header": header}
    key = f"{object_key.removesuffix('.dcm')}.json"
    store.put(key, raw, "application/dicom+json")
    return {"header_key": key, "header_digest": hashlib.sha256(raw).hexdigest()}


def header_of(event: InstanceAnonymised | InstanceValidated, store: Store) -> DicomJson:
    """The event's header. Raises what `store` raises, and `HeaderChanged`."""
    if event.header_key is None:
        return event.header or {}
    raw = store.get(event.header_key)
    if hashlib.sha256(raw).hexdigest() != event.header_digest:
        raise HeaderChanged
    header: DicomJson = json.loads(raw)
    return header
