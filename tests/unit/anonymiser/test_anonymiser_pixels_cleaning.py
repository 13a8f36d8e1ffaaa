"""The pixels of whole objects: what passes, what is blanked, what is held."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from services.anonymiser.dataset.tree import Element, Item, Syntax
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.cleaning import Blanked, HeldPixels, Untouched, clean_pixels
from services.anonymiser.pixels.examining import FindsText, Written
from services.anonymiser.pixels.masks import parsed
from services.anonymiser.pixels.policy import PixelPolicy, Unexamined
from services.anonymiser.pixels.workers import Examiner, Limits
from shared.outcome import Reason
from tests.unit.anonymiser.picture_checks import applied, constant, frames_of, inside
from tests.unit.anonymiser.pictures import (
    GREY,
    QUIET,
    TEXT,
    US,
    Kind,
    Knowing,
    Stubborn,
    knowing,
    pictured,
    stored_values,
    with_elements,
    writing,
)

T = TypeVar("T")

HERE = Examiner(0)
POLICY = PixelPolicy()
DEEP = Kind("MONOCHROME2", 12, 16)
SIGNED = Kind("MONOCHROME2", 12, 16, signed=True)
NAME = b"DOE^JANE 4711"
NOTHING = Box(1, 1, 2, 2)
LAYOUT = "layouts: [{name: a, when: {Modality: {equals: OT}}, blank: [[0, 0, 96, 10], [90, 60, 99, 99]]}]"


def _one(kind: Kind = GREY, syntax: str = ExplicitVRLittleEndian, **attributes: object) -> tuple[Item, Syntax]:
    return pictured([stored_values(kind)], kind, syntax, **attributes)


def _quiet(kind: Kind = DEEP, syntax: str = ExplicitVRLittleEndian) -> tuple[Item, Syntax]:
    return _one(kind, syntax, **QUIET)


def _clean(
    elements: Item,
    syntax: Syntax,
    detector: Callable[[], FindsText] = knowing(),  # noqa: B008  a constant
    policy: PixelPolicy = POLICY,
    examiner: Examiner | None = HERE,
) -> Untouched | Blanked | HeldPixels:
    return clean_pixels(elements, syntax, policy, examiner, detector)


# Which way an object goes.


def test_without_pixels_there_is_nothing_to_do() -> None:
    assert _clean((), Syntax("1.2.840.10008.1.2.1")) == Untouched(examined=False)


def test_a_quiet_object_is_not_looked_at_and_needs_no_worker() -> None:
    for syntax in (ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless):
        assert _clean(*_quiet(syntax=syntax), Stubborn, examiner=None) == Untouched(examined=False)


def test_what_was_looked_at_and_has_nothing_stays_as_it_is() -> None:
    assert _clean(*_one(), knowing(NOTHING)) == Untouched(examined=True)


def test_without_cleaning_what_would_be_looked_at_is_held() -> None:
    assert _clean(*_one(), policy=replace(POLICY, clean=False)) == HeldPixels(Reason.BURNED_IN_TEXT)
    assert _clean(*_quiet(), policy=replace(POLICY, clean=False)) == Untouched(examined=False)


@pytest.mark.parametrize("limit", [{"max_bytes": 100}, {"max_frames": 0}, {"max_samples": 100}])
def test_beyond_a_limit_nothing_is_claimed(limit: dict[str, int]) -> None:
    policy = replace(POLICY, **limit)  # type: ignore[arg-type]
    assert _clean(*_one(), policy=policy) == HeldPixels(Reason.NOT_EXAMINED)
    policy = replace(policy, unexamined=Unexamined.LET_GO)
    assert _clean(*_one(), policy=policy) == Untouched(examined=False)


def test_what_nothing_here_decodes_was_not_examined() -> None:
    elements, _ = _one(DEEP, RLELossless)
    stream = b"\xff\xd8\xff\xc1\x00\x0b\x0c" + bytes(8) + b"\xff\xd9"
    twelve = Element(0x7FE00010, "OB", encapsulate([stream]), encapsulated=True)
    found = _clean(with_elements(elements, twelve), Syntax(str(JPEGExtended12Bit)))
    assert found == HeldPixels(Reason.NOT_EXAMINED)


def test_without_an_examiner_nothing_is_examined() -> None:
    assert _clean(*_one(), examiner=None) == HeldPixels(Reason.NOT_EXAMINED)


@pytest.mark.parametrize(
    "wrong",
    [
        Element(0x00280010, "US", b"\0\0"),
        Element(0x00280010, "US", b"\xff\0"),
        Element(0x00280101, "US", b"\x11\0"),
    ],
)
def test_pixels_that_do_not_fit_their_description_are_held(wrong: Element) -> None:
    elements, syntax = _quiet()
    assert _clean(with_elements(elements, wrong), syntax) == HeldPixels(Reason.UNREADABLE_PIXELS)


def test_fragments_that_nobody_can_tell_apart_are_held() -> None:
    elements, syntax = _quiet(syntax=RLELossless)
    frames = Element(0x00280008, "IS", b"3 ")
    assert _clean(with_elements(elements, frames), syntax) == HeldPixels(Reason.UNREADABLE_PIXELS)


def test_rubbish_is_held() -> None:
    elements, syntax = _one(syntax=RLELossless)
    rubbish = Element(0x7FE00010, "OB", encapsulate([NAME * 9]), encapsulated=True)
    assert _clean(with_elements(elements, rubbish), syntax) == HeldPixels(Reason.UNREADABLE_PIXELS)


def test_text_that_cannot_be_blanked_within_the_limits_is_held_as_text() -> None:
    elements, syntax = _one(syntax=JPEGBaseline8Bit)
    compressed = len(elements[-1].value)
    native = replace(POLICY, max_bytes=compressed)
    assert _clean(elements, syntax, knowing(NOTHING), native) == Untouched(examined=True)
    assert _clean(elements, syntax, policy=native) == HeldPixels(Reason.BURNED_IN_TEXT), "uncompressed it is too large"


def test_what_lies_beside_pixels_that_are_too_large_to_blank_is_held_as_text() -> None:
    elements, syntax = pictured([stored_values(Kind("MONOCHROME2", 16, 16))], DEEP, ExplicitVRLittleEndian, **QUIET)
    assert isinstance(_clean(elements, syntax), Blanked)
    assert _clean(elements, syntax, policy=replace(POLICY, max_bytes=10)) == HeldPixels(Reason.BURNED_IN_TEXT)


# The second look.


def test_what_only_the_second_look_finds_is_blanked_as_well() -> None:
    second = Box(30, 50, 60, 60)

    class Late:
        def find(self, image: np.ndarray, look: int) -> tuple[Box, ...]:  # type: ignore[type-arg]
            return Knowing((TEXT,)).find(image, 1) + Knowing((second,), (2,)).find(image, look)

    elements, syntax = _one()
    result = _clean(elements, syntax, Late)  # type: ignore[arg-type]
    assert isinstance(result, Blanked)
    assert result.boxes == 2
    (after,) = frames_of(applied(elements, result), syntax)
    assert constant(inside(after))
    assert constant(inside(after, second))


def test_what_still_shows_writing_is_held() -> None:
    assert _clean(*_one(), Stubborn) == HeldPixels(Reason.BURNED_IN_TEXT)


def test_what_is_too_large_for_text_is_neither_blanked_nor_let_go() -> None:
    ink = writing(200, 200, Box(20, 20, 180, 110))
    elements, syntax = pictured([stored_values(GREY, ink=ink)], GREY, ExplicitVRLittleEndian)
    assert _clean(elements, syntax, knowing(Box(20, 20, 180, 110))) == HeldPixels(Reason.BURNED_IN_TEXT)
    assert isinstance(_clean(elements, syntax, knowing(Box(20, 20, 180, 60))), Blanked)


# Layouts and regions.


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGBaseline8Bit])
def test_a_known_layout_is_blanked_in_every_frame_unread(syntax: str) -> None:
    elements, read_syntax = pictured([stored_values(GREY), stored_values(GREY, 1)], GREY, syntax)
    result = _clean(elements, read_syntax, knowing(NOTHING), replace(POLICY, layouts=parsed(LAYOUT)))
    assert isinstance(result, Blanked)
    assert (result.examined, result.boxes) == (True, 2)
    for after in frames_of(applied(elements, result), result.syntax):
        assert constant(after[:10])
        assert constant(after[60:, 90:])
        assert not constant(inside(after))


def test_a_known_layout_beyond_the_limits_is_held() -> None:
    policy = replace(POLICY, layouts=parsed(LAYOUT), max_bytes=10, unexamined=Unexamined.LET_GO)
    assert _clean(*_one(), policy=policy) == HeldPixels(Reason.NOT_EXAMINED)


def test_outside_the_regions_all_is_blanked_when_the_profile_says_so() -> None:
    elements, syntax = _one(SOPClassUID=US, Modality="US")
    corners = zip((0x00186018, 0x0018601A, 0x0018601C, 0x0018601E), (8, 40, 79, 59), strict=True)
    region = tuple(Element(tag, "UL", value.to_bytes(4, "little")) for tag, value in corners)
    elements = with_elements(elements, Element(0x00186011, "SQ", items=(region,)))
    assert _clean(elements, syntax, knowing(NOTHING)) == Untouched(examined=True)
    result = _clean(elements, syntax, knowing(NOTHING), replace(POLICY, outside_regions=True))
    assert isinstance(result, Blanked)
    (before,), (after,) = frames_of(elements, syntax), frames_of(applied(elements, result), syntax)
    np.testing.assert_array_equal(after[40:60, 8:80], before[40:60, 8:80])
    assert constant(after[:40])
    assert constant(after[60:])
    assert constant(after[:, :8])
    assert constant(after[:, 80:])


# Workers.


def crash() -> Knowing:
    os._exit(3)


def known_place() -> Knowing:
    return Knowing((TEXT,))


@pytest.mark.parametrize("kind", [GREY, Kind("PALETTE COLOR")], ids=str)
def test_a_worker_does_the_same(kind: Kind) -> None:
    elements, syntax = _one(kind, JPEG2000Lossless)
    with Examiner(1, Limits(seconds=60, memory=2 * 1024**3)) as examiner:
        result = clean_pixels(elements, syntax, POLICY, examiner, known_place)
    assert result == clean_pixels(elements, syntax, POLICY, HERE, known_place)
    assert isinstance(result, Blanked)


def test_a_worker_that_dies_takes_only_the_object_with_it() -> None:
    with Examiner(1, Limits(seconds=60, memory=2 * 1024**3)) as examiner:
        assert clean_pixels(*_one(), POLICY, examiner, crash) == HeldPixels(Reason.NOT_EXAMINED)
        assert isinstance(clean_pixels(*_one(), POLICY, examiner, known_place), Blanked)


class Lying(Examiner):
    """Its workers answer with frames of another size."""

    def run(self, function: Callable[..., T], *payload: object, seconds: float | None = None) -> T:
        answer = super().run(function, *payload, seconds=seconds)
        return replace(answer, frame=answer.frame + b"\0") if isinstance(answer, Written) else answer


def test_a_frame_of_another_size_is_not_believed() -> None:
    elements, syntax = pictured([stored_values(GREY), stored_values(GREY)], GREY, ExplicitVRLittleEndian)
    assert _clean(elements, syntax, examiner=Lying(0)) == HeldPixels(Reason.UNREADABLE_PIXELS)


def test_the_same_object_gives_the_same_bytes() -> None:
    elements, syntax = pictured([stored_values(GREY), stored_values(GREY, 1)], GREY, JPEG2000Lossless)
    assert _clean(elements, syntax) == _clean(elements, syntax)
