"""Who acts."""

from __future__ import annotations

LONGEST = 128
"""Characters of a name in the audit."""


def named(given: str | None, system: str) -> str:
    """Who acts: the name that somebody gives, never without the one that the system knows."""
    if given in (None, "", system):
        return system[:LONGEST]
    known = f" ({system[: LONGEST // 2]})"
    return f"{given}"[: LONGEST - len(known)] + known
