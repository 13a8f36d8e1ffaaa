"""The worker processes: started, handed connections, asked how they are, replaced when they die, and ended in order."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.receiver.crew import handing
from services.receiver.crew.desk import Desk, Part
from services.receiver.crew.line import Answers, Hung, Line
from shared import metrics, telemetry
from shared.metrics import Snapshot

log = telemetry.logger("receiver")

START_SECONDS = 60.0
HUNG_AFTER = 30.0
"""Seconds without an answer after which a worker is killed: it may be writing to a disk that takes its time."""
_EARLY, _LONGEST_PAUSE = 30.0, 60.0
"""Seconds: a worker that dies within the first is started again later each time, but not later than the second."""
_NOBODY_SECONDS = 5.0
"""That a connection waits for a worker."""
_LAST_WORD = 25.0
"""Seconds that a worker gets to end, after those that its associations get."""


class Worker:
    """One worker process as its parent sees it."""

    def __init__(self, number: int, desk: Desk) -> None:
        ours, theirs = socket.socketpair()
        hand, taken = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.number = number
        self.buried = False
        self._born = time.monotonic()
        self._taken = self._left = 0
        self.snapshot: Snapshot = []
        self._looking = threading.Lock()
        self._part = Part(desk)
        self._hand = hand
        self._up = threading.Event()
        answers: Answers = {
            "up": self._up.set,
            "admit": self._part.admit,
            "leave": self._part.leave,
            "gone": self._gone,
        }
        self._line = Line(ours, answers, self._up.set)
        command = [
            sys.executable,
            "-m",
            "services.receiver.worker",
            str(number),
            str(theirs.fileno()),
            str(taken.fileno()),
        ]
        self._process = subprocess.Popen(command, pass_fds=(theirs.fileno(), taken.fileno()))
        theirs.close()
        taken.close()
        self._line.start()
        self.heard = time.monotonic()

    @property
    def held(self) -> int:
        """Connections that it has."""
        return self._taken - self._left

    @property
    def up(self) -> bool:
        """Whether it serves."""
        return self._up.is_set() and self.alive

    @property
    def died_early(self) -> bool:
        """Whether it lived for less than it takes to be of use."""
        return time.monotonic() - self._born < _EARLY

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def wait_until_up(self, seconds: float) -> bool:
        """Whether it serves."""
        return self._up.wait(seconds) and self.up

    def take(self, kind: str, connection: socket.socket) -> bool:
        """Hand it a connection, which is not ours any more then; whether that was possible."""
        handed = handing.hand(self._hand, kind, connection)
        self._taken += handed
        return handed

    def ask(self, name: str, *arguments: object, patience: float) -> Any:
        """Its answer. Raises Hung."""
        answer = self._line.ask(name, *arguments, patience=patience)
        self.heard = time.monotonic()
        return answer

    def look(self) -> None:
        """Take down what it has counted, if it answers. Once it is buried that counts no more: it stands among what
        the dead have counted."""
        with self._looking, contextlib.suppress(Hung):
            if self.buried:
                return
            self.snapshot = self.ask("metrics", patience=1.0)

    def drain(self, seconds: float) -> None:
        """Let its associations end for so long, then end them and it."""
        with contextlib.suppress(Hung):
            self._line.ask("drain", seconds)
        try:
            self._process.wait(seconds + _LAST_WORD)
        except subprocess.TimeoutExpired:
            self.kill()
        self.bury()

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def bury(self) -> None:
        """Forget what was open there."""
        with self._looking:
            self.buried = True
        self._hand.close()
        self._line.end()
        self._part.give_back()

    def _gone(self) -> None:
        self._left += 1


class Crew:
    """`size` workers. Connections go to whoever holds the fewest."""

    def __init__(self, size: int, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._dead: list[Snapshot] = []
        self._early, self._next_start = 0, 0.0
        self._restarts = metrics.counter("isocentre_receive_worker_restarts_total")
        self._workers = [Worker(number, desk) for number in range(size)]

    def wait_until_up(self) -> bool:
        """Whether all of them serve."""
        return all(worker.wait_until_up(START_SECONDS) for worker in self._workers)

    @property
    def up(self) -> bool:
        """Whether any of them serves."""
        return any(worker.up for worker in self._workers)

    def take(self, kind: str, connection: socket.socket) -> None:
        """Hand a connection to a worker. It is closed when none takes it for a while."""
        latest = time.monotonic() + _NOBODY_SECONDS
        with connection:
            while not self._handed(kind, connection) and time.monotonic() < latest:
                time.sleep(0.1)

    def _handed(self, kind: str, connection: socket.socket) -> bool:
        with self._lock:
            serving = sorted((worker for worker in self._workers if worker.up), key=lambda one: one.held)
            return any(worker.take(kind, connection) for worker in serving)

    def look_after(self) -> None:
        """Ask each how it is, and replace those that are dead or hang. To be called every second or so."""
        for place, worker in enumerate(self._workers):
            if worker.alive:
                worker.look()
                if time.monotonic() - worker.heard < HUNG_AFTER:
                    continue
                log.error("worker-hangs", worker=worker.number)
                worker.kill()
            self._bury(worker)
            try:
                self._replace(place, worker)
            except OSError as failed:  # no process more: at the next look
                log.error("worker-not-started", worker=worker.number, error=type(failed).__name__)

    def snapshots(self) -> Iterable[Snapshot]:
        """What each has counted until now, those that are dead too."""
        for worker in self._workers:
            worker.look()
        with self._lock:  # whoever is buried meanwhile would stand in neither
            return [*self._dead, *(worker.snapshot for worker in self._workers)]

    def each(self, question: str) -> list[Any]:
        """What each that answers says."""
        answers = []
        for worker in self._workers:
            with contextlib.suppress(Hung):
                answers.append(worker.ask(question, patience=2.0))
        return answers

    def drain(self, seconds: float) -> None:
        """End all, each in order."""
        self._desk.closed = True
        with ThreadPoolExecutor(len(self._workers)) as pool:
            list(pool.map(lambda worker: worker.drain(seconds), self._workers))

    def _bury(self, worker: Worker) -> None:
        if worker.buried:
            return
        log.error("worker-died", worker=worker.number)
        self._restarts.inc()
        worker.bury()
        with self._lock:
            self._dead = [metrics.totals([*self._dead, worker.snapshot])]
            worker.snapshot = []
        self._early = self._early + 1 if worker.died_early else 0
        self._next_start = time.monotonic() + min(_LONGEST_PAUSE, 2.0**self._early - 1)

    def _replace(self, place: int, worker: Worker) -> None:
        """Those that die at their start come again ever later."""
        if time.monotonic() < self._next_start:
            return
        successor = Worker(worker.number, self._desk)
        with self._lock:
            self._workers[place] = successor
