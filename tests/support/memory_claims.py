"""Claims in memory. They pass tests/contract/test_claims.py like those in the database."""

from collections.abc import Iterable, Mapping

from shared.outcome import Fenced

Where = tuple[str, int]


class MemoryClaims:
    """As `shared.kafka.Claims`; several workers may share one."""

    def __init__(self) -> None:
        self.epochs: dict[Where, int] = {}

    def newest(self, partitions: Iterable[Where]) -> dict[Where, int]:
        return {where: self.epochs.get(where, 0) for where in partitions}

    def take(self, seen: Mapping[Where, int]) -> None:
        if self.newest(seen) != seen:
            raise Fenced
        self.epochs |= {where: epoch + 1 for where, epoch in seen.items()}
