"""Ids that somebody types: whole, or their beginning (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

SHORTEST = 6
"""Characters of an id at least."""


class UnknownId(Exception):
    """There is nothing of that id."""


class AmbiguousId(Exception):
    """Several ids begin like that."""


def by_id(known: Iterable[T], wanted: Sequence[str], id_of: Callable[[T], str]) -> list[T]:
    """What each of `wanted` names, once. Raises UnknownId or AmbiguousId."""
    named = {id_of(one): one for one in known}
    return [named[found] for found in dict.fromkeys(_one(named, text.strip().lower()) for text in wanted)]


def _one(known: Iterable[str], beginning: str) -> str:
    if len(beginning) < SHORTEST:
        raise UnknownId(beginning)
    found = [one for one in known if one.startswith(beginning)]
    if not found:
        raise UnknownId(beginning)
    if len(found) > 1:
        raise AmbiguousId(beginning)
    return found[0]
