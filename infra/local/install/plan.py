"""Runs set-up steps side by side, each after those it needs, and never stays silent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from infra.local.install.work import SetupError, Work

HEARTBEAT_SECONDS = 5.0


@dataclass(frozen=True)
class Step:
    """A piece of set-up: `done` is cheap and asks for nothing, `make` does it."""

    name: str
    done: Callable[[], bool]
    make: Callable[[Work], None]
    after: tuple[str, ...] = ()


def run(work: Work, steps: Sequence[Step]) -> None:
    """Make every step that is not done. Raises SetupError naming the first that failed."""
    started = time.monotonic()
    waiting = {step.name: step for step in steps}
    running: dict[Future[None], tuple[Step, float]] = {}
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        try:
            while waiting or running:
                for step in _runnable(waiting, running):
                    del waiting[step.name]
                    _say(f"{step.name}: started")
                    running[pool.submit(step.make, work)] = (step, time.monotonic())
                ended, _ = wait(running, timeout=HEARTBEAT_SECONDS, return_when=FIRST_COMPLETED)
                if not ended:
                    _say(f"still at work after {time.monotonic() - started:.0f} s: {_names(running)}")
                for future in ended:
                    step, since = running.pop(future)
                    _finish(future, step, time.monotonic() - since)
        except BaseException:
            work.stop()
            raise


def _runnable(waiting: dict[str, Step], running: dict[Future[None], tuple[Step, float]]) -> list[Step]:
    unfinished = {*waiting, *(step.name for step, _ in running.values())}
    return [step for step in waiting.values() if unfinished.isdisjoint(step.after)]


def _finish(future: Future[None], step: Step, seconds: float) -> None:
    try:
        future.result()
    except SetupError as error:
        raise SetupError(f"{step.name}: {error}") from error
    _say(f"{step.name}: ready after {seconds:.1f} s")


def _names(running: dict[Future[None], tuple[Step, float]]) -> str:
    now = time.monotonic()
    return ", ".join(f"{step.name} ({now - since:.0f} s)" for step, since in running.values())


def _say(line: str) -> None:
    print(f"setup  {line}", file=sys.stderr, flush=True)
