"""Where identity stands in an object as it arrived: by attribute, by value representation, by concept of an SR item."""

import re
from enum import IntEnum

from services.anonymiser.dataset.text import DEFAULT, Encodings, encodings
from services.anonymiser.dataset.tree import Element, Item, find, word


class Kind(IntEnum):
    """What a value tells. Those up to DATE are collected, the others are handled on the way."""

    NAME = 0
    IDENTIFIER = 1
    CONTACT = 2
    PLACE = 3
    INSTITUTION = 4
    DEVICE = 5
    CHARACTERISTIC = 6
    PRIVATE = 7
    MAKER = 8
    UID = 9
    BIRTH = 10
    DATE = 11
    NOTHING = 12
    CHARACTER_SET = 13
    TEXT = 14
    OBSERVED = 15
    SEQUENCE = 16


COLLECTED = Kind.DATE + 1
CODE_VALUE, CODING_SCHEME, CODE_MEANING = 0x00080100, 0x00080102, 0x00080104
CHARACTER_SET = 0x00080005
_CONCEPT_NAME = 0x0040A043
_ATTRIBUTES: dict[Kind, tuple[int, ...]] = {
    Kind.IDENTIFIER: (
        0x00080050, 0x00100020, 0x00101000, 0x00101050, 0x00101090, 0x00120040, 0x00120042, 0x00200010, 0x00380010,
        0x00380060, 0x00400009, 0x00400253, 0x00401001, 0x00402006, 0x00402007, 0x00402016, 0x00402017, 0x0040050A,
        0x00400512, 0x00400551, 0x004006FA, 0x40080040, 0x40080200, 0x21000160, 0x00880130,
    ),
    # How to reach the person, and what is as good as an address: religion, rank, employment.
    Kind.CONTACT: (
        0x00080092, 0x00080094, 0x00101040, 0x00101080, 0x00101081, 0x00102150, 0x00102152, 0x00102154, 0x00102155,
        0x00102180, 0x001021F0, 0x00401102, 0x00401103, 0x00401104, 0x00402010, 0x4008011A,
    ),
    # Organisations and rooms that no option retains.
    Kind.PLACE: (
        0x00100021, 0x00102299, 0x00120010, 0x00321033, 0x00380011, 0x00380061, 0x00380300, 0x00380400, 0x00400031,
        0x00400032, 0x00400243, 0x00402009, 0x00404036, 0x0040A027, 0x40080042, 0x40080119, 0x40080202,
    ),
    Kind.INSTITUTION: (
        0x00080080, 0x00080081, 0x00081040, 0x00120030, 0x00120031, 0x00120060, 0x00120081, 0x04000564,
    ),
    Kind.DEVICE: (
        0x00081000, 0x00081010, 0x00160051, 0x00181000, 0x00181002, 0x00181004, 0x00181005, 0x00181006, 0x00181007,
        0x00181008, 0x00181009, 0x00181010, 0x00181011, 0x0018700A, 0x00189367, 0x00189371, 0x00189373, 0x00203401,
        0x00321020, 0x00321021, 0x00400010, 0x00400011, 0x00400242, 0x00500020, 0x04000563, 0x30080105, 0x300A00B2,
        0x3010002D, 0x30100043,
    ),
    Kind.CHARACTERISTIC: (0x00102000, 0x00102110, 0x00102160, 0x00102162, 0x00380050, 0x00380500),
    Kind.MAKER: (0x00080070, 0x00081090, 0x0016004F, 0x00160050, 0x00181020, 0x300A0216),
    Kind.BIRTH: (0x00100030, 0x00100033),
    # Classes, transfer syntaxes, implementations and vocabularies, which are not of one object.
    Kind.NOTHING: (
        0x00020002, 0x00020010, 0x00020012, 0x00080016, 0x0008001A, 0x0008001B, 0x00080062, 0x0008010C, 0x0008010D,
        0x00080117, 0x00080118, 0x00081150, 0x00083002, 0x0040DB0D, 0x04000010, 0x0018100B,
    ),
    Kind.CHARACTER_SET: (CHARACTER_SET,),
    Kind.OBSERVED: (0x0040A160,),
}  # fmt: skip
BY_TAG: dict[int, int] = {tag: int(kind) for kind, tags in _ATTRIBUTES.items() for tag in tags}
BY_VR: dict[str, int] = {
    "PN": int(Kind.NAME),
    "AE": int(Kind.DEVICE),
    "UI": int(Kind.UID),
    "DA": int(Kind.DATE),
    "DT": int(Kind.DATE),
    "SQ": int(Kind.SEQUENCE),
    **dict.fromkeys(("LO", "SH", "ST", "LT", "UT", "UC", "UR", "UN"), int(Kind.TEXT)),
}
# Codes and meanings inside say who or where.
CODED: dict[int, Kind] = {
    0x00401101: Kind.IDENTIFIER,
    0x00080082: Kind.INSTITUTION,
    0x00404025: Kind.DEVICE,
    0x00404027: Kind.DEVICE,
    0x00404028: Kind.DEVICE,
    0x00404030: Kind.DEVICE,
}
# Concepts of text items in TID 1002 to 1010 (PS3.16); those of type PNAME, UIDREF and DATE tell by their VR.
_CONCEPTS: dict[str, Kind] = {
    **dict.fromkeys(("121008", "121029"), Kind.NAME),
    **dict.fromkeys(("121020", "121021", "121022", "121030", "128774"), Kind.IDENTIFIER),
    **dict.fromkeys(("121009", "121017"), Kind.PLACE),
    **dict.fromkeys(("110119", "113880", "121013", "121016", "121148", "121196"), Kind.DEVICE),
    **dict.fromkeys(("121014", "121015"), Kind.MAKER),
}
MAX_PRIVATE_BYTES = 4096
"""Longer private values are binary, or text that the detectors read when it stays."""
# As plain numbers, because comparing with members of an enumeration is slow.
_CHARACTER_SET, _TEXT = int(Kind.CHARACTER_SET), int(Kind.TEXT)
_OBSERVED, _SEQUENCE = int(Kind.OBSERVED), int(Kind.SEQUENCE)
_PRINTABLE = re.compile(rb"[ -~]{5,}")
Foreign = tuple[int, bytes, Encodings]
"""A value that is not plain ASCII: its kind, its bytes, and the character sets it was sent in."""


