"""A second worker of a stage, as somebody starts it who wants more of them."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.rounds import processes
from tests.support.stack import Stack

GRACE = 30.0
"""Seconds that it gets to end."""


@contextmanager
def second_worker(stack: Stack, stage: str) -> Iterator[subprocess.Popen[bytes]]:
    """It lives as long as this block, if nobody kills it, and is asked to end then."""
    first = processes.running(stack, stage)
    environment = first.environ() | {"ISOCENTRE_INSTANCE": "second", "ISOCENTRE_HEALTH_PORT": str(_free_port())}
    if "ISOCENTRE_STATE_DIR" in environment:
        folder = Path(environment["ISOCENTRE_STATE_DIR"]).with_name(f"{stage}-second")
        folder.mkdir(mode=0o700, exist_ok=True)
        environment["ISOCENTRE_STATE_DIR"] = str(folder)
    with stack.log(f"{stage}-second").open("ab") as log:
        worker = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", f"services.{stage}"],
            env=environment,
            cwd=first.cwd(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(GRACE)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
