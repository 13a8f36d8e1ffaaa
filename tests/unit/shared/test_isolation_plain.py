"""Answers of workers: what is sent arrives, and nothing that was not promised is believed."""

import enum
import json
import math
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.isolation.plain import NotPlain, decoded, encoded
from shared.isolation.promise import promise_of, types_in


class Colour(enum.StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: float
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    colour: Colour
    points: tuple[Point, ...]
    inner: "tuple[Shape, ...]" = ()
    table: "dict[int, bytes | None] | None" = None


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.integers() | st.text() | st.binary(), inner),
)
points = st.builds(Point, st.integers(), st.floats(allow_nan=False), st.none() | st.text())
shapes = st.recursive(
    st.builds(Shape, st.just(Colour.RED), st.lists(points).map(tuple)),
    lambda inner: st.builds(
        Shape,
        st.just(Colour.RED),
        st.lists(points).map(tuple),
        st.lists(inner).map(tuple),
        st.none() | st.dictionaries(st.integers(), st.none() | st.binary()),
    ),
    max_leaves=5,
)


@given(values)
def test_plain_values_arrive(value: Any) -> None:
    assert decoded(encoded(value), Any) == value


@given(shapes)
def test_dataclasses_and_enums_arrive(shape: Shape) -> None:
    assert decoded(encoded(shape), Shape | None) == shape


def test_numbers_that_are_none_and_buffers_arrive() -> None:
    assert math.isnan(decoded(encoded(math.nan), float))
    assert decoded(encoded((memoryview(b"ab"), bytearray(b"c"))), tuple[bytes, ...]) == (b"ab", b"c")
    assert decoded(encoded([1, "a"]), tuple[int, str]) == (1, "a")


@pytest.mark.parametrize("value", [object(), {1, 2}, Point, 1j])
def test_what_is_not_plain_is_not_sent(value: object) -> None:
    with pytest.raises(NotPlain):
        encoded(value)


@pytest.mark.parametrize(
    ("value", "promise"),
    [
        (1, str),
        (True, int),
        (1, bool),
        ("a", Colour),
        (Point(1, 2.0), Shape),
        (Point("x", 2.0), Point),  # type: ignore[arg-type]
        (Point(1, 2.0), tuple[int, float]),
        ((1, 2, 3), tuple[int, int]),
        ((1, "a"), tuple[int, ...]),
        ({1: 2}, dict[str, int]),
        ({1: 2}, tuple[int, ...]),
        ("other", Literal["this"]),
        (None, int | str),
        (1, None),
    ],
)
def test_what_was_not_promised_is_not_believed(value: object, promise: Any) -> None:
    with pytest.raises(NotPlain):
        decoded(encoded(value), promise)


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"{",
        b"\xff",
        b'{"part": 0}',
        b'{"part": -1}',
        b'{"part": "0"}',
        b'{"dict": [[1]]}',
        b'{"dict": [[[{"dict": []}], 1]]}',
        b'{"class": "os:system", "of": ["true"]}',
        b'{"class": "builtins:eval", "of": ["1"]}',
        b'{"enum": "tests:Nothing", "of": 1}',
        b'{"other": 1}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_nonsense_is_not_read(told: bytes) -> None:
    with pytest.raises(NotPlain):
        decoded([told], Any)


def test_a_class_that_was_not_promised_is_not_made() -> None:
    class_of_point = json.loads(encoded(Point(1, 2.0))[0])["class"]
    lie = json.dumps({"class": class_of_point, "of": [1, 2.0, None]}).encode()
    assert decoded([lie], Point) == Point(1, 2.0)
    with pytest.raises(NotPlain):
        decoded([lie], int)
    with pytest.raises(NotPlain):
        decoded([json.dumps({"class": class_of_point, "of": [1]}).encode()], Point)


def test_a_promise_is_what_the_annotation_says() -> None:
    def promising() -> Shape | None:
        return None

    assert promise_of(promising) == Shape | None
    assert promise_of(len) is Any
    assert types_in(Shape | None) == {Shape, Point, Colour}
