"""The report of a run: one line of JSON for each file. It belongs to the identified side."""

import json
import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.alone.work import Line

_OWNER_ONLY = 0o600


class Report:
    """Written line by line, so that a run that is cut short has told what it did. `path` None counts only.

    Raises FileExistsError rather than write over anything.
    """

    def __init__(self, path: Path | None) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._file = os.fdopen(os.open(path, flags, _OWNER_ONLY), "w", encoding="utf-8") if path else None
        self.counts: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file:
            self._file.close()

    def add(self, line: Line) -> None:
        """One more file."""
        self.counts[line.outcome, line.reason] += 1
        if self._file:
            told = {
                "input": line.input,
                "outcome": line.outcome,
                "reason": line.reason,
                "output": line.output,
                "places": line.places,
                "findings": line.findings,
            }
            # A name of a file need not be text; whatever it is, it comes back from JSON as it was.
            self._file.write(json.dumps(told) + "\n")
            self._file.flush()
