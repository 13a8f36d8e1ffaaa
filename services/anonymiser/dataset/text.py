"""Character sets (PS3.5 Section 6.1): reads text or says that it cannot, never guesses."""

import warnings

from pydicom.charset import convert_encodings, decode_bytes, encode_string, python_encoding

Encodings = tuple[str, ...]
DEFAULT: Encodings = ("ascii",)
UNKNOWN: Encodings = ()
_DELIMITERS = {ord(character) for character in "\\\r\n\t\f"}


def encodings(specific_character_set: bytes) -> Encodings:
    """Python's names for a value of (0008,0005); UNKNOWN if one of its terms is not defined (PS3.3 C.12.1.1.2)."""
    terms = [term.strip(" \0") for term in specific_character_set.decode("ascii", "replace").split("\\")]
    if not any(terms) or terms == ["ISO_IR 6"]:
        return DEFAULT
    if any(term not in python_encoding for term in terms):
        return UNKNOWN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(convert_encodings(terms))


def decoded(value: bytes, names: Encodings) -> str | None:
    """The text of `value` without trailing padding, None if it is not text in these encodings."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii").rstrip(" \0")
    if names == UNKNOWN or (names == DEFAULT and not value.isascii()):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = decode_bytes(value, list(names), _DELIMITERS)
    except (ValueError, LookupError):
        return None
    return None if "\ufffd" in text or "\x1b" in text else text.rstrip(" \0")


def readable(value: bytes | memoryview) -> str:
    """Text to compare with, whatever the character set: UTF-8 where it is that, else Latin-1."""
    content = bytes(value)
    try:
        return content.decode("utf-8").rstrip(" \0")
    except UnicodeDecodeError:
        return content.decode("latin-1").rstrip(" \0")


def encoded(text: str, names: Encodings) -> bytes | None:
    """`text` in these encodings; None when they cannot say it."""
    if text.isascii():
        return text.encode("ascii")
    if names in (UNKNOWN, DEFAULT):
        return None
    try:
        value = encode_string(text, list(names))
    except (ValueError, LookupError):
        return None
    return value if decoded(value, names) == text.rstrip(" \0") else None
