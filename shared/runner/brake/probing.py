"""A half-open brake: a few records are tried, and more when they go well (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.runner.brake.likelihood import DOUBTFUL, surprise

STEPS = (1, 8)
"""How many records each step tries."""


@dataclass(frozen=True, slots=True)
class Probing:
    """How far it has come: in `step`, `tried` records, of which `failed` for the reason of the brake."""

    step: int = 0
    tried: int = 0
    failed: int = 0

    @property
    def wanted(self) -> int:
        """How many records more this step tries."""
        return STEPS[self.step] - self.tried if self.step < len(STEPS) else 0

    @property
    def over(self) -> bool:
        """Whether all steps went well."""
        return self.step == len(STEPS)

    def doubtful(self, ordinary: float) -> bool:
        """Whether more failed than is ordinary: the cause is still there."""
        return self.tried > 0 and surprise(self.failed / self.tried, self.tried, ordinary) > DOUBTFUL

    def after(self, tried: int, failed: int) -> Probing:
        """With so many more."""
        return replace(self, tried=self.tried + tried, failed=self.failed + failed)

    def stepped(self) -> Probing:
        """The next step, when this one is done."""
        return Probing(self.step + 1) if self.wanted <= 0 else self
