"""Writes multipart/related (RFC 2387) part by part, so that no more than one object is in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

CHUNK = 256 * 1024
"""Bytes given to the connection at a time."""


@dataclass(frozen=True, slots=True)
class Part:
    """One object of the answer."""

    content_type: str
    location: str
    data: bytes


def content_type(boundary: str, part_type: str) -> str:
    """The Content-Type of the whole answer."""
    return f'multipart/related; type="{part_type}"; boundary={boundary}'


def write(parts: Iterable[Part], boundary: str) -> Iterator[bytes]:
    """The body. `parts` is consumed lazily: a part is asked for only when the one before it has gone out."""
    for part in parts:
        yield _head(part, boundary)
        yield from chunks(part.data)
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode("ascii")


def chunks(data: bytes) -> Iterator[bytes]:
    """`data` in pieces of at most CHUNK bytes, without copying it as a whole."""
    view = memoryview(data)
    for start in range(0, len(view), CHUNK):
        yield bytes(view[start : start + CHUNK])


def _head(part: Part, boundary: str) -> bytes:
    lines = (
        f"--{boundary}",
        f"Content-Type: {part.content_type}",
        f"Content-Length: {len(part.data)}",
        f"Content-Location: {part.location}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
