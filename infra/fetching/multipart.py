"""A multipart/related answer part by part, each into a file of its own, however large (RFC 2046, PS3.18 8.6)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from email.message import Message
from typing import BinaryIO, Protocol, cast

PIECE = 256 * 1024
IN_MEMORY = 16 * 1024 * 1024
"""Bytes of a part beyond which it goes on in a file without a name."""
_LONGEST_HEADERS = 64 * 1024


class NotMultipart(ValueError):
    """The answer is none, or it ends before its last part does."""


class Reads(Protocol):
    """An answer's body."""

    def read(self, amount: int, /) -> bytes:
        """Up to so many bytes; none at the end."""
        ...


def boundary_of(content_type: str) -> bytes:
    """Of a Content-Type. Raises NotMultipart."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_param("boundary")
    if message.get_content_maintype() != "multipart" or not isinstance(boundary, str) or not boundary:
        raise NotMultipart("no multipart answer")
    return boundary.encode("latin-1", "replace")


def parts(body: Reads, boundary: bytes) -> Iterator[BinaryIO]:
    """The content of each part, at its beginning; it is closed when the next one is asked for. Raises NotMultipart."""
    reader = _Reader(body, b"\r\n--" + boundary)
    reader.skip()
    while reader.another():
        reader.headers()
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as part:
            reader.until_delimiter(cast(BinaryIO, part))
            part.seek(0)
            yield cast(BinaryIO, part)


class _Reader:
    """The body, as far as it has been read and not yet been understood."""

    def __init__(self, body: Reads, delimiter: bytes) -> None:
        self._body, self._delimiter = body, delimiter
        # The first delimiter need not have a line end before it: there is always one now.
        self._data = bytearray(b"\r\n")

    def skip(self) -> None:
        """Past the preamble."""
        while (at := self._data.find(self._delimiter)) < 0:
            del self._data[: -len(self._delimiter)]
            self._more()
        del self._data[: at + len(self._delimiter)]

    def another(self) -> bool:
        """Behind a delimiter: whether a part follows."""
        while len(self._data) < 2:
            self._more()
        return not self._data.startswith(b"--")

    def headers(self) -> None:
        """Past the part's own headers, which say nothing that the part does not."""
        while (at := self._data.find(b"\r\n\r\n")) < 0:
            if len(self._data) > _LONGEST_HEADERS:
                raise NotMultipart("headers without end")
            self._more()
        del self._data[: at + 4]

    def until_delimiter(self, part: BinaryIO) -> None:
        """The content, and past the delimiter."""
        while (at := self._data.find(self._delimiter)) < 0:
            keep = len(self._delimiter) - 1
            part.write(self._data[:-keep])
            del self._data[:-keep]
            self._more()
        part.write(self._data[:at])
        del self._data[: at + len(self._delimiter)]

    def _more(self) -> None:
        piece = self._body.read(PIECE)
        if not piece:
            raise NotMultipart("it ends too early")
        self._data += piece
