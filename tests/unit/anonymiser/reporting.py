"""Builds structured reports item by item (PS3.3 Section C.17.3), and reads them back."""

from collections.abc import Iterator

from services.anonymiser.dataset.tree import Element, Item, find, word
from services.anonymiser.engine import Cleaned
from tests.unit.anonymiser.building import cleaned, elements_of, instance, sequence, text

COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
CONTENT, TEXT_VALUE, NUMBER = 0x0040A730, 0x0040A160, 0x0040A30A
DATE_TIME, DATE, TIME, NAME, UID = 0x0040A120, 0x0040A121, 0x0040A122, 0x0040A123, 0x0040A124
CONCEPT_NAME, CONCEPT_CODE, MEASURED = 0x0040A043, 0x0040A168, 0x0040A300
_TYPES = {
    TEXT_VALUE: ("TEXT", "UT"),
    DATE_TIME: ("DATETIME", "DT"),
    DATE: ("DATE", "DA"),
    TIME: ("TIME", "TM"),
    NAME: ("PNAME", "PN"),
    UID: ("UIDREF", "UI"),
}


def code(value: str, scheme: str, meaning: str, version: str = "") -> Item:
    given = {0x00080100: ("SH", value), 0x00080102: ("SH", scheme), 0x00080103: ("SH", version)}
    given[0x00080104] = ("LO", meaning)
    return tuple(text(tag, vr, said) for tag, (vr, said) in given.items() if said)


FINDING = code("121071", "DCM", "Finding")
MILLIMETRE = code("mm", "UCUM", "millimeter")


def _item(kind: str, concept: Item, *values: Element, children: tuple[Item, ...] = ()) -> Item:
    elements = [
        text(0x0040A010, "CS", "CONTAINS"),
        text(0x0040A040, "CS", kind),
        sequence(CONCEPT_NAME, concept),
        *values,
    ]
    if children:
        elements.append(sequence(CONTENT, *children))
    return tuple(sorted(elements, key=lambda element: element.tag))


def valued(tag: int, concept: Item, value: str, *children: Item) -> Item:
    """An item of the type that has its value in `tag`."""
    kind, vr = _TYPES[tag]
    return _item(kind, concept, text(tag, vr, value), children=children)


def coded(concept: Item, value: Item, *children: Item) -> Item:
    return _item("CODE", concept, sequence(CONCEPT_CODE, value), children=children)


def number(concept: Item, value: str, units: Item = MILLIMETRE, *more: Element) -> Item:
    measured = (sequence(0x004008EA, units), *more, text(NUMBER, "DS", value))
    ordered = tuple(sorted(measured, key=lambda element: element.tag))
    return _item("NUM", concept, sequence(MEASURED, ordered))


def container(concept: Item, *children: Item) -> Item:
    return _item("CONTAINER", concept, text(0x0040A050, "CS", "SEPARATE"), children=children)


def report(*items: Item, extra: tuple[Element, ...] = ()) -> bytes:
    """A Comprehensive SR with these items at its root."""
    root = (
        text(0x00080060, "CS", "SR"),
        text(0x0040A040, "CS", "CONTAINER"),
        sequence(CONCEPT_NAME, code("126000", "DCM", "Imaging Measurement Report")),
        text(0x0040A050, "CS", "SEPARATE"),
        sequence(CONTENT, *items),
    )
    return instance(*root, *extra, sop_class=COMPREHENSIVE_SR)


def items_of(result: Cleaned) -> tuple[Item, ...]:
    """The items at the root of a cleaned report."""
    content = find(elements_of(result), CONTENT)
    assert content is not None
    return content.items


def only(*items: Item, profile: str = "research") -> Item:
    """The first item of a report of these, cleaned."""
    return items_of(cleaned(report(*items), profile))[0]


def value_in(item: Item, tag: int) -> str:
    return word(item, tag)


def code_in(item: Item, tag: int) -> tuple[str, str, str]:
    """Value, scheme and meaning of the code in a sequence of an item."""
    element = find(item, tag)
    assert element is not None
    (inner,) = element.items
    return word(inner, 0x00080100), word(inner, 0x00080102), word(inner, 0x00080104)


def number_in(item: Item) -> str:
    measured = find(item, MEASURED)
    assert measured is not None
    return word(measured.items[0], NUMBER)


def shape(items: tuple[Item, ...]) -> Iterator[tuple[str, str, int]]:
    """Relationship, value type and number of children of every item, in order."""
    for item in items:
        content = find(item, CONTENT)
        children = content.items if content else ()
        yield word(item, 0x0040A010), word(item, 0x0040A040), len(children)
        yield from shape(children)
