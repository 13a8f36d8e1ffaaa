"""Renders in processes of their own, with limits: a bad stream kills a worker, never the service."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from services.thumbnailer.picture import LONG_SIDE, NoPicture, Picture, Render
from shared.isolation import Limits, Lost, Pool, WorkerFailed
from shared.outcome import Reason

_LARGEST_ANSWER = 1024 * 1024
"""Bytes: more than any JPEG of that size has."""
_TOLD = (Reason.NO_PIXELS, Reason.NO_DECODER, Reason.DECODER_FAILED)


class Renderer:
    """`workers` processes that render, each within `memory` bytes of address space and `seconds` for one object.

    Safe to use from several threads. `render` and what it needs must be importable in the worker. An object that
    costs two workers their lives, the second a fresh one, is given up as DECODER_DIED.
    """

    def __init__(self, render: Render, *, workers: int, memory: int, seconds: float) -> None:
        self._render: Callable[[bytes], Picture | NoPicture] = render
        limits = Limits(seconds=seconds, memory=memory, answer=_LARGEST_ANSWER)
        self._pool = Pool(workers, limits, _believed)

    def render(self, data: bytes) -> Picture | NoPicture:
        """The picture of a Part 10 file, or why there is none. Raises Transient when no worker can be started."""
        try:
            return self._pool.run(self._render, memoryview(data))
        except WorkerFailed:
            return NoPicture(Reason.DECODER_FAILED)
        except Lost:
            return NoPicture(Reason.DECODER_DIED)

    def warm(self) -> None:
        """Start all workers now. Raises Transient when one does not start."""
        self._pool.warm()

    def close(self) -> None:
        """End all workers. Nothing may be rendering any more."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _believed(answer: Any) -> bool:
    """Whether a renderer that is in its right mind could have said that."""
    match answer:
        case Picture(bytes(jpeg), int(width), int(height)):
            sides = 0 < width <= LONG_SIDE and 0 < height <= LONG_SIDE
            return sides and jpeg.startswith(b"\xff\xd8\xff")
        case NoPicture(reason):
            return reason in _TOLD
    return False
