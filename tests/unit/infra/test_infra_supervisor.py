"""A stack of shells, on a disk that is full for a while."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local import services, state, supervisor
from infra.local.components import Makings
from infra.local.layout import Cache, Home
from infra.local.plan import plan
from infra.local.process import Spec
from infra.local.provision import objectstore
from infra.local.supervisor import Supervisor

NAMES = ("zipkin", "tracker", "receiver")


@pytest.fixture
def makings(tmp_path: Path) -> Makings:
    home = Home(tmp_path / "home")
    return Makings(Cache(tmp_path), home, plan(home, objectstore.declared()), tmp_path)


@pytest.fixture
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the shells that stand for the processes write their names at the end."""
    told = tmp_path / "ended"

    def shell(name: str) -> Spec:
        up = tmp_path / f"{name}.up"
        script = f"trap 'echo {name} >> {told}; exit 0' TERM; touch {up}; while :; do sleep 0.05; done"
        return Spec(name=name, argv=("sh", "-c", script), env={"PATH": os.environ["PATH"]}, ready=up.stat)

    monkeypatch.setattr(supervisor, "component", lambda name, makings: shell(name))
    monkeypatch.setattr(services, "spec", lambda service, stack, settings: shell(service.name))
    return told


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether there is no room for the file."""
    now, write = [False], state.write

    def unless_full(file: Path, stack: state.Stack) -> None:
        if now[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(file, stack)

    monkeypatch.setattr(state, "write", unless_full)
    monkeypatch.setattr(supervisor, "TELL_AGAIN_SECONDS", 0.1)
    return now


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def test_a_full_disk_ends_neither_the_watch_nor_the_order_of_the_end(
    makings: Makings, ended: Path, full: list[bool]
) -> None:
    def told() -> state.Stack:
        return state.read(makings.home.state_file)

    async def scene() -> None:
        running = asyncio.create_task(Supervisor(makings, NAMES, {}).run())
        await until(lambda: makings.home.state_file.exists() and told().state == "ready")
        first = told().process("tracker").pid
        assert first
        full[0] = True
        os.kill(first, signal.SIGKILL)
        await asyncio.sleep(1)  # it is back, and nobody could be told
        full[0] = False
        await until(lambda: told().process("tracker").pid not in (None, first))
        await until(lambda: told().process("tracker").state == "ready")
        full[0] = True
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0

    asyncio.run(scene())
    assert ended.read_text().split() == ["receiver", "tracker", "zipkin"]
