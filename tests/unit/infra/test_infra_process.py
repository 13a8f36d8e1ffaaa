"""One process under supervision, on shells instead of servers."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local import process
from infra.local.process import Spec, StartFailed, Supervised, backoff


def supervised(tmp_path: Path, script: str, ready: Callable[[], object] = lambda: None, **more: float) -> Supervised:
    spec = Spec(name="shell", argv=("sh", "-c", script), env={"PATH": os.environ["PATH"]}, ready=ready, **more)  # type: ignore[arg-type]
    return Supervised(spec, tmp_path / "shell.log", lambda: None)


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_backoff_grows_to_a_limit() -> None:
    delays = [backoff(number) for number in range(1, 12)]
    assert delays == sorted(delays)
    assert delays[0] == 0.5
    assert delays[-1] == 15


def test_a_crashed_process_comes_back_and_is_counted(tmp_path: Path) -> None:
    async def scene() -> None:
        kept = supervised(tmp_path, "exec sleep 60")
        await kept.start()
        first = kept.status.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await until(lambda: kept.status.state == "backing-off")
        await until(lambda: kept.status.state == "ready")
        assert kept.status.pid != first
        assert kept.status.restarts == 1
        await kept.stop()
        assert kept.status.state == "stopped"
        assert kept.status.pid is None

    asyncio.run(scene())


def test_one_that_never_comes_up_fails_with_its_log_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BACKOFF_SECONDS", (0.01,))

    def never() -> None:
        raise OSError

    async def scene() -> None:
        kept = supervised(tmp_path, "echo no luck; exit 3", never)
        with pytest.raises(StartFailed, match="ended with 3"):
            await kept.start()
        assert kept.status.state == "failed"
        await kept.stop()

    asyncio.run(scene())
    assert (tmp_path / "shell.log").read_text() == "no luck\n" * process.START_ATTEMPTS


def test_one_that_is_never_ready_fails_after_its_time(tmp_path: Path) -> None:
    def never() -> None:
        raise OSError

    async def scene() -> None:
        kept = supervised(tmp_path, "exec sleep 60", never, start_seconds=0.3)
        with pytest.raises(StartFailed, match="within"):
            await kept.start()
        pid = kept.status.pid
        await kept.stop()
        assert pid
        assert gone(pid)

    asyncio.run(scene())


def test_one_that_ignores_the_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    async def scene() -> None:
        mark = tmp_path / "deaf"
        kept = supervised(
            tmp_path, f"trap '' TERM; touch {mark}; while :; do sleep 0.1; done", mark.stat, grace_seconds=0.3
        )
        await kept.start()
        pid = kept.status.pid
        await kept.stop()
        assert pid
        assert gone(pid)

    asyncio.run(scene())


def test_children_of_a_process_go_with_it(tmp_path: Path) -> None:
    async def scene() -> None:
        child = tmp_path / "child"
        kept = supervised(tmp_path, f"sleep 60 & echo $! > {child}.new; mv {child}.new {child}; wait", child.stat)
        await kept.start()
        await kept.stop()
        await until(lambda: gone(int(child.read_text())))

    asyncio.run(scene())


def test_stopping_one_that_was_never_started_is_nothing(tmp_path: Path) -> None:
    asyncio.run(supervised(tmp_path, "exit 0").stop())


def test_one_that_cannot_even_be_started_for_a_while_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "BACKOFF_SECONDS", (0.01,))

    async def scene() -> None:
        kept = supervised(tmp_path, "exec sleep 60")
        await kept.start()
        first, log_file = kept.status.pid, kept.log_file
        assert first
        kept.log_file = tmp_path / "no such folder" / "shell.log"
        os.kill(first, signal.SIGKILL)
        await until(lambda: kept.restarts > 3)
        kept.log_file = log_file
        await until(lambda: kept.status.state == "ready")
        await kept.stop()

    asyncio.run(scene())
