"""What a function's annotation promises to return, and whether a value keeps the promise."""

import dataclasses
import enum
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def promise_of(function: Callable[..., Any]) -> Any:
    """The annotation of what `function` returns; Any when it has none, as builtins."""
    try:
        return typing.get_type_hints(function).get("return", Any)
    except TypeError:
        return Any


@cache
def types_in(promise: Any) -> frozenset[type]:
    """The enums and dataclasses that are named in a promise, and in their own fields."""
    found: set[type] = set()
    waiting = [promise]
    while waiting:
        hint = waiting.pop()
        if (
            isinstance(hint, type)
            and hint not in found
            and (dataclasses.is_dataclass(hint) or issubclass(hint, enum.Enum))
        ):
            found.add(hint)
            waiting.extend(_fields(hint).values())
        waiting.extend(typing.get_args(hint))
    return frozenset(found)


def fits(value: Any, promise: Any) -> bool:
    """Whether `value` is what the annotation says, all the way down."""
    if promise is Any or promise is object:
        return True
    origin, arguments = typing.get_origin(promise), typing.get_args(promise)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, argument) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and _all_fit(value, arguments)
    if origin is dict:
        return isinstance(value, dict) and all(_all_fit(pair, arguments) for pair in value.items())
    return _is_a(value, promise)


def _all_fit(values: tuple[Any, ...], promises: tuple[Any, ...]) -> bool:
    if len(promises) == 2 and promises[1] is Ellipsis:
        return all(fits(value, promises[0]) for value in values)
    return len(values) == len(promises) and all(map(fits, values, promises))


def _is_a(value: Any, kind: Any) -> bool:
    if kind is None:
        return value is None
    if dataclasses.is_dataclass(kind):
        return type(value) is kind and all(
            fits(getattr(value, name), hint) for name, hint in _fields(type(value)).items()
        )
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind


@cache
def _fields(kind: Any) -> dict[str, Any]:
    if not dataclasses.is_dataclass(kind):
        return {}
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
