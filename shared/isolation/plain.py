"""Answers as plain data: a text that describes them, and their large parts beside it. Reading one runs no code of it.

Known are None, bool, int, float, str, bytes, tuple (lists become one), dict, and the enums and frozen dataclasses that
the promise names: what a function's annotation says that it returns.
"""

import enum
import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from shared.isolation.promise import fits, types_in


class NotPlain(Exception):
    """This is no such answer."""


def encoded(value: object) -> list[bytes]:
    """The parts that carry `value`. Raises NotPlain."""
    parts: list[bytes] = []
    text = json.dumps(_told(value, parts)).encode("ascii")
    return [text, *parts]


def decoded(parts: Sequence[bytes], promise: Any) -> Any:
    """The value, if it is what `promise` (a type annotation) says. Raises NotPlain when not, whatever is wrong."""
    types = {_name(kind): kind for kind in types_in(promise)}
    try:
        value = _heard(json.loads(parts[0]), parts[1:], types)
    except (ValueError, TypeError, LookupError, RecursionError):
        raise NotPlain from None
    if not fits(value, promise):
        raise NotPlain
    return value


def _told(value: object, parts: list[bytes]) -> object:
    if isinstance(value, enum.Enum):
        return {"enum": _name(type(value)), "of": value.value}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        parts.append(bytes(value))
        return {"part": len(parts) - 1}
    if isinstance(value, tuple | list):
        return [_told(one, parts) for one in value]
    if isinstance(value, dict):
        return {"dict": [[_told(key, parts), _told(one, parts)] for key, one in value.items()]}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "class": _name(type(value)),
            "of": [_told(getattr(value, field.name), parts) for field in fields(value)],
        }
    raise NotPlain(type(value).__name__)


def _heard(told: Any, parts: Sequence[bytes], types: dict[str, type]) -> Any:
    if isinstance(told, list):
        return tuple(_heard(one, parts, types) for one in told)
    if not isinstance(told, dict):
        return told
    if "part" in told:
        return parts[range(len(parts))[told["part"]]]
    if "dict" in told:
        return {_heard(key, parts, types): _heard(one, parts, types) for key, one in told["dict"]}
    if "enum" in told:
        return types[told["enum"]](told["of"])
    return types[told["class"]](*_heard(told["of"], parts, types))


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
