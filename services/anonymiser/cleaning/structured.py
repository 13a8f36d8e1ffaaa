"""Coded entries (PS3.3 Section 8) and items of content trees (C.17.3): what a code says about the value beside it."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache

from services.anonymiser.dataset.tree import Element, Item, find, word, words
from services.anonymiser.profile.decision import Decision, Mode
from services.anonymiser.profile.model import Act
from services.anonymiser.profile.options import Option
from services.anonymiser.standard.concepts import (
    CODE_MEANING,
    CODE_VALUE,
    CONCEPT_NAME,
    LONG_CODE_VALUE,
    SCHEME,
    URN_CODE_VALUE,
    Asks,
    asks,
    listed,
    numbered,
    of_a_maker,
    published,
)

Names = Callable[[str, int], bool]
"""Whether a code holds what the object knows of somebody, of so many letters or digits at least."""

Decisions = Mapping[int, Decision]
"""What happens to some attributes of one item, whatever is decided of them elsewhere."""

TEXT_VALUE, CONCEPT_CODE, MEASURED_VALUE, NUMERIC_VALUE = 0x0040A160, 0x0040A168, 0x0040A300, 0x0040A30A
_DATE_TIME, _DATE, _TIME, _SCHEME_VERSION = 0x0040A120, 0x0040A121, 0x0040A122, 0x00080103
_SCHEME_NAME, _SCHEME_OWNER = 0x00080115, 0x00080116
_OTHER_NUMBERS = frozenset({0x0040A161, 0x0040A162, 0x0040A163})
_UNITS = 0x004008EA
_VALUES = (CODE_VALUE, LONG_CODE_VALUE, URN_CODE_VALUE)
FILLED = frozenset({TEXT_VALUE, _DATE_TIME, _DATE, _TIME, CODE_VALUE, SCHEME, CODE_MEANING})
"""Without a value the item says nothing and is invalid (PS3.3 Tables 8.8-1 and C.17.3-1 ff.)."""

NOTHING: Decisions = {}
_OWN_SCHEME = "a code of somebody's own scheme"
_SAID = "PS3.16: the concept of the item asks for "
_CODE_OF_A_DEVICE: Decisions = dict.fromkeys(
    (*_VALUES, SCHEME, _SCHEME_VERSION, CODE_MEANING),
    Decision(Act.KEEP, "a code of a published scheme, of a device that is retained"),
)
_WELL_FORMED = re.compile(r"(?=.*[^A-Za-z])[!-\[\]_-~]{1,64}|[A-Za-z]{1,11}", re.ASCII)
_SHORT_NAME, _LONG_NAME = 3, 4
"""Letters of a name (or digits, of which fewer are not looked for) from which on it is none of the codes of numbers,
and of those in which units and languages have letters, too."""
_OWN_CODE = re.compile(r"[A-Za-z]{0,8}[-_.:]?\d{1,6}([-_.]\w{1,4}){0,3}", re.ASCII)
_VERSION = re.compile(r"([A-Za-z]{0,8}[-_. ]?)?[\d._-]{1,10}[A-Za-z]?", re.ASCII)
# Concepts that no published scheme has, by their words: what stands beside them is a name or a number of somebody.
_WHO = re.compile(
    r"\b(observer|physician|doctor|radiologist|operator|sonographer|technologist|technician|nurse|author|performer)"
    r"(('s)? (name|id|identifier|number|login|address|phone|organi[sz]ation( name)?))?\s*$"
    r"|\b(patient|subject|person)('s)? (name|id|identifier|number|address|phone|(date of )?birth|birth ?date)\b"
    r"|\b(institution|hospital|clinic|organi[sz]ation|accession)( (name|number|address))?\s*$",
    re.IGNORECASE,
)
_DAYS = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25}


def of_item(item: Item, options: Collection[Option]) -> Decisions:
    """What becomes of the value of a content item, as far as its concept name decides it. `options` of the profile."""
    asked = asks(item)
    if asked is None:
        return _HIDDEN[Asks.NAME] if _asks_in_words(item) else NOTHING
    if asked is Asks.DEVICE and Option.RETAIN_DEVICE_IDENTITY in options:
        return _DEVICE
    if asked is Asks.TECHNICAL:
        return _TECHNICAL
    retained = asked in (Asks.AGE, Asks.CHARACTERISTIC) and Option.RETAIN_PATIENT_CHARACTERISTICS in options
    return NOTHING if retained else _HIDDEN[asked]


def without_numbers(item: Item, decisions: Decisions, cap: int | None) -> Item:
    """`item` with one form of its number only, where another would keep what is hidden; ages above `cap` (years)
    are one year more."""
    measured = find(item, MEASURED_VALUE)
    if measured is None:
        return item
    if MEASURED_VALUE not in decisions:
        if cap is None or asks(item) is not Asks.AGE:
            return item
        measured = replace(measured, items=tuple(_capped(value, cap) for value in measured.items))
    else:
        measured = replace(measured, items=tuple(_one_form(value) for value in measured.items))
    return tuple(measured if element.tag == MEASURED_VALUE else element for element in item)


def of_code(item: Item, *, clean: bool, wholly: Callable[[Element | None], bool], names: Names) -> Decisions:
    """What becomes of a code. `clean`: meanings that are nobody's standard are cleaned; `wholly`: whether such a
    meaning would stay to the last word, which tells that the code stands for nobody's name either.

    The sender says which scheme it is: only a code that PS3.16 lists is not asked whom it `names`.
    """
    scheme, values = _scheme_and_values(item)
    if not scheme and not values:
        return NOTHING
    if published(scheme) and all(_of_all(scheme, value, names) for value in values):
        return _published(Act.DUMMY if names(_said(item, _SCHEME_VERSION), _LONG_NAME) else Act.KEEP)
    known = scheme == "L" or published(scheme) or of_a_maker(scheme)
    stays = all(_OWN_CODE.fullmatch(value) and not names(value, _SHORT_NAME) for value in values)
    stays = stays and (of_a_maker(scheme) or wholly(find(item, CODE_MEANING)))
    return _own(known=known, stays=stays, clean=clean, version=_version(item, names))


def of_device(item: Item) -> Decisions:
    """What becomes of a code that says which device it was, where that is retained: a private scheme's stays too if it
    has the form of one. What the site says in words beside it is cleaned (Mode.DEVICE)."""
    scheme, values = _scheme_and_values(item)
    if published(scheme) and all(_WELL_FORMED.fullmatch(value) for value in values):
        return _CODE_OF_A_DEVICE
    given = {tag: _said(item, tag) for tag in (*_VALUES, SCHEME)}
    odd = [tag for tag, said in given.items() if said and not _WELL_FORMED.fullmatch(said)]
    return _of_device(tuple(odd), _version(item))


@cache
def _of_device(odd: tuple[int, ...], version: Act) -> Decisions:
    return {
        **dict.fromkeys(odd, Decision(Act.CODE, _OWN_SCHEME)),
        _SCHEME_VERSION: Decision(version, _OWN_SCHEME),
    }


def _scheme_and_values(item: Item) -> tuple[str, list[str]]:
    return _said(item, SCHEME), [found for tag in _VALUES if (found := _said(item, tag))]


def _said(item: Item, tag: int) -> str:
    """All that stands there, should it be several values where there is one."""
    return "\\".join(words(item, tag))


def _of_all(scheme: str, value: str, names: Names) -> bool:
    """Whether a code of a published scheme means the same everywhere."""
    if listed(scheme, value):
        return True
    return bool(_WELL_FORMED.fullmatch(value)) and not names(value, _SHORT_NAME if numbered(scheme) else _LONG_NAME)


def _version(item: Item, names: Names = lambda *_: False) -> Act:
    version = _said(item, _SCHEME_VERSION)
    return Act.KEEP if _VERSION.fullmatch(version) and not names(version, _SHORT_NAME) else Act.DUMMY


@cache
def _published(version: Act) -> Decisions:
    acts = {
        **dict.fromkeys((*_VALUES, SCHEME), Act.KEEP),
        _SCHEME_VERSION: version,
        **dict.fromkeys((CODE_MEANING, _SCHEME_NAME, _SCHEME_OWNER), Act.REDACT),
    }
    return {tag: Decision(act, "a code of a published scheme") for tag, act in acts.items()}


@cache
def _own(*, known: bool, stays: bool, clean: bool, version: Act) -> Decisions:
    return {
        **dict.fromkeys(_VALUES, Decision(Act.KEEP if stays else Act.CODE, _OWN_SCHEME)),
        SCHEME: Decision(Act.KEEP if known else Act.CODE, _OWN_SCHEME),
        _SCHEME_VERSION: Decision(version, _OWN_SCHEME),
        _SCHEME_OWNER: Decision(Act.EMPTY, _OWN_SCHEME),
        **dict.fromkeys((CODE_MEANING, _SCHEME_NAME), Decision(Act.CLEAN if clean else Act.REDACT, _OWN_SCHEME)),
    }


def _hidden(asked: Asks) -> Decisions:
    said = _SAID + asked.value
    values = dict.fromkeys((TEXT_VALUE, _DATE_TIME, _DATE, _TIME), Decision(Act.DUMMY, said))
    return values | dict.fromkeys((CONCEPT_CODE, MEASURED_VALUE), Decision(Act.KEEP, said, mode=Mode.DUMMY))


_HIDDEN = {asked: _hidden(asked) for asked in Asks}
_DEVICE: Decisions = {
    TEXT_VALUE: Decision(Act.KEEP, _SAID + Asks.DEVICE.value, Option.RETAIN_DEVICE_IDENTITY),
}
_TECHNICAL: Decisions = {TEXT_VALUE: Decision(Act.REDACT, _SAID + Asks.TECHNICAL.value)}


def _asks_in_words(item: Item) -> bool:
    name = find(item, CONCEPT_NAME)
    if name is None or not name.items or published(word(name.items[0], SCHEME)):
        return False
    return bool(_WHO.search(word(name.items[0], CODE_MEANING)))


def _one_form(value: Item) -> Item:
    return tuple(element for element in value if element.tag not in _OTHER_NUMBERS)


def _capped(value: Item, cap: int) -> Item:
    """The age in an item of Measured Value Sequence in one form, by its unit (UCUM: a, mo, wk, d); years if it has
    none."""
    units = find(value, _UNITS)
    unit = word(units.items[0], CODE_VALUE) if units and units.items else "a"
    days = _DAYS.get(unit, _DAYS["a"])
    most = (cap + 1) * _DAYS["a"] / days
    left = "\\".join(_at_most(number, most) for number in words(value, NUMERIC_VALUE)).encode("ascii")
    return tuple(replace(one, value=left) if one.tag == NUMERIC_VALUE else one for one in _one_form(value))


def _at_most(number: str, most: float) -> str:
    """`number` (DS), or `most` if it is more. What is no number is told elsewhere."""
    try:
        return number if float(number) < most else f"{round(most)}"
    except ValueError:
        return number
