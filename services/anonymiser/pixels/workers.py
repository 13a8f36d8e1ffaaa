"""Where pixels are decoded and read: in processes of their own, with limits."""

from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from shared.isolation import Limits, Pool, WorkerDied, WorkerFailed, WorkerTimeout

__all__ = ["LIMITS", "Examiner", "Limits", "WorkerDied", "WorkerFailed", "WorkerTimeout"]

T = TypeVar("T")

LIMITS = Limits(seconds=120, memory=3 * 1024**3)
"""For one job; the largest frames are read in some 20 s on a busy machine."""


class Examiner:
    """Runs pure functions on pixels in `workers` processes; with 0 in this one, without limits (for tests).

    Safe to use from several threads. The functions must be importable by name; what they return must fit their
    annotation, and is plain data: None, bool, int, float, str, bytes, tuples, dicts, enums, frozen dataclasses.
    """

    def __init__(self, workers: int = 1, limits: Limits = LIMITS) -> None:
        self._pool = Pool(workers, limits) if workers else None

    def run(self, function: Callable[..., T], *payload: object, seconds: float | None = None) -> T:
        """What `function(*payload)` returns, within `seconds` instead of the limits' own if given.

        Memoryviews in the payload arrive as bytes, arrays read-only. Raises WorkerDied or WorkerTimeout when two
        workers, the second fresh, crashed, starved or hung on it; WorkerFailed when the function raised; Transient
        when no worker can be started.
        """
        if self._pool is not None:
            return self._pool.run(function, *payload, seconds=seconds)
        try:
            return function(*payload)
        except Exception as error:
            raise WorkerFailed(type(error).__name__) from None

    def warm(self) -> None:
        """Start all workers now. Raises Transient when one does not start."""
        if self._pool is not None:
            self._pool.warm()

    def close(self) -> None:
        """End all workers. None may be running anything any more."""
        if self._pool is not None:
            self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
