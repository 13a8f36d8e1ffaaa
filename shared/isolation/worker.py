"""One place in a pool of workers, and the process in it if there is one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.isolation import child, plain, wire
from shared.isolation.failures import WorkerFailed
from shared.outcome import Transient

STARTING = 60.0
"""Seconds that a worker may take to start, on a busy machine."""

Start = Callable[[list[str], socket.socket], subprocess.Popen[bytes]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use: `seconds` for one job, `memory` and `answer` in bytes (address space, one answer)."""

    seconds: float
    memory: int
    answer: int = 2**30


class Worker:
    """Used by one thread at a time."""

    def __init__(self, limits: Limits, start: Start) -> None:
        self._limits = limits
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None

    def run(self, job: Sequence[wire.Part], promise: Any, seconds: float, *, fresh: bool) -> Any:
        """The answer to a packed job, as promised.

        Raises WorkerFailed when its function raises, Broken or Silent when the worker does not answer, Transient when
        there is none.
        """
        if fresh:
            self.stop()
        link = self.start()
        deadline = time.monotonic() + seconds
        wire.send(link, job, deadline)
        return _heard(wire.receive(link, deadline, self._limits.answer), promise)

    def start(self) -> socket.socket:
        """The line to a process that is ready."""
        if self._link is not None:
            return self._link
        self._link, theirs = socket.socketpair()
        try:
            with theirs:
                command = [sys.executable, "-m", child.__name__]
                numbers = (theirs.fileno(), os.getpid(), self._limits.memory)
                self._process = self._start(command + [str(number) for number in numbers], theirs)
            wire.receive(self._link, time.monotonic() + STARTING, len(wire.READY))
        except (OSError, wire.Broken):
            self.stop()
            raise Transient("no worker process could be started") from None
        return self._link

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._link is not None:
            self._link.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._link = self._process = None


def _heard(parts: list[bytes], promise: Any) -> Any:
    try:
        match plain.decoded(parts, tuple[Literal["answered"], promise] | tuple[Literal["raised"], str]):
            case (child.ANSWERED, answer):
                return answer
            case (child.RAISED, str(kind)) if kind.isidentifier():
                raise WorkerFailed(kind)
    except plain.NotPlain:
        pass
    raise wire.Broken
