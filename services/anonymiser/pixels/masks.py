"""Known layouts: where devices write into their pictures, in our own YAML, as data of the project and of a site."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydicom.datadict import dictionary_VR, tag_for_keyword

from services.anonymiser.dataset.tree import Item, Syntax, find
from services.anonymiser.pixels.boxes import Box

_TESTS: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda wanted, value: wanted.casefold() in {one.strip().casefold() for one in value.split("\\")},
    "contains": lambda wanted, value: wanted.casefold() in value.casefold(),
    "matches": lambda wanted, value: re.search(wanted, value, re.IGNORECASE) is not None,
}
_NUMBERS = {"US": (2, False), "SS": (2, True), "UL": (4, False), "SL": (4, True)}
_KEYS = {"edition", "sources", "layouts"}
_LAYOUT_KEYS = {"name", "source", "when", "blank"}


class MalformedLayouts(Exception):
    """The document is not what layouts look like; the message says where and why, and quotes only the document."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute (`tag`, `vr`), how it is compared, and with what: any of `wanted`."""

    tag: int
    vr: str
    test: str
    wanted: tuple[str, ...]

    def holds(self, elements: Item, syntax: Syntax) -> bool:
        value = _text(elements, self.tag, self.vr, syntax)
        return value is not None and any(_TESTS[self.test](wanted, value) for wanted in self.wanted)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the pictures of one kind of device carry text: all `conditions` hold."""

    name: str
    source: str
    conditions: tuple[Condition, ...]
    boxes: tuple[Box, ...]

    def fits(self, elements: Item, syntax: Syntax) -> bool:
        return all(condition.holds(elements, syntax) for condition in self.conditions)


def masked(elements: Item, syntax: Syntax, layouts: Iterable[Layout]) -> tuple[Box, ...]:
    """The boxes of all layouts that fit the object."""
    return tuple(box for layout in layouts if layout.fits(elements, syntax) for box in layout.boxes)


@cache
def shipped() -> tuple[Layout, ...]:
    """The layouts of the project."""
    return parsed(files(__package__).joinpath("data", "layouts.yaml").read_text("utf-8"))


def parsed(document: str) -> tuple[Layout, ...]:
    """The layouts of a YAML document. Raises MalformedLayouts."""
    try:
        content = yaml.safe_load(document)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise MalformedLayouts(f"no YAML{f', line {mark.line + 1}' if mark else ''}") from None
    whole = _mapping(content, "the document", _KEYS, {"layouts"})
    sources = _mapping(whole.get("sources", {}), "sources", None, set())
    layouts = whole["layouts"]
    if not isinstance(layouts, list):
        raise MalformedLayouts("layouts: not a list")
    made = tuple(_layout(entry, f"layouts[{number}]", set(sources)) for number, entry in enumerate(layouts))
    names = [layout.name for layout in made]
    for name in names:
        if names.count(name) > 1:
            raise MalformedLayouts(f"layouts: the name {name!r} stands twice")
    return made


def _layout(entry: object, where: str, sources: set[str]) -> Layout:
    content = _mapping(entry, where, _LAYOUT_KEYS, {"name", "when", "blank"})
    name, source = content["name"], content.get("source", "")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise MalformedLayouts(f"{where}.name: small letters, digits and hyphens")
    if source and source not in sources:
        raise MalformedLayouts(f"{where}.source: not among the sources")
    when = _mapping(content["when"], f"{where}.when", None, set())
    if not when:
        raise MalformedLayouts(f"{where}.when: no condition, so it would fit everything")
    conditions = tuple(
        condition for keyword, tests in when.items() for condition in _conditions(keyword, tests, f"{where}.when")
    )
    return Layout(name, str(source), conditions, _boxes(content["blank"], f"{where}.blank"))


def _conditions(keyword: object, tests: object, where: str) -> tuple[Condition, ...]:
    tag = tag_for_keyword(keyword) if isinstance(keyword, str) else None
    if tag is None or tag >> 16 == 0x0002:
        raise MalformedLayouts(f"{where}: {keyword!r} is no keyword of a data set (PS3.6)")
    vr = dictionary_VR(tag)
    if vr == "SQ":
        raise MalformedLayouts(f"{where}.{keyword}: a sequence has no value to compare")
    found = _mapping(tests, f"{where}.{keyword}", set(_TESTS), set())
    if not found:
        raise MalformedLayouts(f"{where}.{keyword}: one of {', '.join(sorted(_TESTS))}")
    return tuple(Condition(tag, vr, test, _wanted(test, value, f"{where}.{keyword}")) for test, value in found.items())


def _wanted(test: str, value: object, where: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or any(
        isinstance(one, bool) or not isinstance(one, str | int | float) or one == "" for one in values
    ):
        raise MalformedLayouts(f"{where}.{test}: text or numbers (YES and NO in quotes)")
    wanted = tuple(str(one) for one in values)
    if test == "matches":
        for pattern in wanted:
            try:
                re.compile(pattern)
            except re.error:
                raise MalformedLayouts(f"{where}.matches: {pattern!r} is no regular expression") from None
    return wanted


def _boxes(content: object, where: str) -> tuple[Box, ...]:
    if not isinstance(content, list) or not content:
        raise MalformedLayouts(f"{where}: a list of [left, top, width, height]")
    return tuple(_box(one, f"{where}[{number}]") for number, one in enumerate(content))


def _box(content: object, where: str) -> Box:
    numbers = content if isinstance(content, list) else []
    if len(numbers) != 4 or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in numbers):
        raise MalformedLayouts(f"{where}: [left, top, width, height], whole numbers from 0 on")
    left, top, width, height = numbers
    if not (width and height):
        raise MalformedLayouts(f"{where}: without width or height nothing is blanked")
    return Box(left, top, left + width, top + height)


def _mapping(content: object, where: str, allowed: set[str] | None, needed: set[str]) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise MalformedLayouts(f"{where}: not a mapping")
    unknown = sorted(str(key) for key in content if allowed is not None and key not in allowed)
    if unknown:
        raise MalformedLayouts(f"{where}: unknown {', '.join(unknown)}")
    missing = sorted(needed - set(content))
    if missing:
        raise MalformedLayouts(f"{where}: {', '.join(missing)} missing")
    return content


def _text(elements: Item, tag: int, vr: str, syntax: Syntax) -> str | None:
    """The value as text, several ones with backslashes; None when the element is absent or empty."""
    element = find(elements, tag)
    if element is None or not len(element.value):
        return None
    value = bytes(element.value)
    if vr in _NUMBERS:
        size, signed = _NUMBERS[vr]
        order = "little" if syntax.little else "big"
        parts = [value[at : at + size] for at in range(0, len(value) - size + 1, size)]
        return "\\".join(str(int.from_bytes(part, order, signed=signed)) for part in parts)  # type: ignore[arg-type]
    return value.decode("latin-1").strip(" \0")
