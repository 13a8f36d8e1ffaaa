"""Reads the query of a search (PS3.18 8.3.4, 10.6) into typed conditions; refuses what it does not know."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.gateway.attributes import TAG, Attribute, Level, Matching, find, searchable, tag_of

UID = re.compile(r"[0-9.]{1,64}")
DATE = re.compile(r"\d{8}")
TIME = re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?")
NUMBER = re.compile(r"[+-]?\d{1,12}")


class QueryRefused(ValueError):
    """The query cannot be answered (400). Names the parameter when it is one of DICOM's; never its value."""


@dataclass(frozen=True, slots=True)
class Equal:
    """Single value matching (PS3.4 C.2.2.2.1)."""

    attribute: Attribute
    value: str


@dataclass(frozen=True, slots=True)
class Like:
    """Wild card matching with `*` and `?` (PS3.4 C.2.2.2.4)."""

    attribute: Attribute
    pattern: str


@dataclass(frozen=True, slots=True)
class Between:
    """Range matching (PS3.4 C.2.2.2.5), both ends included; None: open."""

    attribute: Attribute
    low: str | None
    high: str | None


@dataclass(frozen=True, slots=True)
class OneOf:
    """List of UID matching (PS3.4 C.2.2.2.2)."""

    attribute: Attribute
    values: tuple[str, ...]


Condition = Equal | Like | Between | OneOf


@dataclass(frozen=True, slots=True)
class Query:
    """One search: at which level, what must match, what to return.

    `within` is the level of the object that the URL's path narrows it to; `header_tags` are attributes
    (as in DICOM JSON) that have no column and come out of the header of an instance.
    """

    level: Level
    conditions: tuple[Condition, ...] = ()
    include: frozenset[Attribute] = frozenset()
    include_all: bool = False
    header_tags: frozenset[str] = frozenset()
    limit: int | None = None
    offset: int = 0
    fuzzy: bool = False
    within: Level | None = None


@dataclass(slots=True)
class _Reading:
    """What has been understood of a query so far."""

    level: Level
    conditions: list[Condition]
    include: set[Attribute]
    header_tags: set[str]
    options: dict[str, str]
    include_all: bool = False

    def take(self, name: str, value: str) -> None:
        match name.lower():
            case "includefield":
                for item in value.split(","):
                    self._include(item.strip())
            case "limit" | "offset" | "fuzzymatching" as option:
                self.options[option] = value
            case "accept" | "charset" | "emptyvaluematching" | "multiplevaluematching":
                pass
            case _:
                attribute = _attribute(name, self.level)
                self.include.add(attribute)
                self.conditions += [] if value in ("", "*") else [_condition(attribute, value)]

    def _include(self, name: str) -> None:
        if name in ("", "all"):
            self.include_all |= name == "all"
            return
        # A path into a sequence brings the whole sequence; a private or future tag has no value here, but is one.
        steps = [tag_of(step) or (step.upper() if TAG.fullmatch(step) else None) for step in name.split(".")]
        tag = steps[0]
        if tag is None or None in steps:
            raise QueryRefused("includefield names something that is not an attribute.")
        found = find(tag)
        if found is None:
            self.header_tags.add(tag)
        elif self.level.holds(found.level):
            self.include.add(found)


def read(level: Level, parameters: Iterable[tuple[str, str]], path: Mapping[str, str] | None = None) -> Query:
    """The query in the URL's `parameters`, narrowed by the UIDs of the URL's `path` (keyword to UID).

    Raises QueryRefused for an unknown attribute, one that is not indexed, or a malformed value.
    """
    path = path or {}
    given = [_uids(_attribute(keyword, level), uid) for keyword, uid in path.items()]
    reading = _Reading(level, given, set(), set(), {})
    for name, value in parameters:
        reading.take(name, value)
    return Query(
        level=level,
        conditions=tuple(reading.conditions),
        include=frozenset(reading.include),
        include_all=reading.include_all,
        header_tags=frozenset(reading.header_tags),
        limit=_count("limit", reading.options.get("limit")),
        offset=_count("offset", reading.options.get("offset")) or 0,
        fuzzy=_flag(reading.options.get("fuzzymatching")),
        within=_within(path),
    )


def _within(path: Mapping[str, str]) -> Level | None:
    if "SeriesInstanceUID" in path:
        return Level.SERIES
    return Level.STUDY if "StudyInstanceUID" in path else None


def _attribute(name: str, level: Level) -> Attribute:
    found = searchable(name, level)
    if found is not None:
        return found
    if "." in name:
        raise QueryRefused("Matching inside sequences (dotted names) is not supported.")
    if tag := tag_of(name):
        raise QueryRefused(f"Attribute {tag} cannot be searched for at the {level.value} level of this server.")
    raise QueryRefused("A query parameter is neither the keyword or tag of an attribute nor an option of the search.")


def _condition(attribute: Attribute, value: str) -> Condition:
    match attribute.matching:
        case Matching.UID:
            return _uids(attribute, value)
        case Matching.DATE:
            return _range(attribute, value, DATE)
        case Matching.TIME:
            return _range(attribute, value, TIME)
        case Matching.NUMBER:
            return Equal(attribute, _checked(attribute, value, NUMBER))
        case _:
            if len(value) > 256 or "\0" in value:
                raise QueryRefused(f"The value of {attribute.keyword} is too long or not text.")
            return Like(attribute, value) if "*" in value or "?" in value else Equal(attribute, value)


def _uids(attribute: Attribute, value: str) -> Condition:
    values = tuple(_checked(attribute, item.strip(), UID) for item in re.split(r"[,\\]", value))
    return Equal(attribute, values[0]) if len(values) == 1 else OneOf(attribute, values)


def _range(attribute: Attribute, value: str, form: re.Pattern[str]) -> Condition:
    low, dash, high = value.partition("-")
    if not dash:
        exact = _checked(attribute, low, form)
        return Between(attribute, exact, exact) if attribute.matching is Matching.TIME else Equal(attribute, exact)
    if not low and not high:
        raise QueryRefused(f"The range given for {attribute.keyword} has no end.")
    return Between(
        attribute,
        _checked(attribute, low, form) if low else None,
        _checked(attribute, high, form) if high else None,
    )


def _checked(attribute: Attribute, value: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(value) is None:
        raise _malformed(attribute)
    if attribute.matching is Matching.DATE:
        try:
            datetime.strptime(value, "%Y%m%d")
        except ValueError:
            raise _malformed(attribute) from None
    return value


def _malformed(attribute: Attribute) -> QueryRefused:
    return QueryRefused(f"The value of {attribute.keyword} does not have the form of its VR {attribute.vr}.")


def _count(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise QueryRefused(f"{name} is not a whole number.")
    return int(text)


def _flag(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise QueryRefused("fuzzymatching is neither true nor false.")
    return text == "true"
