"""Renders in processes of their own, with limits: a bad stream kills a worker, never the service."""

import os
import pickle
import queue
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from services.thumbnailer import wire
from services.thumbnailer.picture import NoPicture, Picture, Render
from shared.outcome import Reason, Transient

STARTING = 60.0
"""Seconds that a worker may take to import its decoders, on a busy machine."""

_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""All that workers see of the environment: no credentials. One thread each, as the pool is the parallelism."""


class Renderer:
    """`workers` processes that render, each within `memory` bytes of address space and `seconds` for one object.

    Safe to use from several threads. A worker that dies, or is killed because it hangs, is replaced; its object is
    tried once more, alone in a fresh worker, and then given up as DECODER_DIED.

    Workers are started by exec, never forked: a Kafka client in this process does not survive a fork. They end with
    this process, also after kill -9. `render` and what it needs must be importable in the worker.
    """

    def __init__(self, render: Render, *, workers: int, memory: int, seconds: float) -> None:
        self._seconds = seconds
        # The kernel's "die with your parent" means the thread that started the child: one that lasts starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="start-workers")
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._workers = tuple(_Worker(render, memory, self._start) for _ in range(workers))
        for worker in self._workers:
            self._idle.put(worker)

    def render(self, data: bytes) -> Picture | NoPicture:
        """The picture of a Part 10 file, or why there is none. Raises Transient when no worker can be started."""
        worker = self._idle.get()
        try:
            for fresh in (False, True):
                try:
                    return worker.render(data, self._seconds, fresh=fresh)
                except wire.Broken:
                    worker.stop()
            return NoPicture(Reason.DECODER_DIED)
        finally:
            self._idle.put(worker)

    def warm(self) -> None:
        """Start all workers now. Raises Transient when one does not start."""
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        """End all workers. Nothing may be rendering any more."""
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


class _Worker:
    """One place in the pool, and the process in it if there is one. Used by one thread at a time."""

    def __init__(
        self, render: Render, memory: int, start: Callable[[list[str], socket.socket], subprocess.Popen[bytes]]
    ) -> None:
        self._render = pickle.dumps(render)
        self._memory = memory
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None

    def render(self, data: bytes, seconds: float, *, fresh: bool) -> Picture | NoPicture:
        """Raises Broken when the worker does not answer, Transient when there is none."""
        if fresh:
            self.stop()
        link = self.start()
        deadline = time.monotonic() + seconds
        wire.send(link, data, deadline)
        return wire.answer_of(link, deadline)

    def start(self) -> socket.socket:
        """The line to a process that is ready."""
        if self._link is not None:
            return self._link
        self._link, theirs = socket.socketpair()
        try:
            with theirs:
                command = [sys.executable, "-m", "services.thumbnailer.child"]
                numbers = (theirs.fileno(), os.getpid(), self._memory)
                self._process = self._start(command + [str(number) for number in numbers], theirs)
            deadline = time.monotonic() + STARTING
            wire.send(self._link, self._render, deadline)
            wire.receive(self._link, deadline, len(wire.READY))
        except (OSError, wire.Broken):
            self.stop()
            raise Transient("no rendering process could be started") from None
        return self._link

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._link is not None:
            self._link.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._link = self._process = None
