"""How long to wait before the next try."""

import random

FIRST, LONGEST = 0.2, 5.0
"""Seconds."""


def backoff(attempt: int) -> float:
    """Seconds after the `attempt`-th failure (from 1): doubling up to five, with jitter so that workers spread."""
    longest: float = min(LONGEST, FIRST * 2 ** min(attempt - 1, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it
