"""Looks for canaries in whatever bytes, in all forms in which they could have been written. Black box."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.support.canaries import AGE, Canaries, Canary

KEY = 8
"""Bytes by which a needle is looked up; none is shorter."""
BLOCK = 1 << 20
SLOT_BITS = 24
HASHES = ("md5", "sha1", "sha256")
SHORT_DIGEST, LONG_DIGEST = 12, 16
"""Hexadecimal digits that are looked for: few enough to find truncated digests, enough not to meet them by chance."""

_AGE = re.compile(rb"(?<![0-9A-Za-z])" + AGE.encode() + rb"(?![0-9A-Za-z])")
_DIGITS = re.compile(rb"\d*")
_NUMBER = re.compile(rb"(?<![\w.+-])\d{3,}(?![\w.:-])")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")


@dataclass(frozen=True)
class Needle:
    """Bytes that must not be found. `digits`: lengths of the run of digits that it has to be the begin of."""

    value: bytes
    form: str
    where: str
    caseless: bool = False
    digits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Hit:
    """Something that was found. It tells where from, never the value: reports are logs too."""

    surface: str
    form: str
    where: str

    def __str__(self) -> str:
        return f"{self.where} as {self.form} in {self.surface}"


class Searcher:
    """Knows every form of every canary."""

    def __init__(self, canaries: Canaries) -> None:
        needles = list(needles_for(canaries))
        self._exact = _Index(needle for needle in needles if not needle.caseless)
        self._caseless = _Index(needle for needle in needles if needle.caseless)
        self._sizes = {str(len(data)).encode(): name for name, data in canaries.originals.items()}
        self.count = len(needles)

    def search(self, surface: str, data: bytes, *, fields: bool = False) -> list[Hit]:
        """What is in `data`. `fields`: also look for the originals' sizes among its numbers, and into base64."""
        found = [(needle.form, needle.where) for needle in self._exact.find(data)]
        found += [(needle.form, needle.where) for needle in self._caseless.find(data.lower())]
        if _AGE.search(data):
            found.append(("text", "an age"))
        if fields:
            numbers = (match.group() for match in _NUMBER.finditer(data))
            found += [("size", self._sizes[number]) for number in numbers if number in self._sizes]
        hits = [Hit(surface, form, where) for form, where in dict.fromkeys(found)]
        if fields:
            for inner in _decoded(data):
                hits += self.search(f"{surface} (from base64)", inner, fields=True)
        return hits


