"""Reads stored objects back as a whole, in pieces, and tells whether they are what they were."""

import hashlib
import threading
from collections.abc import Iterator

from shared.dicom import part10
from shared.outcome import Transient
from shared.storage.store import Store

HEAD = 1024 * 1024
"""Bytes of a raw object in which all stands that it tells of its arrival: its file meta information, and the UIDs of
its data set."""
PIECE = 8 * 1024 * 1024
"""Bytes read at a time."""


def whole(store: Store, key: str, digest: str, stop: threading.Event) -> tuple[bytes, part10.Meta] | None:
    """The first HEAD bytes of a raw object and what they tell; None when it is not what `digest` was counted of on
    arrival.

    Raises ObjectNotFound or Transient, which it is also to be told to `stop` between two pieces.
    """
    head = store.part(key, 0, HEAD)
    meta = part10.meta(head)
    if meta is None:
        return None
    counted = part10.digester(meta.transfer_syntax_uid)
    counted.update(head[meta.front :])
    for piece in _pieces(store, key, len(head), stop):
        counted.update(piece)
    return (head, meta) if counted.hexdigest() == digest else None


def sha256(store: Store, key: str, stop: threading.Event) -> str:
    """Of all bytes of an object, in hexadecimal digits. Raises as `whole` does."""
    counted = hashlib.sha256()
    for piece in _pieces(store, key, 0, stop):
        counted.update(piece)
    return counted.hexdigest()


def _pieces(store: Store, key: str, at: int, stop: threading.Event) -> Iterator[bytes]:
    while piece := store.part(key, at, PIECE):
        if stop.is_set():
            raise Transient("ending")
        yield piece
        at += len(piece)
