"""Attribute paths as people write them in profiles: '(0040,A730)/(0040,A160)', 'PatientAge', '(0018,xxxx)'."""

import re
from dataclasses import dataclass

from pydicom.datadict import keyword_for_tag, tag_for_keyword

_TAG = re.compile(r"\(([0-9A-Fa-fxX]{4}),([0-9A-Fa-fxX]{4})\)")


@dataclass(frozen=True, slots=True)
class PathPattern:
    """Matches the end of a path, or all of it when it began with '/'. An 'x' stands for any hexadecimal digit."""

    steps: tuple[str, ...]
    anchored: bool

    def matches(self, path: tuple[int, ...]) -> bool:
        """Whether `path` (tags of the sequences, then the tag) is meant."""
        if len(path) < len(self.steps) or (self.anchored and len(path) != len(self.steps)):
            return False
        return all(_fits(step, tag) for step, tag in zip(self.steps, path[-len(self.steps) :], strict=True))

    def ends(self, tag: int) -> bool:
        """Whether the attribute itself, without its path, may be `tag`."""
        return _fits(self.steps[-1], tag)

    @property
    def several(self) -> bool:
        """Whether it may mean several attributes."""
        return "x" in self.steps[-1]


def parsed(text: str) -> PathPattern:
    """The pattern in `text`. Raises ValueError for a word that is neither a tag nor a keyword of PS3.6."""
    anchored = text.startswith("/")
    return PathPattern(tuple(_step(word) for word in text.strip("/").split("/")), anchored)


def shown(path: tuple[int, ...]) -> str:
    """`path` for people: '(0040,A730)/(0040,A160) TextValue'."""
    tags = "/".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in path)
    keyword = keyword_for_tag(path[-1]) if path else ""
    return f"{tags} {keyword}".rstrip()


def _step(word: str) -> str:
    if match := _TAG.fullmatch(word.strip()):
        return (match[1] + match[2]).upper().replace("X", "x")
    tag = tag_for_keyword(word.strip()) if word.strip() else None  # some retired tags have no keyword
    if tag is None:
        raise ValueError(f"neither a tag such as (0010,0010) nor a keyword of the dictionary: {word!r}")
    return f"{tag:08X}"


def _fits(step: str, tag: int) -> bool:
    if "x" not in step:
        return int(step, 16) == tag
    return all(wanted in ("x", digit) for wanted, digit in zip(step, f"{tag:08X}", strict=True))
