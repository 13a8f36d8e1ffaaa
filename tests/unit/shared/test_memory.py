"""Memory of a process that works with many threads."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MANY = """
import gc, sys, threading
import psutil
from shared import memory
if sys.argv[1] == "settled":
    memory.settle()
    assert gc.get_freeze_count() > 1000
blocks, ready, done = [], threading.Barrier(17), threading.Barrier(17)

def work():
    for turn in range(40):
        kept = [bytearray(60_000) for _ in range(64)]
        blocks.append(bytearray(100))
    ready.wait()
    done.wait()

threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads:
    thread.start()
ready.wait()
heaps = [one for one in psutil.Process().memory_maps(grouped=False) if one.addr.split("-")[0].endswith("000000")]
print(sum(one.path == "[anon]" and int(one.addr.split("-")[0], 16) % 2**26 == 0 for one in heaps))
done.wait()
"""


def arenas(how: str) -> int:
    told = subprocess.run([sys.executable, "-c", MANY, how], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(told.stdout)


def test_threads_share_their_heaps() -> None:
    assert arenas("settled") <= 2 < arenas("as it comes")
