"""A data set as plain values: what reading makes, cleaning changes, and writing and the header take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR

BULK_BYTES = 65536
"""A value of more bytes than this, where PS3.6 expects no text, is a view of the input and not a copy of it."""

# A plain dict, so that most elements cost one look-up.
PUBLIC_VRS: dict[int, str] = {tag: entry[0] for tag, entry in DicomDictionary.items() if entry[0] != "NONE"}


@dataclass(slots=True)
class Element:
    """One data element (PS3.5 Section 7.1). `value` holds the bytes as they stand in the transfer syntax.

    `vr` has two letters, also in implicit VR; UN if nobody knows. A sequence has `items` and no value. The value of an
    `encapsulated` one is its items with their headers, without the sequence delimiter (PS3.5 Section A.4).
    A large `value` may be a memoryview of the input, see BULK_BYTES: `content` is for those who need bytes.
    Not to be changed, only replaced; it is not frozen because that would make it four times as dear to build.
    """

    tag: int
    vr: str
    value: bytes | memoryview = b""
    items: tuple["Item", ...] = ()
    encapsulated: bool = False

    @property
    def group(self) -> int:
        return self.tag >> 16

    @property
    def content(self) -> bytes:
        """The value as bytes, which copies a large one."""
        value = self.value
        return value if isinstance(value, bytes) else bytes(value)


Item = tuple[Element, ...]
"""The elements of a data set or of an item of a sequence, in order of their tags."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """What a transfer syntax says of the header: VR written or not, byte order, deflated or not (PS3.5 Section 10)."""

    uid: str
    implicit: bool = False
    little: bool = True
    deflated: bool = False


def find(elements: Iterable[Element], tag: int) -> Element | None:
    """The element of `tag` at this level, which is in the order of tags; None if there is none."""
    for element in elements:
        if element.tag >= tag:
            return element if element.tag == tag else None
    return None


def words(elements: Iterable[Element], tag: int) -> list[str]:
    """The values of an element that is written in ASCII, without padding; empty if there is none."""
    element = find(elements, tag)
    if element is None or not element.value:
        return []
    return [word.strip(" \0") for word in element.content.decode("ascii", "replace").split("\\")]


def word(elements: Iterable[Element], tag: int) -> str:
    """The first of `words`, or ''."""
    return next(iter(words(elements, tag)), "")


def replaced(elements: Item, others: Mapping[int, Element | None]) -> Item:
    """`elements` with `others` by their tags in their places, or added; None removes."""
    merged: dict[int, Element | None] = {element.tag: element for element in elements}
    merged.update(others)
    return tuple(element for _, element in sorted(merged.items()) if element is not None)


def known_vr(tag: int) -> str | None:
    """The VR that PS3.6 gives `tag` ('US or SS' if it gives several), None if it does not know the tag."""
    vr = PUBLIC_VRS.get(tag)
    if vr is not None or tag & 0x10000 or tag >> 16 == 0xFFFE:
        return vr
    try:
        return dictionary_VR(tag)  # groups that repeat
    except KeyError:
        return None
