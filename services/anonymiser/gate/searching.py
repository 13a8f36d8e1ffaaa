"""Many forms looked for in one text after the other: the time grows with forms and texts, not with their product."""

from collections.abc import Collection

from services.anonymiser.dataset.limits import UNHURRIED, Deadline

_FEW = 256
"""So many are sooner looked for one by one."""
_END = 16
"""Bytes at the end of a form by which it is found; UIDs of one device begin alike."""


class Index:
    """Forms, none of them empty, ready to be looked for."""

    __slots__ = ("_ends", "_forms")

    def __init__(self, forms: Collection[bytes]) -> None:
        self._forms = sorted(forms)
        self._ends: dict[int, dict[bytes, list[bytes]]] = {}
        for form in self._forms if len(forms) > _FEW else ():
            end = form[-_END:]
            self._ends.setdefault(len(end), {}).setdefault(end, []).append(form)

    def within(self, hay: bytes, deadline: Deadline = UNHURRIED) -> list[bytes]:
        """Those that stand in `hay`, in order. Raises BeyondLimits when `deadline` is over."""
        deadline.check()
        if not self._ends:
            return [form for form in self._forms if form in hay]
        found: list[bytes] = []
        for length, ends in self._ends.items():
            last = len(hay) - length + 1
            there = {end for at in range(last) if (end := hay[at : at + length]) in ends}
            for form in (form for end in there for form in ends[end]):
                deadline.check()
                if len(form) == length or form in hay:
                    found.append(form)
        return sorted(found)
