"""What the ways to an archive have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from infra.fetching.questions import Match, Question


class Unanswered(Exception):
    """The archive is away, refuses us, or failed while it answered. The text is a code."""


@contextmanager
def understood() -> Iterator[None]:
    """Around the reading of an answer's values. Raises Unanswered, which tells none, when they make no sense."""
    try:
        yield
    except Exception:  # archives answer anything, and pydicom converts it only now, and raises whatever its parts do
        raise Unanswered("broken-answer") from None


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What came of a study. `completed`, `failed`: instances, as the archive counts them (or we do, where it does not
    send by itself); `reason`: a code, where something ended it before its end."""

    completed: int
    failed: int = 0
    reason: str = ""


class Archive(Protocol):
    """One archive. All raise Unanswered."""

    def find(self, question: Question) -> Sequence[Match]:
        """The studies that it answers with; whoever asked looks whether they are what he asked for."""
        ...

    def modalities(self, study: str) -> frozenset[str]:
        """Those of the study's series."""
        ...

    def count(self, study: str) -> int | None:
        """Instances of the study, counted series by series or one by one; None when the archive tells neither."""
        ...

    def retrieve(self, study: str) -> Retrieved:
        """Have all of it sent. Raises NotLetIn when the receiver does not take anything from us."""
        ...
