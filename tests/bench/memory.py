"""A virtual machine gets each page of memory from its host when it is first used, at more than it costs to write to it."""

import re
import subprocess
import sys
from pathlib import Path

SHARE = 0.8
_TOUCH = "import mmap, sys; mmap.mmap(-1, int(sys.argv[1]), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)"


def free_bytes(meminfo: str) -> int:
    """What nobody uses, from the text of /proc/meminfo."""
    found = re.search(r"^MemFree: +(\d+) kB$", meminfo, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def touch_free_memory() -> None:
    """Use most of what is free once, in a process that ends: or whoever is measured first pays for it."""
    size = int(free_bytes(Path("/proc/meminfo").read_text()) * SHARE)
    subprocess.run([sys.executable, "-c", _TOUCH, str(size)], check=False)
