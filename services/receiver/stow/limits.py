"""How much one request may bring."""

from dataclasses import dataclass

MOST_PARTS = 20_000
"""In one request: each takes a place in the answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """In bytes: of one instance or bulk data, of the whole body, and of all metadata in it, which are in memory."""

    part: int
    request: int
    metadata: int


class TooLarge(Exception):
    """More than that."""
