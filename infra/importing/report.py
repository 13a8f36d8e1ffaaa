"""The account of an import: every file that was found ends in one of five ways."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from infra.importing.entry import Result

MOST_SHOWN = 20
RESULTS: tuple[Result, ...] = get_args(Result)


@dataclass(frozen=True, slots=True)
class Line:
    """One file's end. `bytes`: of its data set, when it was sent."""

    key: str
    result: Result
    reason: str = ""
    bytes: int = 0


class Report:
    """Counts lines. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began = clock, clock()
        self._lock = threading.Lock()
        self.found = 0
        self.bytes = 0
        self.counts: Counter[tuple[Result, str]] = Counter()
        self.troubles: list[Line] = []

    def find(self) -> None:
        """One more file was found."""
        with self._lock:
            self.found += 1

    def add(self, line: Line) -> None:
        """This is how it ended for one that was found."""
        with self._lock:
            self.counts[line.result, line.reason] += 1
            self.bytes += line.bytes
            if line.result in ("refused", "failed") and len(self.troubles) < MOST_SHOWN:
                self.troubles.append(line)

    def total(self, result: Result) -> int:
        """How many files ended so."""
        return sum(number for (one, _), number in self.counts.items() if one == result)

    @property
    def seconds(self) -> float:
        return self._clock() - self._began

    @property
    def balanced(self) -> bool:
        """Whether files found = sent + repeated + not DICOM + refused + failed."""
        return self.found == self.counts.total()

    @property
    def whole(self) -> bool:
        """Whether nothing is left to be done."""
        return self.balanced and not self.total("refused") and not self.total("failed")

    def equation(self) -> str:
        """The account in a line."""
        parts = " + ".join(f"{self.total(result)} {result.replace('not-dicom', 'not DICOM')}" for result in RESULTS)
        return f"{self.found} files {'=' if self.balanced else '≠'} {parts}"

    def told(self) -> dict[str, Any]:
        """The same for a machine."""
        seconds = self.seconds
        return {
            "files": self.found,
            "balanced": self.balanced,
            "results": {result: self.total(result) for result in RESULTS},
            "reasons": {f"{result}/{reason}": n for (result, reason), n in sorted(self.counts.items()) if reason},
            "bytes": self.bytes,
            "seconds": round(seconds, 3),
            "files_per_second": round(self.total("sent") / seconds, 1) if seconds else 0.0,
            "troubles": [{"file": one.key, "result": one.result, "reason": one.reason} for one in self.troubles],
        }
