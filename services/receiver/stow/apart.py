"""Parts that are no instances: metadata, which wait in memory, and bulk data, which wait in the spool."""

from collections.abc import Iterator
from typing import Any

import orjson

from services.receiver.stow import native
from services.receiver.stow.bulk import Bulk
from services.receiver.stow.limits import TooLarge
from services.receiver.stow.storing import Storing
from shared.media import DICOM_XML, MediaType


class Unreadable(Exception):
    """This is no metadata."""


class Metadata:
    """Of instances (PS3.18 Section 8.7.3.2). `most`: bytes."""

    def __init__(self, media_type: str, most: int) -> None:
        self.data = bytearray()
        self._media_type, self._most = media_type, most

    def take(self, view: memoryview) -> None:
        if len(self.data) + len(view) > self._most:
            raise TooLarge
        self.data += view

    def end(self) -> None:
        return

    def models(self) -> Iterator[Any]:
        """What stands in it, in the DICOM JSON Model; not yet looked at. Raises Unreadable."""
        try:
            found = native.read(bytes(self.data)) if self._media_type == DICOM_XML else orjson.loads(self.data)
        except (native.NotNative, orjson.JSONDecodeError):
            raise Unreadable from None
        yield from found if isinstance(found, list) else [found]


class BulkData:
    """What metadata refer to by the URI in Content-Location. `most`: bytes."""

    def __init__(self, bulk: Bulk, uri: str, kind: MediaType, most: int) -> None:
        self._bulk, self._uri, self._kind, self._left = bulk, uri, kind, most

    def take(self, view: memoryview) -> None:
        self._left -= len(view)
        if self._left < 0:
            raise TooLarge
        self._bulk.take(view)

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
