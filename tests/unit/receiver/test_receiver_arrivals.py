"""The view of what was received before, as several processes use it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from services.receiver.arrivals import Arrivals

ROOT = Path(__file__).parents[3]
DIGEST, OTHER = "a" * 64, "b" * 64
HOLDS = """
import sys, time
from pathlib import Path
from services.receiver.arrivals import Arrivals
arrivals = Arrivals(Path(sys.argv[1]))
with arrivals.alone("site-a", sys.argv[2]):
    print("holds", flush=True)
    sys.stdin.readline()
    arrivals.add("site-a", sys.argv[2], "1.2.3")
"""


def holder(path: Path, digest: str) -> "subprocess.Popen[str]":
    """Another process that works on that arrival until it gets a line, or its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path), digest],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    return process


def test_another_process_waits_and_then_knows(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    arrivals = Arrivals(path)
    with holder(path, DIGEST) as other:
        known: list[bool] = []

        def work() -> None:
            with arrivals.alone("site-a", DIGEST):
                known.append(arrivals.known("site-a", DIGEST))

        waiting = threading.Thread(target=work)
        waiting.start()
        with arrivals.alone("site-a", OTHER):
            pass  # nobody works on that one
        time.sleep(0.2)
        assert known == []
        other.communicate("\n", timeout=10)
        waiting.join(10)
    assert known == [True]
    arrivals.close()


def test_who_dies_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    arrivals = Arrivals(path)
    with holder(path, DIGEST) as other:
        other.kill()
    with arrivals.alone("site-a", DIGEST):
        assert not arrivals.known("site-a", DIGEST)
    arrivals.close()


def test_a_view_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    first = Arrivals(path)
    first.add("site-a", DIGEST, "1.2.3")
    first._db.execute("PRAGMA user_version = 1")
    first.close()
    again = Arrivals(path)
    assert not again.known("site-a", DIGEST)
    again.close()
