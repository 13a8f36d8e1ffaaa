"""One process under supervision: start, wait until it works, restart with back-off, stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.bound import bound
from infra.local.layout import ROOT
from infra.local.state import Process, ProcessCondition

log = logging.getLogger("supervisor")

BACKOFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
STEADY_SECONDS = 30.0
START_ATTEMPTS = 5
"""A record may end a stage three times before that gives it up (infra/adr/0023), and sooner than a probe has looked."""
PROBE_SECONDS = 0.1


class StartFailed(Exception):
    """A process did not come up."""


def nothing() -> None:
    """A process that needs no preparation."""


@dataclass(frozen=True)
class Spec:
    """How to run one process. `ready` and `prepare` block; `ready` raises until the process works."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready: Callable[[], object]
    prepare: Callable[[], None] = nothing
    address: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 15.0
    start_seconds: float = 120.0
    user_namespace: bool = False


def backoff(restarts_in_a_row: int) -> float:
    """Seconds to wait before the next start."""
    return BACKOFF_SECONDS[min(restarts_in_a_row, len(BACKOFF_SECONDS)) - 1]


class Supervised:
    """Keeps one process running until it is told to stop. Belongs to the thread of the event loop:
    the kernel kills children when the *thread* that started them ends. `changed` is told of each condition, and must
    not raise."""

    def __init__(self, spec: Spec, log_file: Path, changed: Callable[[], None]) -> None:
        self.spec = spec
        self.log_file = log_file
        self.restarts = 0
        self._changed = changed
        self._condition: ProcessCondition = "waiting"
        self._process: asyncio.subprocess.Process | None = None
        self._stop = asyncio.Event()
        self._works: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> Process:
        process = self._process
        return Process(
            name=self.spec.name,
            state=self._condition,
            pid=process.pid if process and process.returncode is None else None,
            restarts=self.restarts,
            address=self.spec.address,
            log=self.log_file,
        )

    async def start(self) -> None:
        """Start it and return when it works. Raises StartFailed."""
        self._works = asyncio.get_running_loop().create_future()
        self._become("starting")
        try:
            await asyncio.to_thread(self.spec.prepare)
            self._task = asyncio.create_task(self._keep())
            await asyncio.wait_for(asyncio.shield(self._works), self.spec.start_seconds)
        except TimeoutError:
            self._become("failed")
            raise StartFailed(f"{self.spec.name} did not work within {self.spec.start_seconds:.0f} s") from None
        except OSError as error:
            self._become("failed")
            raise StartFailed(f"{self.spec.name} could not be started: {error}") from error

    async def stop(self) -> None:
        """Ask it to end, and after its grace make it; its whole group goes with it."""
        self._stop.set()
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.spec.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.spec.grace_seconds)
            except TimeoutError:
                log.warning("%s: still there after %.0f s, killed", self.spec.name, self.spec.grace_seconds)
                process.kill()
                await process.wait()
        if process is not None:
            _kill_group(process.pid)
        if self._task is not None:
            await self._task
        if self._condition != "failed":
            self._become("stopped")

    async def _keep(self) -> None:
        in_a_row = 0
        while not self._stop.is_set():
            began = time.monotonic()
            end = await self._ended()
            if self._stop.is_set():
                return
            in_a_row = 1 if time.monotonic() - began > STEADY_SECONDS else in_a_row + 1
            if self._gives_up(in_a_row, end):
                return
            self.restarts += 1
            delay = backoff(in_a_row)
            log.warning("%s: %s, restart %d in %.1f s", self.spec.name, end, self.restarts, delay)
            self._become("backing-off")
            await self._pause(delay)

    async def _ended(self) -> str:
        """How one run of it ended. That it could not even begin, for want of memory, say, may pass like the rest."""
        try:
            return f"ended with {await self._run_once()}"
        except OSError as error:
            return f"could not be started ({error})"

    async def _run_once(self) -> int:
        with self.log_file.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *bound(self.spec.argv, user_namespace=self.spec.user_namespace),
                env=dict(self.spec.env),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if self._stop.is_set():  # told while it was being born: nobody else will end it
            self._process.kill()
        self._become("starting")
        probe = asyncio.create_task(self._until_ready())
        try:
            return await self._process.wait()
        finally:
            probe.cancel()
            _kill_group(self._process.pid)

    async def _until_ready(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.spec.ready)
            except Exception:
                await asyncio.sleep(PROBE_SECONDS)
                continue
            self._become("ready")
            if self._works is not None and not self._works.done():
                self._works.set_result(None)
            return

    def _gives_up(self, attempts: int, end: str) -> bool:
        if self._works is None or self._works.done() or attempts < START_ATTEMPTS:
            return False
        self._become("failed")
        self._works.set_exception(StartFailed(f"{self.spec.name} {end} at its start, {attempts} times"))
        return True

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _become(self, condition: ProcessCondition) -> None:
        if condition == self._condition:
            return
        self._condition = condition
        log.info("%s: %s", self.spec.name, condition)
        self._changed()


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
