"""Text in the character sets that a data set declares (PS3.5 Section 6.1): read, written, or told that it cannot be."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from services.anonymiser.dataset.repertoires import ESCAPE, REGISTER, Repertoire
from services.anonymiser.dataset.tree import Item, find

Encodings = tuple[str, ...]
"""Defined terms, in one spelling. The first is in force where a value begins."""
CHARACTER_SET = 0x00080005
DEFAULT: Encodings = ("ISO_IR 6",)
UNKNOWN: Encodings = ()
_UTF8, _WHOLE = "ISO_IR 192", {"ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk"}
_ALIASES = {"ISO 2022 GBK": "GBK", "ISO 2022 58": "ISO 2022 IR 58", "UTF-8": _UTF8, "UTF8": _UTF8}
_TERM = re.compile(r"ISO[ _-]?(2022)?[ _-]?IR[ _-]?(\d{1,3})")
# What bytes are that were declared wrongly, by how often one sees it.
_OTHERS = (
    *("cp1252", "shift_jis", "euc_jp", "euc_kr", "gb18030", "big5", "cp1250", "cp1251", "koi8_r"),
    *("iso8859_2", "iso8859_5", "iso8859_7", "cp1256", "iso8859_6", "cp1255", "iso8859_9", "tis_620"),
)
_MOST_BYTES = 4096
"""Of a value that is read in other ways than declared as well; longer ones only as UTF-8 and Latin-1."""


def declared(elements: Item, inherited: Encodings = DEFAULT) -> Encodings:
    """What is in force for the texts of a data set or an item: its own Specific Character Set, else `inherited`."""
    element = find(elements, CHARACTER_SET)
    return inherited if element is None else encodings(element.content)


@lru_cache(maxsize=256)
def encodings(specific_character_set: bytes) -> Encodings:
    """What a value of (0008,0005) declares; UNKNOWN if one of its terms is not defined (PS3.3 C.12.1.1.2)."""
    words = specific_character_set.decode("ascii", "replace").split("\\")
    terms = [_term(word.strip(" \0").upper(), extended=len(words) > 1) for word in words]
    if any(term is None for term in terms):
        return UNKNOWN
    known = tuple(term for term in terms if term is not None)
    # These allow no others beside them (PS3.5 Section 6.1.2.5.4 d).
    if known[0] in _WHOLE:
        return known[:1]
    return tuple(term for term in known if term not in _WHOLE)


def _term(word: str, *, extended: bool) -> str | None:
    word = _ALIASES.get(word, word)
    if word in _WHOLE:
        return word
    spelled = _TERM.fullmatch(word or "ISO_IR 6")
    if spelled is None or (number := int(spelled[2])) not in {*REGISTER, 192}:
        return None
    if number == 192:
        return _UTF8
    return f"ISO 2022 IR {number}" if extended or spelled[1] else f"ISO_IR {number}"


@lru_cache(maxsize=256)
def _repertoire(names: Encodings) -> Repertoire:
    numbers = tuple(int(name.rpartition(" ")[2]) for name in names)
    return Repertoire(numbers, extended=names[0].startswith("ISO 2022"))


def decoded(value: bytes | memoryview, names: Encodings) -> str | None:
    """The text of `value` without trailing padding, None if it is not text in these encodings."""
    if not isinstance(value, bytes):
        value = bytes(value)
    if value.isascii() and ESCAPE not in value:
        return value.decode("ascii").rstrip(" \0")
    if not names:
        return None
    try:
        text = value.decode(_WHOLE[names[0]]) if names[0] in _WHOLE else _repertoire(names).decode(value)
    except ValueError:
        return None
    return None if "\ufffd" in text or "\x1b" in text else text.rstrip(" \0")


def encoded(text: str, names: Encodings) -> bytes | None:
    """`text` in the first of these encodings that has it, with code extensions where they are declared.

    None if it cannot be written: the caller has to replace it, or to declare something else. No padding.
    """
    if "\x1b" in text or not (names or text.isascii()):
        return None
    if text.isascii():
        return text.encode("ascii")
    try:
        return text.encode(_WHOLE[names[0]]) if names[0] in _WHOLE else _repertoire(names).encode(text)
    except ValueError:
        return None


def readings(value: bytes | memoryview, names: Encodings) -> tuple[str, ...]:
    """All that `value` may say, the declared reading first: to search in, where a wrong declaration must hide nothing.

    Senders write UTF-8 or Windows' code pages and declare Latin-1 or nothing, or have read the one as the other.
    """
    value = bytes(value)
    found = dict.fromkeys(text for text in _readings(value, names) if text is not None)
    return tuple(found) or (value.decode("latin-1").rstrip(" \0"),)


def _readings(value: bytes, names: Encodings) -> Iterator[str | None]:
    declared = decoded(value, names)
    yield declared
    if value.isascii() and ESCAPE not in value:
        return
    if declared is not None:
        yield _read_again(declared)
    utf8 = _plausible(value, "utf-8")
    if utf8 is not None:
        yield utf8
        yield _read_again(utf8)
    yield value.decode("latin-1").rstrip(" \0")
    if ESCAPE in value:
        yield decoded(value, ("ISO 2022 IR 6",))
    if utf8 is None and len(value) <= _MOST_BYTES:
        yield from (_plausible(value, codec) for codec in _OTHERS)


def _read_again(text: str) -> str | None:
    """The text that somebody took for Latin-1 (or Windows' form of it) when it was UTF-8."""
    for codec in ("cp1252", "latin-1"):
        try:
            return text.encode(codec).decode("utf-8")
        except ValueError:
            continue
    return None


def _plausible(value: bytes, codec: str) -> str | None:
    try:
        text = value.decode(codec).rstrip(" \0")
    except ValueError:
        return None
    kinds = {unicodedata.category(character) for character in text if not character.isascii()}
    return None if kinds & {"Cc", "Cn", "Co", "Cs"} else text


def readable(value: bytes | memoryview) -> str:
    """Text to compare with, whatever the character set: UTF-8 where it is that, else Latin-1."""
    return _plausible(bytes(value), "utf-8") or bytes(value).decode("latin-1").rstrip(" \0")
