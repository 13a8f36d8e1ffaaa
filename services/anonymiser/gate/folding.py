"""One form for what is written in many ways: without case, accents and separators (bytes are quick, text is sure)."""

import unicodedata

SEPARATORS = " \t\r\n\f\v\0-_.,/^:;'\"()[]=+*#|&~`<>?!"
"""What people put between the parts of a name, a number or a date. Not the backslash, which parts values."""
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "\u2019": "'"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def _lowered(code: int) -> int:
    """Latin-1 capitals become small. In UTF-8 that changes lead bytes too, in what is searched and where alike."""
    return code + 0x20 if 0x41 <= code <= 0x5A or (0xC0 <= code <= 0xDE and code != 0xD7) else code


_SMALL = bytes(_lowered(code) for code in range(256))
_DELETED = SEPARATORS.encode("ascii")
_SPACED = bytes(code if chr(code).isalnum() or code >= 0x80 else 0x20 for code in _SMALL)
_WORDS = bytes(0x20 if 0x30 <= code <= 0x39 else code for code in _SPACED)
_SHAPE = bytes(0x30 if chr(c).isdigit() and c < 0x80 else 0x61 if c in range(0x61, 0x7B) else c for c in _SMALL)


def squeezed(value: bytes) -> bytes:
    """Small letters without separators. Zero bytes go too, so that ASCII and Latin-1 in UTF-16 look like Latin-1."""
    return value.translate(_SMALL, _DELETED)


def tokens(value: bytes) -> list[bytes]:
    """The runs of letters and digits in `value`, in small letters."""
    return value.translate(_SPACED).split()


def words(value: bytes) -> list[bytes]:
    """The runs of letters alone: of 'jane2' the name."""
    return value.translate(_WORDS).split()


def shape(value: bytes) -> bytes:
    """Digits as '0' and ASCII letters as 'a', so that a form of number is found as a constant string."""
    return value.translate(_SHAPE)


def shape_squeezed(value: bytes) -> bytes:
    """The same without what stands between the digits of one number."""
    return value.translate(_SHAPE, b" .-/()\0")


def folded(text: str) -> str:
    """Small letters without accents; separators stay. Text of other scripts stays in its script."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return unicodedata.normalize("NFC", "".join(mark for mark in plain if not unicodedata.combining(mark)))


def spelled_out(text: str) -> str:
    """The other way of writing Müller: Mueller. Folded."""
    return folded(unicodedata.normalize("NFC", text.casefold()).translate(_UMLAUTS))
