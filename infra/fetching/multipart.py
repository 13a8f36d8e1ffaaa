"""A multipart/related answer part by part, each into a file of its own, however large (PS3.18 Section 8.6)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import BinaryIO, Protocol, cast

from shared.media import read
from shared.related import Begin, Data, Event, Malformed, Related

PIECE = 256 * 1024
IN_MEMORY = 16 * 1024 * 1024
"""Bytes of a part beyond which it goes on in a file without a name."""


class NotMultipart(ValueError):
    """The answer is none, or it ends before its last part does."""


class Reads(Protocol):
    """An answer's body."""

    def read(self, amount: int, /) -> bytes:
        """Up to so many bytes; none at the end."""
        ...


def boundary_of(content_type: str) -> str:
    """Of a Content-Type. Raises NotMultipart."""
    kind = read(content_type)
    boundary = kind.parameters.get("boundary")
    if not kind.type.startswith("multipart/") or not boundary:
        raise NotMultipart("no multipart answer")
    return boundary


def parts(body: Reads, boundary: str) -> Iterator[BinaryIO]:
    """The content of each part, at its beginning; it is closed when the next one is asked for. Raises NotMultipart."""
    events = _events(body, boundary)
    # A part's own headers say nothing that the part does not.
    while isinstance(next(events, None), Begin):
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as part:
            while isinstance(event := next(events), Data):
                part.write(event.view)
            part.seek(0)
            yield cast(BinaryIO, part)


def _events(body: Reads, boundary: str) -> Iterator[Event]:
    try:
        related = Related(boundary)
        while piece := body.read(PIECE):
            yield from related.feed(piece)
        yield from related.close()
    except Malformed as malformed:
        raise NotMultipart(str(malformed)) from None
