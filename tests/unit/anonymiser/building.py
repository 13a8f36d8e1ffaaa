"""Builds Part 10 objects element by element, so that tests can write what no toolkit would."""

from services.anonymiser.dataset.reading import read, syntax_of
from services.anonymiser.dataset.tree import Element, Item, find
from services.anonymiser.dataset.writing import part10
from services.anonymiser.engine import Cleaned, Context, Verdict, anonymise
from shared.dicom.identity import Pseudonyms

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED, RLE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
NATIVE = (IMPLICIT, EXPLICIT, BIG, DEFLATED)
MR, CT, SC = ("1.2.840.10008.5.1.4.1.1." + kind for kind in ("4", "2", "7"))
CONTEXT = Context("s1", Pseudonyms(bytes(range(32))))


def text(tag: int, vr: str, value: str) -> Element:
    return Element(tag, vr, value.encode("ascii"))


def sequence(tag: int, *items: Item) -> Element:
    return Element(tag, "SQ", items=items)


def instance(*extra: Element, sop_class: str = MR, syntax: str = EXPLICIT) -> bytes:
    """A small object with `extra` elements, which replace those that every object has."""
    common = (
        text(0x00080016, "UI", sop_class),
        text(0x00080018, "UI", "1.2.3.4.5"),
        text(0x00080060, "CS", "MR"),
        text(0x00100010, "PN", "Doe^Jane"),
        text(0x00100020, "LO", "4711-A"),
        text(0x0020000D, "UI", "1.2.3.4"),
        text(0x0020000E, "UI", "1.2.3.4.1"),
    )
    merged = {element.tag: element for element in (*common, *extra)}
    elements = tuple(merged[tag] for tag in sorted(merged))
    return part10(elements, syntax_of(syntax), sop_class, "1.2.3.4.5")


def verdict(data: bytes) -> Verdict:
    return anonymise(data, CONTEXT)


def cleaned(data: bytes) -> Cleaned:
    result = verdict(data)
    assert isinstance(result, Cleaned), result
    return result


def elements_of(result: Cleaned) -> Item:
    return read(result.part10)[1]


def value_of(result: Cleaned, tag: int) -> bytes | None:
    """The value without padding; None if the element is absent."""
    element = find(elements_of(result), tag)
    return None if element is None else element.value.rstrip(b" \0")