class Sources:
    """The identifying values of one object, by kind; ASCII values as they stand, the others in `foreign`."""

    __slots__ = ("ascii", "foreign")

    def __init__(self) -> None:
        self.ascii: list[list[bytes]] = [[] for _ in range(COLLECTED)]
        self.foreign: list[Foreign] = []

    def gather(self, item: Item, names: Encodings = DEFAULT) -> None:
        """Adds those of `item` and of all items within."""
        by_tag, by_vr, found = BY_TAG.get, BY_VR.get, self.ascii
        for element in item:
            kind = by_tag(element.tag)
            if kind is None:
                kind = by_vr(element.vr)
                if kind is None:
                    continue
            if kind < COLLECTED:
                value = element.value
                if not value:
                    continue
                if isinstance(value, bytes) and value.isascii() and b"\x1b" not in value:
                    found[kind].append(value)
                else:
                    self.foreign.append((kind, bytes(value), names))
            elif kind == _SEQUENCE:
                self._sequence(element, names)
            elif kind == _TEXT:
                if element.tag & 0x10000:
                    self._private(element, names)
            elif kind == _CHARACTER_SET:
                names = encodings(element.content)
            elif kind == _OBSERVED:
                self._observed(element, item, names)

    def _add(self, kind: Kind, element: Element | None, names: Encodings) -> None:
        if element is None or not element.value:
            return
        value = element.content
        if value.isascii() and b"\x1b" not in value:
            self.ascii[kind].append(value)
        else:
            self.foreign.append((kind, value, names))

    def _sequence(self, element: Element, names: Encodings) -> None:
        coded = CODED.get(element.tag)
        for item in element.items:
            self.gather(item, names)
            if coded is not None:
                self._add(coded, find(item, CODE_VALUE), names)
                self._add(coded, find(item, CODE_MEANING), names)

    def _private(self, element: Element, names: Encodings) -> None:
        if 0x10 <= element.tag & 0xFFFF <= 0xFF or len(element.value) > MAX_PRIVATE_BYTES:
            return  # a creator, or no short text
        if element.vr == "UN":
            self.ascii[Kind.PRIVATE] += _PRINTABLE.findall(element.content)
        else:
            self._add(Kind.PRIVATE, element, names)

    def _observed(self, element: Element, item: Item, names: Encodings) -> None:
        kind = observed_kind(item)
        if kind is not None:
            self._add(kind, element, names)


def observed_kind(item: Item) -> Kind | None:
    """What the text of an SR content item tells, by its concept name (PS3.3 C.17.3)."""
    concept = find(item, _CONCEPT_NAME)
    return _CONCEPTS.get(word(concept.items[0], CODE_VALUE)) if concept and concept.items else None
