"""For tests, the demo and the command line: start a stack, find one that runs, stop it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local import state
from infra.local.bound import bound
from infra.local.install.work import tail
from infra.local.layout import ROOT, Home
from infra.local.ownership import supervisor_pid
from infra.local.plan import home_of
from infra.local.state import Process, Stack, StoreWay

START_SECONDS = 180.0
STOP_SECONDS = 120.0
POLL_SECONDS = 0.1


class StackError(Exception):
    """The stack is not, or did not come, up; the text tells why, with the end of the log that tells more."""


class NotUp(StackError):
    """No supervisor runs this home."""


@dataclass(frozen=True)
class Choice:
    """Which processes to start, settings for services as `{service: {NAME: value}}`, how they write objects."""

    services: bool = True
    only: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, str]] | None = None
    store: StoreWay = "tree"
    broker_flushes: bool = True

    @property
    def arguments(self) -> list[str]:
        """The supervisor's options."""
        pairs = [
            f"--set={service}.{name}={value}"
            for service, values in (self.settings or {}).items()
            for name, value in values.items()
        ]
        only = [f"--only={','.join(self.only)}"] if self.only else []
        volatile = [] if self.broker_flushes else ["--no-broker-flush"]
        components = [] if self.services else ["--without-services"]
        return [*components, *only, f"--store={self.store}", *volatile, *pairs]


@contextmanager
def running(
    home: Path,
    services: bool = True,
    *,
    only: Sequence[str] = (),
    settings: Mapping[str, Mapping[str, str]] | None = None,
    store: StoreWay = "tree",
    broker_flushes: bool = True,
    changed: Callable[[Process], None] = lambda _: None,
) -> Iterator[Stack]:
    """A stack that lives as long as this block, and dies with this process (and thread).

    `changed` is told of each process whose state changes while the stack starts.

    Raises StackError when it does not start, or when the home is in use.
    """
    place = home_of(home)
    choice = Choice(services, tuple(only), settings, store, broker_flushes)
    supervisor = _spawn(place, choice, bind=True)
    try:
        yield wait_ready(place, supervisor, changed)
    finally:
        supervisor.terminate()
        _wait_end(supervisor)


def attach(home: Path) -> Stack:
    """The stack that runs in this home, as its file says now. Raises NotUp."""
    place = home_of(home)
    if supervisor_pid(place) is None:
        raise NotUp(f"no stack runs in {place.folder}")
    return state.read(place.state_file)


def start(home: Path, choice: Choice, changed: Callable[[Process], None] = lambda _: None) -> Stack:
    """Start a stack that outlives this process; returns when it is ready. One that runs already is waited for."""
    place = home_of(home)
    supervisor = None if supervisor_pid(place) else _spawn(place, choice, bind=False)
    try:
        return wait_ready(place, supervisor, changed)
    except BaseException:  # also Ctrl-C: what does not come up is not left behind
        if supervisor is not None:
            supervisor.terminate()
            _wait_end(supervisor)
        raise


def stop(home: Path) -> bool:
    """Stop the stack of this home and wait for its end; False when none runs."""
    place = home_of(home)
    pid = supervisor_pid(place)
    if pid is None:
        return False
    supervisor = os.pidfd_open(pid)
    try:
        if supervisor_pid(place) == pid:  # still the same: from here on the number cannot become another's
            signal.pidfd_send_signal(supervisor, signal.SIGTERM)
        if not select.select([supervisor], [], [], STOP_SECONDS)[0]:
            raise StackError(f"the supervisor {pid} does not end; see {place.log('supervisor')}")
    finally:
        os.close(supervisor)
    return True


def wait_ready(
    place: Home,
    supervisor: subprocess.Popen[bytes] | None,
    changed: Callable[[Process], None] = lambda _: None,
) -> Stack:
    """Wait until the stack's file says ready, telling of each process that changes. Raises StackError."""
    deadline = time.monotonic() + START_SECONDS
    seen: dict[str, Process] = {}
    while time.monotonic() < deadline:
        ended = supervisor.poll() if supervisor else None
        stack = _read(place, supervisor.pid if supervisor else None)
        if stack is not None:
            _tell_changes(stack, seen, changed)
            if stack.state == "ready":
                return stack
        if ended is not None or (stack is not None and stack.state == "failed"):
            raise StackError(_reason(place, stack))
        if supervisor is None and supervisor_pid(place) is None:
            raise StackError(_reason(place, stack))
        time.sleep(POLL_SECONDS)
    raise StackError(f"not ready after {START_SECONDS:.0f} s\n{tail(place.log('supervisor'))}")


def _tell_changes(stack: Stack, seen: dict[str, Process], changed: Callable[[Process], None]) -> None:
    for process in stack.processes:
        before = seen.get(process.name)
        if before is None or before.state != process.state:
            changed(process)
        seen[process.name] = process


def _read(place: Home, pid: int | None) -> Stack | None:
    try:
        stack = state.read(place.state_file)
    except (FileNotFoundError, ValueError):
        return None
    return stack if pid in (None, stack.supervisor_pid) else None


def _reason(place: Home, stack: Stack | None) -> str:
    if supervisor_pid(place) is not None and stack is None:
        return f"another supervisor runs the stack in {place.folder}"
    failed = stack.failed if stack else None
    log = failed.log if failed else place.log("supervisor")
    return f"the stack did not start: {stack.error if stack else 'see its log'}\n{log}:\n{tail(log, 25)}"


def _spawn(place: Home, choice: Choice, *, bind: bool) -> subprocess.Popen[bytes]:
    place.make()
    options = ["--home", str(place.folder), "--quiet", *choice.arguments]
    command = [sys.executable, "-m", "infra.local.supervisor", *options]
    with place.log("supervisor").open("ab") as output:
        return subprocess.Popen(
            bound(command) if bind else command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait_end(supervisor: subprocess.Popen[bytes]) -> None:
    try:
        supervisor.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()
