"""What goes over the socket between the service and a worker: messages of several parts, each its own bytes."""

import io
import pickle
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Any

Part = bytes | bytearray | memoryview | pickle.PickleBuffer

READY = b"\x01"

_COUNT = struct.Struct("!I")
_LENGTH = struct.Struct("!Q")
_MOST_PARTS = 65_536


class Broken(Exception):
    """The other end is gone, or says what it cannot mean."""


class Silent(Broken):
    """The other end takes too long."""


def send(link: socket.socket, parts: Sequence[Part], deadline: float | None = None) -> None:
    """One message. `deadline` is a time on the monotonic clock; None waits for ever. Raises Broken, Silent."""
    views = [memoryview(part).cast("B") for part in parts]
    head = _COUNT.pack(len(views)) + b"".join(_LENGTH.pack(len(view)) for view in views)
    try:
        for piece in (memoryview(head), *views):
            _until(link, deadline)
            link.sendall(piece)
    except TimeoutError:
        raise Silent from None
    except OSError:
        raise Broken from None


def receive(link: socket.socket, deadline: float | None = None, largest: int | None = None) -> list[bytes]:
    """The parts of the next message, `largest` bytes at most in all.

    Raises Silent, and Broken also when the other end has closed.
    """
    return list(arriving(link, deadline, largest))


def arriving(link: socket.socket, deadline: float | None = None, largest: int | None = None) -> Iterator[bytes]:
    """The same, each part when it is asked for; all of them have to be."""
    (count,) = _COUNT.unpack(_exactly(link, _COUNT.size, deadline))
    if count > _MOST_PARTS:
        raise Broken
    lengths = [length for (length,) in _LENGTH.iter_unpack(_exactly(link, count * _LENGTH.size, deadline))]
    if largest is not None and sum(lengths) > largest:
        raise Broken
    for length in lengths:
        yield _exactly(link, length, deadline)


def packed(value: object) -> list[Part]:
    """The parts that carry `value` to a worker. Large buffers in it (memoryviews, arrays) are not copied here."""
    buffers: list[pickle.PickleBuffer] = []
    whole = _Stream()
    _Pickler(whole, protocol=5, buffer_callback=buffers.append).dump(value)
    return [bytes(whole), *(buffer.raw() for buffer in buffers)]


def unpacked(parts: Sequence[bytes]) -> Any:
    """What our own parent packed. Views arrive as bytes, arrays read-only."""
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301  from the parent, never from an object


class _Stream(bytearray):
    def write(self, piece: Part) -> None:
        self.extend(memoryview(piece))


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, memoryview):
            return bytes, (pickle.PickleBuffer(value),)
        return NotImplemented


def _exactly(link: socket.socket, length: int, deadline: float | None) -> bytes:
    if not length:
        return b""
    # Not a bytearray: bytes() would copy it, and objects are large. A BytesIO hands over what it holds.
    buffer = io.BytesIO()
    buffer.seek(length - 1)
    buffer.write(b"\0")
    with buffer.getbuffer() as rest:
        _fill(link, rest, deadline)
    return buffer.getvalue()


def _fill(link: socket.socket, rest: memoryview, deadline: float | None) -> None:
    try:
        while rest:
            _until(link, deadline)
            got = link.recv_into(rest)
            if not got:
                raise Broken
            rest = rest[got:]
    except TimeoutError:
        raise Silent from None
    except OSError:
        raise Broken from None


def _until(link: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise Silent
    link.settimeout(left)
