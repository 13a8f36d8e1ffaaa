"""Numbers out of a data set or a frame's functional groups; what cannot be read counts as not there."""

import math
from dataclasses import dataclass

from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Described:
    """One frame's attributes: its own functional groups, then the shared ones, then the data set (PS3.3 C.7.6.16)."""

    dataset: Dataset
    frame: int

    def sources(self, macro: str) -> tuple[Dataset, ...]:
        """Where to look for an attribute, nearest first. `macro`: keyword of the functional group that may hold it."""
        groups = (
            item(self.dataset, "PerFrameFunctionalGroupsSequence", self.frame),
            item(self.dataset, "SharedFunctionalGroupsSequence"),
        )
        inner = (item(group, macro) for group in groups if group is not None)
        return (*(found for found in inner if found is not None), self.dataset)

    def number(self, keyword: str, macro: str = "") -> float | None:
        """The first value of the attribute, wherever it is nearest."""
        for source in self.sources(macro):
            found = numbers(source, keyword)
            if found:
                return found[0]
        return None


def item(dataset: Dataset, keyword: str, index: int = 0) -> Dataset | None:
    """One item of a sequence, if there is one."""
    try:
        sequence = dataset.get(keyword) if keyword else None
        return sequence[index] if sequence is not None and index < len(sequence) else None
    except Exception:  # pydicom converts values when they are asked for, and raises whatever it meets there
        return None


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """All values as finite numbers; none of them when one is no number."""
    try:
        value = dataset.get(keyword)
        many = value if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
        found = [float(one) for one in many if one is not None]
    except Exception:  # as above
        return []
    return found if all(math.isfinite(one) for one in found) else []


def text(dataset: Dataset, keyword: str) -> str:
    """The value as text, in capitals; empty when there is none."""
    try:
        return str(dataset.get(keyword) or "").strip().upper()
    except Exception:  # as above
        return ""
