"""Private elements that stay: those known to be safe, and those that a rule names (PS3.15 E.3.10; PS3.5 7.8.1)."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from services.anonymiser.dataset import text
from services.anonymiser.dataset.limits import LIMITS, BeyondLimits
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.dataset.vrs import BYTES_VRS, NUMBER_VRS
from services.anonymiser.dataset.walking import NotWalked, walk_sequence
from services.anonymiser.profile.decision import Decision
from services.anonymiser.profile.model import Act
from services.anonymiser.profile.options import Option
from services.anonymiser.standard.private import Private, disposition

_GROUP_REFERENCE, _CREATOR_REFERENCE, _STATUS = 0x00080301, 0x00080302, 0x00080303
_CHARACTERISTICS = 0x00080300
_ACTS = {"keep": Act.KEEP, "uid": Act.UID, "date": Act.SHIFT}
_CONTROL, _LETTER = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]"), re.compile(rb"[A-Za-z]")
_FIRST, _BLOCK = 0x1000, 0xFFFF00FF
"""The first element of a block, and what of a creator's tag says which block it reserves (PS3.5 Section 7.8.1)."""
_NOBODY = (None, None)
# Not by time, on which nothing may depend that comes out: whoever cleans looks at the clock.
_AT_LEISURE = replace(LIMITS, seconds=math.inf)
_SPOKEN = 6
"""Bytes; numbers of fewer are printable by chance too often."""


@dataclass(frozen=True, slots=True)
class Staying:
    """A private element that may stay, with what happens to it; `creator` is the element that reserves its block.

    `known`: a table says that it is safe; otherwise a rule of the profile wants it.
    """

    element: Element
    creator: Element
    decision: Decision
    known: bool = True


def staying(
    private: Sequence[Element],
    names: text.Encodings,
    *,
    little: bool,
    safe: bool,
    ruled: Callable[[int, str], Decision | None],
) -> Iterator[Staying]:
    """Of the `private` elements of one level those that a rule of the profile names, and if `safe` those that a table
    knows to be safe, when they are what the table says. One without a creator is nobody's, and goes.

    `little`: the byte order. In big endian nobody knows the order within a value that was sent as UN, so it goes.
    """
    creators = {
        element.tag & _BLOCK: (Element(element.tag, "LO", element.value), _name(element, names))
        for element in private
        if 0x10 <= element.tag & 0xFFFF <= 0xFF
    }
    for element in private:
        creator, name = creators.get(element.tag >> 8 & 0xFF | element.tag & 0xFFFF0000, _NOBODY)
        if creator is None or element.tag & 0xFFFF < _FIRST:
            continue
        decision = ruled(element.tag, element.vr)
        if decision is not None:
            if decision.act is not Act.REMOVE:
                yield Staying(element, creator, decision, known=False)
        elif safe and (found := _known(element, name, little)):
            seen, known = found
            act = Act.REDACT if known.text else _ACTS[known.action]
            yield Staying(seen, creator, Decision(act, known.source, Option.RETAIN_SAFE_PRIVATE))


def _name(creator: Element, names: text.Encodings) -> str | None:
    return text.decoded(creator.content, names) if creator.vr in ("LO", "UN") else None


def _known(element: Element, creator: str | None, little: bool) -> tuple[Element, Private] | None:
    known = disposition(creator, element.group, element.tag & 0xFF, element.vr) if creator else None
    if known is None or (element.vr == "UN" and not little) or not known.fits(element.value):
        return None
    seen = _seen(element, known.vr)
    return None if seen is None else (seen, known)


def characteristics(kept: list[Staying], *, little: bool) -> Element | None:
    """Private Data Element Characteristics Sequence (PS3.3 Section C.12.1): which blocks that were left are safe."""
    vouched = {_block(one) for one in kept} - {_block(one) for one in kept if not one.known}
    items = tuple(_described(group, creator, little) for group, creator in sorted(vouched) if creator)
    return Element(_CHARACTERISTICS, "SQ", items=items) if items else None


def _block(one: Staying) -> tuple[int, str]:
    return one.element.group, text.decoded(one.creator.content, text.DEFAULT) or ""


def _described(group: int, creator: str, little: bool) -> Item:
    return (
        Element(_GROUP_REFERENCE, "US", group.to_bytes(2, "little" if little else "big")),
        Element(_CREATOR_REFERENCE, "LO", creator.encode("ascii")),
        Element(_STATUS, "CS", b"SAFE"),
    )


def speaks(value: bytes) -> bool:
    """Whether the bytes of a number are words: somebody has used the element for something else than the table says."""
    words = value.rstrip(b" \0")
    plain = sum(map(_plain, words))
    return (
        len(words) >= _SPOKEN and 2 * plain > len(words) and not _CONTROL.search(words) and bool(_LETTER.search(words))
    )


def _plain(byte: int) -> bool:
    return 0x20 <= byte < 0x7F


def _seen(element: Element, vr: str) -> Element | None:
    """The element as the table's `vr` reads it; None when nobody can see what it holds: bytes, in which pixels or text
    may lie, or a sequence that is none."""
    if vr in BYTES_VRS or (vr == "SQ" and element.vr not in ("SQ", "UN")):
        return None
    if vr in NUMBER_VRS and speaks(element.content):
        return None
    if element.vr != "UN":
        return element
    if vr != "SQ":
        return Element(element.tag, vr, element.value)
    try:
        return Element(element.tag, "SQ", items=walk_sequence(element.value, _AT_LEISURE))
    except (NotWalked, BeyondLimits):
        return None
