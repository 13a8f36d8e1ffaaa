"""A stack lives and dies with its supervisor, whatever happens to that."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.local.layout import ROOT, Home
from infra.local.ownership import supervisor_pid
from infra.local.stack import NotUp, StackError, attach, running, wait_ready
from infra.local.state import Stack

SUPERVISOR = [sys.executable, "-m", "infra.local.supervisor", "--without-services"]
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@contextmanager
def supervisor(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], Stack, list[psutil.Process]]]:
    """A supervisor of our own, with everything that descends from it."""
    place = Home(home)
    place.make()
    process = subprocess.Popen([*SUPERVISOR, "--home", str(home)], cwd=ROOT, process_group=0)
    try:
        stack = wait_ready(place, process)
        yield process, stack, psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not [process.cmdline() for process in alive]


def until(ask: Callable[[], Stack | None], seconds: float = 30) -> Stack:
    deadline = time.monotonic() + seconds
    while (answer := ask()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


def test_nothing_survives_a_killed_supervisor(tmp_path: Path) -> None:
    with (
        supervisor(tmp_path) as (process, stack, descendants),
        psycopg.connect(stack.database.url("indexer")),  # a backend of its own, in the middle of something
    ):
        descendants = psutil.Process(process.pid).children(recursive=True)
        assert len(descendants) > 8
        process.kill()
        assert_gone(descendants)
    with pytest.raises(NotUp):
        attach(tmp_path)


def test_ctrl_c_stops_everything_in_order(tmp_path: Path) -> None:
    with supervisor(tmp_path) as (process, _, descendants):
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does: to the whole foreground group
        assert process.wait(30) == 0
        assert_gone(descendants)
    log = (tmp_path / "logs" / "supervisor.log").read_text()
    stopped = [line.split("INFO ")[1].split(":")[0] for line in log.splitlines() if line.endswith(": stopped")]
    assert stopped == ["zipkin", "postgres", "versitygw", "kafka", "stack"]
    assert "restart" not in log


def test_everything_listens_on_loopback_and_lies_in_its_home(tmp_path: Path) -> None:
    with supervisor(tmp_path) as (_, stack, descendants):
        sockets = [socket for process in descendants for socket in process.net_connections()]
        assert {socket.laddr.ip for socket in sockets if socket.status == "LISTEN"} <= LOOPBACK
        assert {process.name for process in stack.processes} == {"kafka", "versitygw", "postgres", "zipkin"}
        written = [file.path for process in descendants for file in process.open_files() if file.mode != "r"]
        assert written
        assert not [path for path in written if not Path(path).is_relative_to(tmp_path)]
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "secrets").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_a_stack_dies_with_its_caller(tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from infra.local.stack import running
with running(Path({str(tmp_path)!r}), False, only=["versitygw", "postgres"]):
    time.sleep(600)
"""
    caller = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    try:
        until(lambda: _ready(tmp_path))
        descendants = psutil.Process(caller.pid).children(recursive=True)
        assert len(descendants) > 3
    finally:
        caller.kill()
        caller.wait()
    assert_gone(descendants)


def test_an_exception_in_the_block_ends_the_stack(tmp_path: Path) -> None:
    pids: list[int | None] = []

    def use() -> None:
        with running(tmp_path, False, only=["versitygw"]) as stack:
            pids.append(stack.process("versitygw").pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert pids[0] is not None
    assert not psutil.pid_exists(pids[0])
    assert supervisor_pid(Home(tmp_path)) is None


def test_a_killed_component_comes_back(tmp_path: Path) -> None:
    with running(tmp_path, False, only=["versitygw"]) as stack:
        first = stack.process("versitygw").pid
        assert first
        os.kill(first, signal.SIGKILL)

        def back() -> Stack | None:
            now = attach(tmp_path)
            process = now.process("versitygw")
            return now if process.state == "ready" and process.pid != first else None

        assert until(back).process("versitygw").restarts == 1
    assert "restart 1 in 0.5 s" in (tmp_path / "logs" / "supervisor.log").read_text()


def test_one_that_cannot_start_is_named_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "data" / "postgres").mkdir(parents=True, mode=0o700)
    with (
        pytest.raises(StackError, match=r"(?s)postgres ended with \d+ at its start.*postgres\.log.*postgresql\.conf"),
        running(tmp_path, False, only=["versitygw", "postgres"]),
    ):
        pass
    assert supervisor_pid(Home(tmp_path)) is None


def test_two_stacks_side_by_side(tmp_path: Path) -> None:
    parts = ["versitygw", "postgres"]
    with (
        running(tmp_path / "one", False, only=parts) as one,
        running(tmp_path / "two", False, only=parts) as two,
    ):
        assert set(one.ports.values()).isdisjoint(two.ports.values())
        assert one.database.passwords != two.database.passwords
        for stack in (one, two):
            with psycopg.connect(stack.database.url("indexer")) as connection:
                connection.execute("CREATE TABLE mine (x int)")


def test_a_home_has_one_supervisor(tmp_path: Path) -> None:
    with (
        running(tmp_path, False, only=["versitygw"]) as stack,
        pytest.raises(StackError, match="another supervisor"),
        running(tmp_path, False, only=["versitygw"]),
    ):
        pass
    assert stack.process("versitygw").restarts == 0


def _ready(home: Path) -> Stack | None:
    try:
        stack = attach(home)
    except (NotUp, FileNotFoundError):
        return None
    return stack if stack.state == "ready" else None
