"""Reads stored objects back as a whole, in pieces."""

import threading

from shared.dicom import part10
from shared.outcome import Transient
from shared.storage import Store

PIECE = 8 * 1024 * 1024
"""Bytes read at a time."""


def digest(store: Store, key: str, head: bytes, meta: part10.Meta, stop: threading.Event) -> str:
    """As it was counted on arrival, of the object that begins with `head`, which says `meta`.

    Raises ObjectNotFound or Transient, which it is also to be told to `stop` between two pieces.
    """
    counted, at = part10.digester(meta.transfer_syntax_uid), len(head)
    counted.update(head[meta.front :])
    while piece := store.part(key, at, PIECE):
        if stop.is_set():
            raise Transient("ending")
        counted.update(piece)
        at += len(piece)
    return counted.hexdigest()
