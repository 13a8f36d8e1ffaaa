"""Dead letters as operators and the console see them: what became of each, and what they died of."""

from shared.letters.causes import Cause, Group, by_cause, cause_of
from shared.letters.fold import ZONES, Letter, Letters, State, Zone

__all__ = ["ZONES", "Cause", "Group", "Letter", "Letters", "State", "Zone", "by_cause", "cause_of"]
