"""What goes over the socket between the service and a worker. The service trusts nothing that a worker says."""

import socket
import struct
import time

from services.thumbnailer.picture import LONG_SIDE, NoPicture, Picture
from shared.outcome import Reason

READY = b"\x01"

_LENGTH = struct.Struct("!Q")
_ANSWER = struct.Struct("!BHH")
_PICTURE, _NO_PICTURE = 1, 2
_LARGEST_ANSWER = 1024 * 1024
"""Bytes: more than any JPEG of that size has."""
_TOLD = (Reason.NO_PIXELS, Reason.NO_DECODER, Reason.DECODER_FAILED)
_PIECE = 1024 * 1024


class Broken(Exception):
    """The other end is gone, is silent for too long, or says what it cannot mean."""


def send(link: socket.socket, data: bytes, deadline: float | None = None) -> None:
    """One message. `deadline` is a time on the monotonic clock; None waits for ever. Raises Broken."""
    try:
        _until(link, deadline)
        link.sendall(_LENGTH.pack(len(data)))
        _until(link, deadline)
        link.sendall(data)
    except OSError:
        raise Broken from None


def receive(link: socket.socket, deadline: float | None = None, largest: int | None = None) -> bytes:
    """The next message. Raises Broken, also when the other end has closed."""
    (length,) = _LENGTH.unpack(_exactly(link, _LENGTH.size, deadline))
    if largest is not None and length > largest:
        raise Broken
    return _exactly(link, length, deadline)


def answer_of(link: socket.socket, deadline: float) -> Picture | NoPicture:
    """What a worker answers. Raises Broken."""
    message = receive(link, deadline, _LARGEST_ANSWER)
    if len(message) < _ANSWER.size:
        raise Broken
    kind, first, second = _ANSWER.unpack_from(message)
    rest = message[_ANSWER.size :]
    if kind == _PICTURE and 0 < first <= LONG_SIDE and 0 < second <= LONG_SIDE and rest.startswith(b"\xff\xd8\xff"):
        return Picture(rest, first, second)
    if kind == _NO_PICTURE and first < len(_TOLD):
        return NoPicture(_TOLD[first])
    raise Broken


def as_answer(result: Picture | NoPicture) -> bytes:
    """The message for `result`."""
    if isinstance(result, Picture):
        return _ANSWER.pack(_PICTURE, result.width, result.height) + result.jpeg
    return _ANSWER.pack(_NO_PICTURE, _TOLD.index(result.reason), 0)


def _exactly(link: socket.socket, length: int, deadline: float | None) -> bytes:
    buffer = bytearray()
    try:
        while len(buffer) < length:
            _until(link, deadline)
            piece = link.recv(min(_PIECE, length - len(buffer)))
            if not piece:
                raise Broken
            buffer += piece
    except OSError:
        raise Broken from None
    return bytes(buffer)


def _until(link: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise Broken
    link.settimeout(left)
