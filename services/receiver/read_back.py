"""Reads stored objects back as a whole, in pieces."""

import threading

from services.receiver.journal import HEAD
from shared.dicom import part10
from shared.outcome import Transient
from shared.storage import Store

PIECE = 8 * 1024 * 1024
"""Bytes read at a time."""


def whole(store: Store, key: str, digest: str, stop: threading.Event) -> tuple[bytes, part10.Meta] | None:
    """The first HEAD bytes of an object and what they tell; None when it is not what `digest` was counted of on
    arrival.

    Raises ObjectNotFound or Transient, which it is also to be told to `stop` between two pieces.
    """
    head = store.part(key, 0, HEAD)
    meta = part10.meta(head)
    if meta is None:
        return None
    counted, at = part10.digester(meta.transfer_syntax_uid), len(head)
    counted.update(head[meta.front :])
    while piece := store.part(key, at, PIECE):
        if stop.is_set():
            raise Transient("ending")
        counted.update(piece)
        at += len(piece)
    return (head, meta) if counted.hexdigest() == digest else None
