"""What an object knows of the people and places behind it, gathered from every depth of its data set."""

from collections.abc import Iterable, Iterator

from services.anonymiser.dataset import text
from services.anonymiser.dataset.limits import UNHURRIED, Deadline
from services.anonymiser.dataset.tree import Element, Item, word
from services.anonymiser.descriptors.attributes import (
    CODE_MEANINGS,
    CODE_VALUES,
    FACT_VRS,
    FACTS,
    IDENTITY_SEQUENCES,
    Fact,
)
from services.anonymiser.standard.concepts import SCHEME, Asks, asks, published

_TEXT_VRS = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
_TEXT_VALUE, _DATE_VALUE, _CODE_VALUE, _SCHEME_OWNER = 0x0040A160, 0x0040A121, 0x0040A168, 0x00080116
# What stands beside these concepts in a content tree (PS3.3 Section C.17.3) is a fact as well.
_ASKED = {
    Asks.NAME: Fact.NAME,
    Asks.NUMBER: Fact.NUMBER,
    Asks.PLACE: Fact.PLACE,
    Asks.BIRTH: Fact.BIRTH,
    Asks.DEVICE: Fact.LABEL,
}
_MOST_BYTES = 4096
_DAY = 8

Written = tuple[Fact, text.Encodings, bytes]
"""A value as it stands in the object, with the character sets that it is in."""


def gathered(elements: Item, deadline: Deadline = UNHURRIED) -> tuple[Written, ...]:
    """All values that identify, each once, in an order that depends on the data set alone.

    Raises BeyondLimits when `deadline` is over.
    """
    found: dict[Written, None] = {}
    _gather(elements, text.DEFAULT, deadline, within_identity=False, found=found)
    return tuple(found)


def _gather(
    elements: Item,
    names: text.Encodings,
    deadline: Deadline,
    *,
    within_identity: bool,
    found: dict[Written, None],
) -> None:
    deadline.check()
    names = text.declared(elements, names)
    for element in elements:
        tag = element.tag
        if element.items:
            identity = within_identity or tag in IDENTITY_SEQUENCES or (tag == _CODE_VALUE and asks(elements) in _ASKED)
            for item in element.items:
                _gather(item, names, deadline, within_identity=identity, found=found)
            continue
        fact = FACTS.get(tag) or FACT_VRS.get(element.vr) or (_of_identity(element) if within_identity else None)
        if tag in (_TEXT_VALUE, _DATE_VALUE) and (asked := asks(elements)):
            fact = _ASKED.get(asked, fact)
        if fact and element.value and len(element.value) <= _MOST_BYTES and not _keeps_a_scheme(tag, elements):
            found[_written(fact, names, bytes(element.value))] = None


def _keeps_a_scheme(tag: int, elements: Item) -> bool:
    """Whether it is the owner of a published coding scheme: SNOMED International, Regenstrief Institute."""
    return tag == _SCHEME_OWNER and published(word(elements, SCHEME))


def _written(fact: Fact, names: text.Encodings, value: bytes) -> Written:
    if fact is Fact.DATE_TIME:
        # The time of day differs from instance to instance.
        return Fact.DATE, text.DEFAULT, b"\\".join(one.lstrip()[:_DAY] for one in value.split(b"\\"))
    return fact, names if not value.isascii() or b"\x1b" in value else text.DEFAULT, value


def _of_identity(element: Element) -> Fact | None:
    if element.tag in CODE_VALUES:
        return Fact.NUMBER
    if element.tag in CODE_MEANINGS:
        return Fact.PLACE
    return Fact.LABEL if element.vr in _TEXT_VRS else None


def values(written: Iterable[Written]) -> Iterator[tuple[Fact, str]]:
    """What they say, in every reading where the character set is not certain; one value at a time."""
    for fact, names, value in written:
        for reading in text.readings(value, names):
            for one in reading.split("\\"):
                if one.strip(" \0"):
                    yield fact, one.strip(" \0")
