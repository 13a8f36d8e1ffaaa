"""Parts that are no instances: metadata, which wait in memory, and bulk data, which wait in the spool."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from services.receiver.stow import native
from services.receiver.stow.bulk import Bulk, NoRoom
from services.receiver.stow.limits import TooLarge
from services.receiver.stow.storing import Storing
from services.receiver.upper.budget import Share
from shared.media import DICOM_XML, MediaType

_OF_A_NODE, _OF_A_BYTE = 512, 14
"""Bytes that they become in memory, at the worst that was found: a decimal string's value, text that is not ASCII."""
_PATIENCE = 10.0
"""Seconds that a request waits for its turn and for memory."""
_TURN = threading.Lock()
"""One request's metadata are read and built at a time, in each process."""


class Unreadable(Exception):
    """This is no metadata."""


class Metadata:
    """Of instances (PS3.18 Section 8.7.3.2). `most`: bytes. `share`: memory for them."""

    def __init__(self, media_type: str, most: int, share: Share) -> None:
        self.data = bytearray()
        self._media_type, self._most, self._share = media_type, most, share

    @property
    def nodes(self) -> int:
        """Containers and values that they can have at most, counted without reading them."""
        if self._media_type == DICOM_XML:
            return self.data.count(b"<") - self.data.count(b"</") + self.data.count(b"=") // 2
        return sum(map(self.data.count, (b"[", b"{", b",")))

    def take(self, view: memoryview) -> None:
        """Raises TooLarge and NoRoom."""
        if len(self.data) + len(view) > self._most:
            raise TooLarge
        if not self._share.take(len(view), _PATIENCE):
            raise NoRoom
        self.data += view

    def end(self) -> None:
        return

    def models(self) -> list[Any]:
        """What stands in it, in the DICOM JSON Model; not yet looked at. Raises Unreadable and NoRoom."""
        try:
            found = native.read(bytes(self.data)) if self._media_type == DICOM_XML else orjson.loads(self.data)
        except (native.NotNative, orjson.JSONDecodeError):
            raise Unreadable from None
        except MemoryError:
            raise NoRoom from None
        return found if isinstance(found, list) else [found]


def charge(metadata: Sequence[Metadata], share: Share) -> None:
    """Small objects become large in memory: that is charged before, though never more than half of what there is.

    Raises TooLarge, and NoRoom when others hold it for too long. Who waits for it has no turn, which they may need to
    end.
    """
    nodes = sum(part.nodes for part in metadata)
    if nodes > native.MOST_NODES:
        raise TooLarge
    size = max(_OF_A_NODE * nodes, _OF_A_BYTE * sum(len(part.data) for part in metadata))
    if not share.take(min(size, share.most // 2), _PATIENCE):
        raise NoRoom


@contextmanager
def turn() -> Iterator[None]:
    """Within this block those of one request may be read and built, which no disk and no store makes longer than the
    processor needs. Raises NoRoom when others take too long."""
    if not _TURN.acquire(timeout=_PATIENCE):
        raise NoRoom
    try:
        yield
    finally:
        _TURN.release()


class BulkData:
    """What metadata refer to by the URI in Content-Location. `most`: bytes."""

    def __init__(self, storing: Storing, bulk: Bulk, uri: str, kind: MediaType, most: int) -> None:
        self._storing, self._bulk = storing, bulk
        self._uri, self._kind, self._left = uri, kind, most

    def take(self, view: memoryview) -> None:
        self._left -= len(view)
        if self._left < 0:
            raise TooLarge
        try:
            self._bulk.take(view)
        except NoRoom:
            self._storing.without_room("", "")
            raise

    def end(self) -> None:
        self._bulk.end(self._uri, self._kind.type, self._kind.parameters.get("transfer-syntax", ""))


class Unknown:
    """Something else."""

    def __init__(self, storing: Storing) -> None:
        self._storing = storing

    def take(self, view: memoryview) -> None:
        return

    def end(self) -> None:
        self._storing.unreadable()
