"""Two sorted streams side by side, in the memory of one item of each."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

_L = TypeVar("_L")
_R = TypeVar("_R")


class OutOfOrder(Exception):
    """A stream's keys do not ascend: what it is joined with would seem to be missing."""


def joined(
    left: Iterable[tuple[str, _L]], right: Iterable[tuple[str, _R]]
) -> Iterator[tuple[str, _L | None, _R | None]]:
    """Each key of either once, with what both have of it. Both ascend by their keys, in the order of code points,
    each key once; raises OutOfOrder else."""
    lefts, rights = _ascending(left), _ascending(right)
    one, other = next(lefts, None), next(rights, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None
            yield one[0], one[1], None
            one = next(lefts, None)
        elif one is None or other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(rights, None)
        else:
            yield one[0], one[1], other[1]
            one, other = next(lefts, None), next(rights, None)


_T = TypeVar("_T")


def _ascending(stream: Iterable[tuple[str, _T]]) -> Iterator[tuple[str, _T]]:
    before: str | None = None
    for key, item in stream:
        if before is not None and key <= before:
            raise OutOfOrder
        before = key
        yield key, item