class _Index:
    """Any number of needles at once: every eight bytes of the data are looked up among their beginnings."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._by_key: dict[bytes, list[Needle]] = {}
        for needle in needles:
            assert len(needle.value) >= KEY, needle
            self._by_key.setdefault(needle.value[:KEY], []).append(needle)
        self._known = np.zeros(1 << SLOT_BITS, dtype=bool)
        self._known[_slots(np.frombuffer(b"".join(self._by_key), dtype="<u8"))] = True

    def find(self, data: bytes) -> Iterator[Needle]:
        for start in range(0, len(data), BLOCK):
            block = data[start : start + BLOCK + KEY - 1]
            if len(block) < KEY:
                return
            windows = np.ndarray((len(block) - KEY + 1,), dtype="<u8", buffer=block, strides=(1,))
            for offset in np.flatnonzero(self._known[_slots(windows)]):
                position = start + int(offset)
                for needle in self._by_key.get(data[position : position + KEY], ()):
                    if data.startswith(needle.value, position) and _stands_alone(needle, data, position):
                        yield needle


def _slots(keys: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    mixed: np.ndarray[Any, Any] = (keys * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - SLOT_BITS)
    return mixed


def _stands_alone(needle: Needle, data: bytes, position: int) -> bool:
    """Whether a number is one of its own: a pseudonymous UID holds every short run of digits sooner or later."""
    if not needle.digits:
        return True
    run = _DIGITS.match(data, position)
    length = len(run.group()) if run else 0
    return length in needle.digits and not data[max(0, position - 1) : position].isdigit()


def _decoded(data: bytes) -> Iterator[bytes]:
    """What base64 in it says: dead letters carry records in it."""
    for match in _BASE64.finditer(data):
        text = match.group().rstrip(b"=")
        yield base64.b64decode(text[: len(text) // 4 * 4] + _padded(text[len(text) // 4 * 4 :]))


def _padded(rest: bytes) -> bytes:
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


# --- the forms of a value


def needles_for(canaries: Canaries) -> Iterator[Needle]:
    """Every form of every value and the digests of the originals."""
    for canary in _distinct(canaries.planted):
        yield from _forms(canary)
        digits = SHORT_DIGEST if canary.kind == "main" else LONG_DIGEST
        # Dates and numbers are few: their digests could be tried out by anyone, and have no use.
        if canary.kind in ("main", "text", "uid"):
            yield from digests(canary.value.encode(), canary.where, digits)
        if canary.kind == "main" and len(canary.value) % 2:
            yield from digests(canary.value.encode() + b" ", canary.where, digits)
    for name, data in canaries.originals.items():
        yield from digests(data, name, SHORT_DIGEST)


def _distinct(planted: Iterable[Canary]) -> Iterator[Canary]:
    """Of a date that stands in several places the first."""
    return iter({canary.value: canary for canary in reversed(list(planted))}.values())


def _forms(canary: Canary) -> Iterator[Needle]:
    if canary.kind == "date":
        yield from _date(canary)
        return
    whole = (len(canary.value.split(".")[0]),) if canary.kind == "number" else ()
    yield Needle(canary.value.lower().encode(), "text", canary.where, caseless=True, digits=whole)
    yield from _encoded(canary.value, canary.where)
    if canary.kind in ("main", "text"):
        yield from _base64(canary.value.lower(), canary.where)
        percent = "".join(f"%{byte:02x}" for byte in canary.value.encode())
        yield Needle(percent.encode(), "percent-encoding", canary.where, caseless=True)


def _date(canary: Canary) -> Iterator[Needle]:
    year, month, day = canary.value[:4], canary.value[4:6], canary.value[6:]
    yield Needle(canary.value.encode(), "date", canary.where, digits=(8, 10, 12, 14))
    yield Needle(f"{day}{month}{year}".encode(), "date", canary.where, digits=(8,))
    for written in (f"{year}-{month}-{day}", f"{day}.{month}.{year}", f"{day}/{month}/{year}", f"{month}/{day}/{year}"):
        yield Needle(written.encode(), "date", canary.where)
    yield from _encoded(canary.value, canary.where)


def _encoded(value: str, where: str) -> Iterator[Needle]:
    """In other bytes than its own. Of hexadecimal digits and UTF-16 there is no case."""
    for encoding in ("utf-16-le", "utf-16-be"):
        yield Needle(value.encode(encoding).lower(), encoding, where, caseless=True)
    hexadecimal = {value.encode().hex(), value.upper().encode().hex(), value.lower().encode().hex()}
    yield from (Needle(form.encode(), "hexadecimal", where, caseless=True) for form in hexadecimal)
    yield from _base64(value, where)


def _base64(value: str, where: str) -> Iterator[Needle]:
    """Wherever in a longer text it begins: only those letters that the bytes before and after do not change."""
    for before in range(3):
        raw = bytes(before) + value.encode()
        letters = base64.b64encode(raw)[-(-before * 8 // 6) : len(raw) * 8 // 6]
        yield from (Needle(form, "base64", where) for form in _alphabets(letters))


def _alphabets(letters: bytes) -> set[bytes]:
    return {letters, letters.translate(bytes.maketrans(b"+/", b"-_"))}


def digests(data: bytes, where: str, digits: int) -> Iterator[Needle]:
    """What somebody who has the original could compare: digests, also truncated ones."""
    for name in HASHES:
        digest = hashlib.new(name, data, usedforsecurity=False).digest()
        whole, form = digest.hex(), f"{name} of it"
        yield Needle(whole[:digits].encode(), form, where, caseless=True)
        yield Needle(f"{whole[:8]}-{whole[8:12]}-{whole[12:16]}".encode(), form, where, caseless=True)
        yield Needle(digest[:KEY], form, where)
        yield from (Needle(letters, form, where) for letters in _alphabets(base64.b64encode(digest)[:11]))
