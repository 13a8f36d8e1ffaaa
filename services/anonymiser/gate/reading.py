"""Bytes of a value as people might read them, also when the declared character set is wrong."""

import base64
import binascii
import re

from services.anonymiser.dataset.text import Encodings, decoded

_ESCAPED = ("iso2022_jp_2", "iso2022_kr")
_RUN = re.compile(rb"[A-Za-z0-9+/]{12,}={0,2}")
_MIXED = re.compile(rb"[a-z][A-Z]")
MAX_RUNS = 64
"""More runs than this in one object are data, not words."""


def readings(value: bytes, names: Encodings) -> tuple[str, ...]:
    """What `value` says: as declared, else in UTF-8, else in Latin-1, which always has an answer. Each once."""
    if b"\0" in value:
        value = value.replace(b"\0", b"")  # UTF-16 of western text, padding
    if value.isascii() and b"\x1b" not in value:
        return (value.decode("ascii"),)
    found = [decoded(value, names), _tried(value, "utf-8")]
    if b"\x1b" in value:
        found += [_tried(value, name) for name in _ESCAPED]
    if found[1] is None:
        found.append(value.decode("latin-1"))
    return tuple(dict.fromkeys(text for text in found if text is not None))


def _tried(value: bytes, name: str) -> str | None:
    try:
        return value.decode(name)
    except UnicodeDecodeError:
        return None


def unpacked(value: bytes) -> bytes:
    """What is written in `value` as Base64 (RFC 4648) and is text, one run a line; empty if nothing is."""
    if not _MIXED.search(value):
        return b""
    return b"\n".join(filter(None, map(_text, _RUN.findall(value)[:MAX_RUNS])))


def _text(run: bytes) -> bytes:
    if not _MIXED.search(run):
        return b""
    try:
        text = base64.b64decode(run[: len(run) // 4 * 4] if not run.endswith(b"=") else run)
    except binascii.Error:
        return b""
    return text if all(32 <= code < 127 or code >= 0x80 for code in text) else b""
