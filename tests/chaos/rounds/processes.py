"""The processes of a stack, by the names that it gives them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.support.stack import Stack
from tests.support.waiting import until

BACK = 120.0
"""Seconds within which the supervisor has a process back."""


def main(stack: Stack, name: str) -> psutil.Process | None:
    """The one that the supervisor started, if it lives."""
    pid = stack.process(name)["pid"]
    try:
        return psutil.Process(pid) if pid else None
    except psutil.NoSuchProcess:
        return None


def running(stack: Stack, name: str) -> psutil.Process:
    """The same, waited for."""
    return until(lambda: main(stack, name), f"{name} runs", BACK)  # type: ignore[return-value]


def children(stack: Stack, name: str) -> list[psutil.Process]:
    """Those that it started itself."""
    process = main(stack, name)
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True) if process else []
    return []


def all_of(stack: Stack, name: str) -> list[psutil.Process]:
    """It and its children."""
    process = main(stack, name)
    return [process, *children(stack, name)] if process else []


@contextmanager
def still(stack: Stack, name: str) -> Iterator[None]:
    """They stand still within this block."""
    stopped = all_of(stack, name)
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        yield
    finally:
        for process in reversed(stopped):
            with suppress(psutil.NoSuchProcess):
                process.resume()


def are_ready(stack: Stack) -> bool:
    """Whether all of them work."""
    return all(process["state"] == "ready" for process in stack.told()["processes"])
