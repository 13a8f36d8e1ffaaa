"""Kills a process whose workers are at work, and tells which of them live on."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
_PARENT = """
import psutil, threading
{start}
for child in psutil.Process().children():
    print(child.pid, flush=True)
threading.Thread(target=hang, daemon=True).start()
print("hanging", flush=True)
threading.Event().wait()
"""


def left(start: str, workers: int) -> list[psutil.Process]:
    """Those alive five seconds after their parent got a SIGKILL. `start` is Python that starts as many `workers` and
    defines `hang`, a function that keeps one of them busy for ever."""
    command = [sys.executable, "-c", _PARENT.format(start=start)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    with parent, parent.stdout as told:
        pids = [int(told.readline()) for _ in range(workers)]
        assert told.readline() == "hanging\n"
        time.sleep(0.3)
        assert all(map(psutil.pid_exists, pids))
        parent.kill()
        parent.wait()
    _, alive = psutil.wait_procs([psutil.Process(one) for one in pids if psutil.pid_exists(one)], timeout=5)
    return list(alive)
