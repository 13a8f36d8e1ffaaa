"""The forms in which the identifying values of an object are looked for, made once per object."""

import re
from collections.abc import Callable, Iterable

from services.anonymiser.gate.folding import folded, shape, spelled_out, squeezed, tokens
from services.anonymiser.gate.reading import readings
from services.anonymiser.gate.sources import Kind, Sources
from services.anonymiser.gate.words import ambiguous, collapsed, first_names, public, surnames

LONG = 5
"""Values of so many letters and digits are looked for anywhere; shorter ones, if rare, as whole words in text."""
SHORT = 3
LONG_PHONE = 8
LONG_NUMBER, LONG_PHRASE, LONG_UID = 6, 12, 10
KINDS = Kind.PRIVATE + 1
_PLACEHOLDERS = frozenset((b"19000101", b"18000101", b"11111111", b"00010101"))
_STANDARD_UID = b"1.2.840.10008."
_DIGITS = b"0123456789"
_ROOT = 16  # characters of a UID: enough of its root to tell that none of its kind is there
_CORE = re.compile(rb"\d{%d,}" % LONG_NUMBER)
# From the beginning of a run on, so that none is looked through twice; the first word may be one letter (O'Neill).
_NAME = re.compile(
    rb"(?<![A-Za-z' -])(?:[' -]|[A-Za-z](?![A-Za-z]))*+([A-Za-z]{2}[A-Za-z' -]*+\^[A-Za-z]{2}[A-Za-z' ^-]*)"
)
_NUMBER = re.compile(rb"(?<![\w.])[A-Za-z]{0,4}\d{%d,20}(?![\w.])" % LONG_NUMBER)
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")
_BETWEEN = re.compile(r"[\^=\\\s,]+")
SHORTEST_BYTES, SHORTEST_UID = 4, 5
LONGEST = 256
"""Of longer values the beginning is looked for: as sure, and patterns stay short."""
MAX_PRIVATE = 64
"""So many values of private elements are looked for."""


