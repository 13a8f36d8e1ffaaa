"""Reads multipart/related (RFC 2046 Section 5.1, RFC 2387) as it comes, whatever lies in its parts.

Own: python-multipart refuses a preamble, and multipart wants the Content-Disposition of a form in each part.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum

_BLANK_LINE = b"\r\n\r\n"
_LONGEST_HEADERS = 16 * 1024
"""Bytes of one part's headers."""
_ROOM = 256 * 1024
"""Bytes, what is held included: what is searched should still be in the processor's cache."""
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)
# What stands behind a boundary in its line, and what may yet become that. Padding has a limit: it is held.
_LINE_END = re.compile(rb"(--)?[ \t]{0,256}\r\n")
_BEGUN_LINE_END = re.compile(rb"-|(--)?[ \t]{0,256}\r?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*", re.DOTALL)
_FOLD = re.compile(rb"\r\n[ \t]+")


class Malformed(Exception):
    """This is no such body."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A part begins. Names of headers in small letters."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Data:
    """More of the part's content, valid until the next event is asked for."""

    view: memoryview


@dataclass(frozen=True, slots=True)
class End:
    """The part is whole."""


Event = Begin | Data | End


class _State(Enum):
    PREAMBLE = 1
    HEADERS = 2
    CONTENT = 3
    EPILOGUE = 4


class Related:
    """One body, which is received into `room`. Of what came it holds only what may yet become a boundary or headers."""

    def __init__(self, boundary: str) -> None:
        """Raises Malformed when there can be no such boundary."""
        if not _BOUNDARY.fullmatch(boundary):
            raise Malformed("boundary")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._state = _State.PREAMBLE
        self._buffer = bytearray(_ROOM)
        self._view = memoryview(self._buffer)
        # A delimiter begins with the end of the line before it. The first one may have none, so it is given one; where
        # content is empty, it is the end of the blank line behind the headers. `_apart`: bytes that are not content.
        self._buffer[:2] = b"\r\n"
        self._held = self._apart = 2

    @property
    def room(self) -> memoryview:
        """Where the next bytes go."""
        return self._view[self._held :]

    def took(self, count: int) -> Iterator[Event]:
        """What the next bytes bring, of which the room holds so many; all of it is to be asked for. Raises
        Malformed."""
        end, self._held = self._held + count, 0
        at: int | None = 0
        while at is not None and self._state is not _State.EPILOGUE:
            read = self._headers if self._state is _State.HEADERS else self._content
            at = yield from read(at, end)

    def feed(self, data: bytes) -> Iterator[Event]:
        """The same of bytes that are there already."""
        rest = memoryview(data)
        while rest:
            piece, rest = rest[: len(self.room)], rest[len(self.room) :]
            self.room[: len(piece)] = piece
            yield from self.took(len(piece))

    def close(self) -> Iterator[Event]:
        """The body ends here. Raises Malformed when that is before its last boundary."""
        yield from self.feed(b"\r\n")  # which the line of that boundary may lack
        if self._state is not _State.EPILOGUE:
            raise Malformed("no end")

    def _hold(self, begin: int, end: int) -> None:
        """For the next time, in front of what comes then."""
        self._buffer[: end - begin] = self._buffer[begin:end]
        self._held = end - begin

    def _headers(self, at: int, end: int) -> Generator[Event, None, int | None]:
        """From the line end of the boundary before them. Returns where to go on; None when more has to come."""
        blank = self._buffer.find(_BLANK_LINE, at, end)
        if (blank if blank >= 0 else end) - at > _LONGEST_HEADERS:
            raise Malformed("headers too long")
        if blank < 0:
            self._hold(at, end)
            return None
        yield Begin(_read_headers(bytes(self._view[at + 2 : blank])))
        self._state, self._apart = _State.CONTENT, 2
        return blank + 2

    def _content(self, at: int, end: int) -> Generator[Event, None, int | None]:
        """Content, or the preamble, to the next boundary. Returns as `_headers`."""
        found, line = self._boundary(at, end)
        begin, self._apart = at + self._apart, max(0, at + self._apart - found)
        if self._state is _State.CONTENT and found > begin:
            yield Data(self._view[begin:found])
        if line is None:
            self._hold(found, end)
            return None
        if self._state is _State.CONTENT:
            yield End()
        self._state = _State.EPILOGUE if line[1] else _State.HEADERS
        return line.end() - 2

    def _boundary(self, at: int, end: int) -> tuple[int, "re.Match[bytes] | None"]:
        """Where the next delimiter begins, and the rest of its line; without that, where one may have begun."""
        # Mostly there is none, which `rfind` knows in half of the time.
        last = self._buffer.rfind(self._delimiter, at, end)
        while at <= last:
            found = self._buffer.find(self._delimiter, at, end)
            behind = found + len(self._delimiter)
            line = _LINE_END.match(self._buffer, behind, end)
            if line or _BEGUN_LINE_END.fullmatch(self._buffer, behind, end):
                return found, line
            at = found + 2  # content that only looks like one
        return max(at, end - len(self._delimiter) + 1), None


def _read_headers(block: bytes) -> dict[str, str]:
    lines = _FOLD.sub(b" ", block).split(b"\r\n") if block else []
    found = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise Malformed("header")
        found[header[1].decode("ascii").lower()] = header[2].decode("latin-1")
    return found
