"""Reads stored objects back as a whole, in pieces."""

from shared.dicom import part10
from shared.storage import Store

PIECE = 8 * 1024 * 1024
"""Bytes read at a time."""


def digest(store: Store, key: str, head: bytes, meta: part10.Meta) -> str:
    """As it was counted on arrival, of the object that begins with `head`, which says `meta`.

    Raises ObjectNotFound or Transient.
    """
    counted, at = part10.digester(meta.transfer_syntax_uid), len(head)
    counted.update(head[meta.front :])
    while piece := store.part(key, at, PIECE):
        counted.update(piece)
        at += len(piece)
    return counted.hexdigest()
