"""Character repertoires and how they follow each other in one value (PS3.3 C.12.1.1.2, PS3.5 Section 6.1, ISO 2022)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ESCAPE = b"\x1b"


@dataclass(frozen=True, slots=True)
class CodedSet:
    """A code element: what bytes below 80 (G0) or above (G1) mean after its escape sequence, one or two at a time.

    `start` is what Python's codec for it has before the first character, and `codec` needs for reading.
    """

    escape: bytes
    high: bool
    width: int
    codec: str
    start: bytes = b""

    def decode(self, value: bytes) -> str:
        """Raises ValueError if `value` is no text in this set."""
        if len(value) % self.width or (self is KATAKANA and not _HALF_WIDTH.fullmatch(value)):
            raise ValueError("no text in this set")
        return (self.start + value).decode(self.codec)

    def encode(self, character: str) -> bytes | None:
        """The bytes of one character, None if it is not in this set."""
        try:
            value = character.encode(self.codec)
        except ValueError:
            return None
        if not value.startswith(self.start):
            return None
        value = value[len(self.start) :][: self.width] if self.start else value
        fits = len(value) == self.width and all((byte >= 0x80) is self.high for byte in value)
        return value if fits else None


ASCII = CodedSet(b"\x1b(B", False, 1, "ascii")
ROMAJI = CodedSet(b"\x1b(J", False, 1, "ascii")
KATAKANA = CodedSet(b"\x1b)I", True, 1, "shift_jis")
JIS_X_0208 = CodedSet(b"\x1b$B", False, 2, "iso2022_jp", b"\x1b$B")
JIS_X_0212 = CodedSet(b"\x1b$(D", False, 2, "iso2022_jp_2", b"\x1b$(D")
KS_X_1001 = CodedSet(b"\x1b$)C", True, 2, "euc_kr")
GB_2312 = CodedSet(b"\x1b$)A", True, 2, "gb2312")
_HALF_WIDTH = re.compile(rb"[\xa1-\xdf]*")


def _part(final: bytes, codec: str) -> CodedSet:
    return CodedSet(b"\x1b-" + final, True, 1, codec)


# By number in the ISO register, as the defined terms name them: what they put into G0 and G1.
REGISTER: dict[int, tuple[CodedSet, ...]] = {
    6: (ASCII,),
    13: (ROMAJI, KATAKANA),
    58: (GB_2312,),
    87: (JIS_X_0208,),
    100: (ASCII, _part(b"A", "iso8859_1")),
    101: (ASCII, _part(b"B", "iso8859_2")),
    109: (ASCII, _part(b"C", "iso8859_3")),
    110: (ASCII, _part(b"D", "iso8859_4")),
    126: (ASCII, _part(b"F", "iso8859_7")),
    127: (ASCII, _part(b"G", "iso8859_6")),
    138: (ASCII, _part(b"H", "iso8859_8")),
    144: (ASCII, _part(b"L", "iso8859_5")),
    148: (ASCII, _part(b"M", "iso8859_9")),
    149: (KS_X_1001,),
    159: (JIS_X_0212,),
    166: (ASCII, _part(b"T", "tis_620")),
    203: (ASCII, _part(b"b", "iso8859_15")),
}
_SETS = {coded.escape: coded for sets in REGISTER.values() for coded in sets} | {b"\x1b$@": JIS_X_0208}
_PARTS = re.compile(rb"\x1b\$[()]?[@-Z]|\x1b[()\-][@-Zb]|[\x80-\xff]+|[\x00-\x1a\x1c-\x1f]+|[\x20-\x7f]+|\x1b")
_PAIRS = re.compile(rb"[\x21-\x7e]+|[^\x21-\x7e]+")
_RESETTING = frozenset("\\^=\t\n\f\r")
"""Before these a value returns to what the first declared set says (PS3.5 Section 6.1.2.5.3)."""


@dataclass(frozen=True, slots=True)
class Repertoire:
    """The sets that a data set declares, by their numbers; the first one is in force where a value begins."""

    numbers: tuple[int, ...]
    extended: bool

    @property
    def low(self) -> CodedSet:
        return ROMAJI if self.numbers[0] == 13 else ASCII

    @property
    def high(self) -> CodedSet | None:
        return next((coded for coded in REGISTER[self.numbers[0]] if coded.high), None)

    def decode(self, value: bytes) -> str:
        """Raises ValueError. Escape sequences of sets that were not declared are understood where any are allowed.

        A set in G1 stays after a delimiter if nothing was declared to follow it: many forget to name it again.
        """
        low, high = self.low, self.high
        found: list[str] = []
        part: bytes
        for part in _PARTS.findall(value):
            if part[0] == 0x1B:
                coded = _SETS.get(part) if self.extended else None
                if coded is None:
                    raise ValueError("an escape sequence that means nothing here")
                low, high = (low, coded) if coded.high else (coded, high)
            elif part[0] >= 0x80:
                if high is None:
                    raise ValueError("no set for these bytes")
                found.append(high.decode(part))
            elif low.width == 2 and part[0] >= 0x20:
                found.append(_pairs(part, low))
            else:
                found.append(part.decode("ascii"))
                if not _RESETTING.isdisjoint(found[-1]):
                    low, high = self.low, self.high or high
        return "".join(found)

    def encode(self, text: str) -> bytes:
        """Raises ValueError if a character is in none of the sets."""
        first = self.high if self.high and self.high.width == 1 else None
        low, high = self.low, first
        written = bytearray()
        for character in text:
            if character in _RESETTING:
                written += _back(low, self.low) + _back(high, first)
                low, high = self.low, first
            coded = self._set_for(character, low, high)
            if coded is not (high if coded.high else low):
                written += coded.escape
                low, high = (low, coded) if coded.high else (coded, high)
            written += coded.encode(character) or b""
        return bytes(written + _back(low, self.low) + _back(high, first))

    def _set_for(self, character: str, low: CodedSet, high: CodedSet | None) -> CodedSet:
        if character.isascii():
            return low if low.width == 1 else self.low
        others = self._declared() if self.extended else ()
        coded: CodedSet | None
        for coded in (high, low, *others):
            if coded is not None and coded.encode(character) is not None:
                return coded
        raise ValueError("a character that none of the sets has")

    def _declared(self) -> Iterator[CodedSet]:
        return (coded for number in self.numbers for coded in REGISTER[number] if coded.codec != "ascii")


def _back(present: CodedSet | None, first: CodedSet | None) -> bytes:
    """What returns to the first set; nothing can return to none."""
    return b"" if present is first or first is None else first.escape


def _pairs(part: bytes, coded: CodedSet) -> str:
    """Double-byte characters; spaces between them are what they are."""
    return "".join(coded.decode(run) if 0x21 <= run[0] <= 0x7E else run.decode("ascii") for run in _PAIRS.findall(part))
