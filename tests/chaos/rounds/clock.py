"""A wall clock that jumps, for those processes that preload it. Linux with a C compiler."""

import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")


class Clock:
    """One clock for some processes; `environment` is what they have to be started with."""

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.environment: Mapping[str, str] = {"LD_PRELOAD": str(library), "ISOCENTRE_CHAOS_CLOCK": str(file)}
        self._set(0.0)

    @contextmanager
    def ahead(self, seconds: float) -> Iterator[None]:
        """It goes so much before the real time within this block, or behind it."""
        self._set(seconds)
        try:
            yield
        finally:
            self._set(0.0)

    def _set(self, seconds: float) -> None:
        # Eight bytes in place: who has mapped them sees them at once.
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("q", int(seconds * 10**9)))


def compiled(folder: Path) -> Path:
    """The library that moves clocks, made in `folder`. Raises OSError or CalledProcessError without a compiler."""
    library = folder / "clock.so"
    subprocess.run(
        ["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl", "-lpthread"],
        check=True,
        capture_output=True,
    )
    return library
