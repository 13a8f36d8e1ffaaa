"""Private elements that are known to be safe (PS3.15 Section E.3.10; PS3.5 Section 7.8.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.anonymiser.dataset import text
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.dataset.vrs import BYTES_VRS
from services.anonymiser.standard.private import Private, disposition

_GROUP_REFERENCE, _CREATOR_REFERENCE, _STATUS = 0x00080301, 0x00080302, 0x00080303
_CHARACTERISTICS = 0x00080300


@dataclass(frozen=True, slots=True)
class Kept:
    """A private element that stays, with what is known of it; `creator` is the element that reserves its block."""

    element: Element
    creator: Element
    known: Private


def safe(elements: Item, names: text.Encodings) -> Iterator[Kept]:
    """The private elements of this level that a table knows to be safe, when they are what the table says."""
    creators = {
        (element.group, element.tag & 0xFFFF): element
        for element in elements
        if element.group & 1 and 0x10 <= element.tag & 0xFFFF <= 0xFF
    }
    for element in elements:
        block = (element.group, (element.tag & 0xFFFF) >> 8)
        if not element.group & 1 or block not in creators:
            continue
        creator = creators[block]
        name = text.decoded(creator.content, names) if creator.vr in ("LO", "UN") else None
        known = disposition(name, element.group, element.tag & 0xFF, element.vr) if name else None
        if known and _looked_into(element, known) and known.fits(element.value):
            yield Kept(_named(element, known.vr), _named(creator, "LO"), known)


def characteristics(kept: list[Kept]) -> Element | None:
    """Private Data Element Characteristics Sequence (PS3.3 Section C.12.1): the blocks that were left are safe."""
    blocks = sorted({(one.element.group, text.decoded(one.creator.content, text.DEFAULT) or "") for one in kept})
    items = tuple(_described(group, creator) for group, creator in blocks if creator)
    return Element(_CHARACTERISTICS, "SQ", items=items) if items else None


def _described(group: int, creator: str) -> Item:
    return (
        Element(_GROUP_REFERENCE, "US", group.to_bytes(2, "little")),
        Element(_CREATOR_REFERENCE, "LO", creator.encode("ascii")),
        Element(_STATUS, "CS", b"SAFE"),
    )


def _looked_into(element: Element, known: Private) -> bool:
    """Whether somebody can see what it holds: not bytes, in which pixels or text may lie, nor a sequence that is sent
    as one piece of them."""
    return known.vr not in BYTES_VRS and (known.vr != "SQ" or element.vr == "SQ")


def _named(element: Element, vr: str) -> Element:
    return element if element.vr != "UN" else Element(element.tag, vr, element.value)
