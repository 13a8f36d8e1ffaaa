"""The memory of a server that has been up for a while: full of what was read, not free.

A virtual machine gets each free page from its host anew when it is used, and gives it back when it is not: that costs
several times what it takes to write to it, and hits whoever is measured as it falls.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEFT_FREE = 1024 * 1024 * 1024
"""Bytes."""
_PIECE = 8 * 1024 * 1024


def free_bytes(meminfo: str) -> int:
    """What nobody uses, from the text of /proc/meminfo."""
    found = re.search(r"^MemFree: +(\d+) kB$", meminfo, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Read a large hole of a file in `folder`, which is there for the length of this block: the kernel keeps its zeros
    until somebody else needs the room."""
    folder.mkdir(parents=True, exist_ok=True)
    hole, into = folder / "hole", memoryview(bytearray(_PIECE))
    try:
        with hole.open("w+b", buffering=0) as file:
            file.truncate(max(0, free_bytes(Path("/proc/meminfo").read_text()) - LEFT_FREE))
            while file.readinto(into):
                pass
        yield
    finally:
        hole.unlink()
