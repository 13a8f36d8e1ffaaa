"""Workers that share the jobs."""

import os
import queue
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from shared.isolation import wire
from shared.isolation.failures import WorkerDied, WorkerTimeout
from shared.isolation.promise import promise_of
from shared.isolation.worker import Limits, Worker

T = TypeVar("T")

_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""All that workers see of the environment: no credentials. One thread each, as the pool is the parallelism."""


class Pool:
    """`workers` processes that run functions, each within `limits`. Safe to use from several threads.

    A worker that dies, or is killed because it hangs, is replaced; its job is tried once more, alone in a fresh
    worker, and then given up.

    Functions and what they take are pickled on the way in, so importable by name; memoryviews arrive as bytes. What
    they return is plain data (`plain`) that fits their annotation, and what `believed` believes; any other answer
    counts as the worker's death.
    """

    def __init__(self, workers: int, limits: Limits, believed: Callable[[Any], bool] = lambda answer: True) -> None:
        self._limits = limits
        self._believed = believed
        # The kernel's "die with your parent" means the thread that started the child: one that lasts starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="start-workers")
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._workers = tuple(Worker(limits, self._start) for _ in range(workers))
        for worker in self._workers:
            self._idle.put(worker)

    def run(self, function: Callable[..., T], *payload: object, seconds: float | None = None) -> T:
        """What `function(*payload)` returns, within `seconds` instead of the pool's own if given.

        Raises WorkerDied, WorkerTimeout, WorkerFailed, and Transient when no worker can be started.
        """
        job, promise = [*wire.packed(function), *wire.packed(payload)], promise_of(function)
        worker = self._idle.get()
        try:
            for fresh in (False, True):
                try:
                    answer: T = worker.run(job, promise, seconds or self._limits.seconds, fresh=fresh)
                    if self._believed(answer):
                        return answer
                    raise wire.Broken
                except wire.Broken as broken:
                    worker.stop()
                    silent = isinstance(broken, wire.Silent)
        finally:
            self._idle.put(worker)
        raise WorkerTimeout if silent else WorkerDied

    def warm(self) -> None:
        """Start all workers now. Raises Transient when one does not start."""
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        """End all workers. None may be running anything any more."""
        for worker in self._workers:
            worker.stop()
        self._starter.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, command: list[str], link: socket.socket) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                command,
                pass_fds=(link.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**_ENVIRONMENT, "PYTHONPATH": path},
            )

        return self._starter.submit(start).result()
