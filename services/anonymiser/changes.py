"""What became of each attribute of an object and by which rule: for the person who owns the data."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.anonymiser.dataset import text
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.dataset.vrs import BYTES_VRS, CODE_VRS, TEXT_VRS
from services.anonymiser.profile.paths import shown
from services.anonymiser.profile.rules import Place

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute that is not as it was. `after` None: removed. Both are shortened for people."""

    attribute: str
    before: str
    after: str | None
    why: str


def between(original: Item, cleaned: Item, place: Place) -> Iterator[Change]:
    """The changes from `original` to `cleaned`, both of the data set that `place` is the top level of."""
    yield from _level(original, cleaned, place, (), text.DEFAULT, text.DEFAULT)


def _level(
    original: Item, cleaned: Item, place: Place, path: tuple[int, ...], before: text.Encodings, after: text.Encodings
) -> Iterator[Change]:
    before, after = text.declared(original, before), text.declared(cleaned, after)
    left = {element.tag: element for element in cleaned}
    for element in original:
        here = (*path, element.tag)
        decision = place.decide(element.tag, element.vr)
        now = left.pop(element.tag, None)
        if now is not None and element.vr == "SQ" and len(now.items) == len(element.items) > 0:
            below = place.below(element.tag, decision.mode)
            for one, other in zip(element.items, now.items, strict=True):
                yield from _level(one, other, below, here, before, after)
        elif now is None:
            yield Change(shown(here), _readable(element, before), None, decision.source)
        elif now.value != element.value and _trimmed(now) != _trimmed(element):
            yield Change(shown(here), _readable(element, before), _readable(now, after), decision.source)
    for element in left.values():
        yield Change(shown((*path, element.tag)), "", _readable(element, after), "tells what was done")


def _trimmed(element: Element) -> bytes:
    return element.content.rstrip(b" \0")


def _readable(element: Element, names: text.Encodings) -> str:
    if element.vr == "SQ":
        return f"{len(element.items)} item(s)"
    if element.vr in BYTES_VRS or element.vr not in TEXT_VRS | CODE_VRS:
        return f"{len(element.value)} bytes" if len(element.value) > 8 else element.content.hex(" ")
    value = text.decoded(element.content, names)
    value = element.content.decode("latin-1") if value is None else value
    value = "".join(letter if letter.isprintable() else "·" for letter in value.rstrip(" \0"))
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
