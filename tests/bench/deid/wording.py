"""What a data set is worded with: templates, names, forms of dates; those of the first set, or those held out."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
LISTS = HERE / "lists"
PHRASES = "phrases.yaml"
NAMES = ("given", "family", "towns", "institutions", "streets", "occupations", "dates")
"""Lists that every set may have of its own."""

Phrase = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """The set in `folder`, which has phrases of its own; a list that it lacks is that of the first set."""

    name: str
    folder: Path

    @property
    def there(self) -> bool:
        return (self.folder / PHRASES).exists()

    @property
    def told(self) -> str:
        """Its name; for others than the first, with which lists are its own."""
        own = [name for name in NAMES if (self.folder / f"{name}.txt").exists()]
        return self.name if self.folder == LISTS else f"{self.name} (own: {', '.join(('phrases', *own))})"

    def entries(self, name: str) -> tuple[str, ...]:
        """The lines of a list of `NAMES` that are no comments."""
        own = self.folder / f"{name}.txt"
        return lines(own if own.exists() else LISTS / own.name)

    @property
    def phrases(self) -> dict[str, list[Phrase]]:
        """All templates by kind."""
        return _templates(self.folder / PHRASES)


@cache
def lines(path: Path) -> tuple[str, ...]:
    """Those that are no comments."""
    found = path.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in found if line and not line.startswith("#"))


@cache
def _templates(path: Path) -> dict[str, list[Phrase]]:
    loaded: dict[str, list[Phrase]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


FIRST = Wording("first", LISTS)
HELD_OUT = Wording("held-out", HERE / "held_out")
WORDINGS = {one.name: one for one in (FIRST, HELD_OUT)}