class Marks:
    """What to look for: `long` and `short` forms by kind (folded, without separators), `foreign` byte strings, `uids`
    and the beginnings that they share (`roots`), `birth` and other `dates` as YYYYMMDD."""

    __slots__ = ("birth", "dates", "foreign", "long", "roots", "short", "uids")

    def __init__(self, sources: Sources) -> None:
        self.long: list[set[bytes]] = [set() for _ in range(KINDS)]
        self.short: list[set[bytes]] = [set() for _ in range(KINDS)]
        self.foreign: dict[bytes, Kind] = {}
        self.uids: set[bytes] = set()
        self.birth: set[bytes] = set()
        self.dates: set[bytes] = set()
        for kind, values in enumerate(sources.ascii):
            if values:
                _ADD[kind](self, values)
        for foreign in sources.foreign:
            self._foreign(*foreign)
        self._forget_makers(sources.ascii[Kind.MAKER])
        self.long = [{form[:LONGEST] for form in forms} for forms in self.long]
        self.roots = {uid[:_ROOT].replace(b".", b"") for uid in self.uids if len(uid) >= LONG_UID}

    def _names(self, values: Iterable[bytes]) -> None:
        words = set(tokens(b"\n".join(values)))
        self.short[Kind.NAME] |= words & ambiguous()
        long = self.long[Kind.NAME]
        for word in words - public():
            if word.isdigit():
                self._identifier(word)
            elif word.rstrip(_DIGITS) in public():
                continue  # 'user2'
            elif len(word) >= LONG:
                long.add(word)
                if b"e" in word:
                    self._umlauts(word)
            elif len(word) >= SHORT and word.isalpha():
                self.short[Kind.NAME].add(word)
        for value in set(values):
            if long.isdisjoint(tokens(value)):
                long.update(_joined(value))

    def _umlauts(self, word: bytes) -> None:
        short = collapsed(word.decode("ascii")).encode("ascii")
        if len(short) >= LONG and short not in public():
            self.long[Kind.NAME].add(short)

    def _identifiers(self, values: Iterable[bytes]) -> None:
        for value in set(values):
            for part in value.split(b"\\"):
                self._identifier(part)

    def _identifier(self, value: bytes) -> None:
        self._code(value, Kind.IDENTIFIER)
        if not value.isdigit() and (core := _CORE.search(squeezed(value))):
            digits = core[0].lstrip(b"0")
            if len(digits) >= LONG and date_of(core[0]) is None:
                self.long[Kind.IDENTIFIER].add(digits)

    def _devices(self, values: Iterable[bytes]) -> None:
        for value in set(values):
            for part in value.split(b"\\"):
                self._code(part, Kind.DEVICE)

    def _code(self, value: bytes, kind: Kind) -> None:
        form = squeezed(value).lstrip(b"0")
        if form not in public() and _tells(value):
            if len(form) >= LONG:
                self.long[kind].add(form)
            elif len(form) >= SHORT:
                self.short[kind].add(form)

    def _contacts(self, values: Iterable[bytes]) -> None:
        """Of a telephone number the end: its beginning is written in many ways."""
        self._phrases(values, Kind.CONTACT)
        for value in values:
            ends = (number[-LONG_PHONE:] for number in _CORE.findall(squeezed(value)))
            self.long[Kind.CONTACT].update(end for end in ends if not end.startswith(b"0"))

    def _places(self, values: Iterable[bytes]) -> None:
        self._phrases(values, Kind.PLACE)

    def _institutions(self, values: Iterable[bytes]) -> None:
        self._phrases(values, Kind.INSTITUTION)

    def _phrases(self, values: Iterable[bytes], kind: Kind) -> None:
        long = self.long[kind]
        for value in set(values):
            words = {word for word in tokens(value) if len(word) >= SHORT and not word.isdigit()} - public()
            telling = {word for word in words if len(word) >= LONG}
            form = squeezed(value)
            if telling:
                long |= telling
            elif words and len(form) >= LONG and form not in public():
                long.add(form)
            self.short[kind].update(word for word in words if SHORT <= len(word) < LONG and word.isalpha())

    def _characteristics(self, values: Iterable[bytes]) -> None:
        for value in set(values):
            form = squeezed(value)
            if len(form) >= LONG and _tells(value):
                self.long[Kind.CHARACTERISTIC].add(form)

    def _private(self, values: Iterable[bytes]) -> None:
        joined = b"\n".join(values)
        if b"^" in joined:
            for name in _NAME.findall(joined)[:MAX_PRIVATE]:
                self._private_name(set(tokens(name)) - public())
        if b"0" * LONG_NUMBER in shape(joined):
            forms = [number.lower().lstrip(b"0") for number in _NUMBER.findall(joined)[:MAX_PRIVATE]]
            self.long[Kind.PRIVATE].update(f for f in forms if len(f) > LONG_NUMBER and date_of(f) is None)

    def _private_name(self, words: set[bytes]) -> None:
        listed = any(word.decode("ascii") in first_names() | surnames() for word in words)
        self.long[Kind.NAME if listed else Kind.PRIVATE].update(word for word in words if len(word) >= LONG)

    def _unique(self, values: Iterable[bytes]) -> None:
        for value in values:
            for uid in value.split(b"\\") if b"\\" in value else (value,):
                uid = uid.strip(b" \0")[:LONGEST]
                if len(uid) >= SHORTEST_UID and b"." in uid and not uid.startswith(_STANDARD_UID):
                    self.uids.add(uid)

    def _births(self, values: Iterable[bytes]) -> None:
        self.birth.update(filter(None, map(date_of, values)))

    def _dates(self, values: Iterable[bytes]) -> None:
        for value in values:
            for part in value.split(b"\\") if b"\\" in value else (value,):
                if date := date_of(part):
                    self.dates.add(date)

    def _makers(self, values: Iterable[bytes]) -> None:
        """Handled at the end."""

    def _forget_makers(self, values: list[bytes]) -> None:
        """Some call themselves institution or station, too, and their names stay with the equipment."""
        if values:
            makers = {*tokens(b"\n".join(values)), *map(squeezed, values)}
            for kind in (Kind.PLACE, Kind.INSTITUTION, Kind.DEVICE):
                self.long[kind] -= makers
                self.short[kind] -= makers

    def _foreign(self, kind: int, value: bytes, names: tuple[str, ...]) -> None:
        """Other scripts are looked for as they are, in the usual encodings; western text as ASCII as well."""
        for text in readings(value, names):
            for plain in {folded(text), spelled_out(text)}:
                _ADD[kind](self, [plain.encode("ascii", "replace")])
            if kind < Kind.PRIVATE:
                for piece in _BETWEEN.split(text):
                    self._piece(piece, Kind(kind), names)
        if kind < Kind.PRIVATE:
            for raw in re.split(rb"[\^=\\]", value):
                self._bytes(raw, Kind(kind))

    def _piece(self, piece: str, kind: Kind, names: tuple[str, ...]) -> None:
        plain = folded(piece)
        if piece.isascii() or plain.encode() in public() or len(piece) < (SHORT + 1 if plain.isascii() else 2):
            return
        for cased in {piece, piece.lower(), piece.upper(), piece.capitalize(), plain}:
            for encoding in (*_ENCODINGS, *names):
                try:
                    self._bytes(cased.encode(encoding), kind)
                except (UnicodeEncodeError, LookupError):
                    continue

    def _bytes(self, value: bytes, kind: Kind) -> None:
        form = squeezed(value)
        if len(form) >= SHORTEST_BYTES and not (form.isascii() and b"\x1b" not in form):
            self.foreign.setdefault(form, kind)


_ADD: tuple[Callable[[Marks, list[bytes]], None], ...] = (
    Marks._names,
    Marks._identifiers,
    Marks._contacts,
    Marks._places,
    Marks._institutions,
    Marks._devices,
    Marks._characteristics,
    Marks._private,
    Marks._makers,
    Marks._unique,
    Marks._births,
    Marks._dates,
)


def date_of(value: bytes) -> bytes | None:
    """YYYYMMDD of a DA, DT or number that begins with a plausible date ('1960.01.01' is ACR-NEMA's), else None."""
    digits = value[:8]
    if not digits.isdigit():
        digits = value.strip(b" \0")[:10].replace(b".", b"").replace(b"-", b"")
    if len(digits) != 8 or not digits.isdigit() or digits in _PLACEHOLDERS:
        return None
    return digits if b"1850" < digits < b"2200" and b"01" <= digits[4:6] <= b"12" and digits[6:] <= b"31" else None


def _tells(value: bytes) -> bool:
    """Whether it is more than common words."""
    return any(word not in public() and (len(word) >= SHORT or not word.isalpha()) for word in tokens(value))


def _joined(value: bytes) -> set[bytes]:
    """The name as one word, in both orders, for names of which no part is long enough alone."""
    forms: set[bytes] = set()
    for name in re.split(rb"[=\\]", value):
        parts = [b"".join(tokens(part)) for part in name.split(b"^")]
        if len(parts) == 1:
            parts = tokens(name)
        family, given, middle = (*parts, b"", b"", b"")[:3]
        if family and given:
            forms.update((family + given, given + family, given + middle + family, family + given + middle))
    return {form for form in forms if len(form) >= LONG and form not in public() and not form.isdigit()}
