"""The pixels of whole objects: what passes, what is blanked, what is held."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
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
from services.anonymiser.pixels.description import pixels_of
from services.anonymiser.pixels.examining import Written
from services.anonymiser.pixels.masks import parsed
from services.anonymiser.pixels.policy import PixelPolicy, Unexamined
from services.anonymiser.pixels.workers import Examiner, Limits
from shared.outcome import Reason
from tests.unit.anonymiser.picture_checks import applied, by_pydicom, constant, frames_of, inside, outside
from tests.unit.anonymiser.pictures import (
    CT,
    DEFLATED_FRAMES,
    GREY,
    TEXT,
    US,
    Kind,
    Knowing,
    Stubborn,
    knowing,
    pictured,
    stored_values,
    with_elements,
)

T = TypeVar("T")

HERE = Examiner(0)
POLICY = PixelPolicy()
DEEP = Kind("MONOCHROME2", 12, 16)
SIGNED = Kind("MONOCHROME2", 12, 16, signed=True)
NAME = b"DOE^JANE 4711"
QUIET = {"SOPClassUID": CT, "Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}
NOTHING = Box(1, 1, 2, 2)
LAYOUT = "layouts: [{name: a, when: {Modality: {equals: OT}}, blank: [[0, 0, 96, 10], [90, 60, 99, 99]]}]"


def _one(kind: Kind = GREY, syntax: str = ExplicitVRLittleEndian, **attributes: object) -> tuple[Item, Syntax]:
    return pictured([stored_values(kind)], kind, syntax, **attributes)


def _quiet(kind: Kind = DEEP, syntax: str = ExplicitVRLittleEndian) -> tuple[Item, Syntax]:
    return _one(kind, syntax, **QUIET)


def _clean(
    elements: Item,
    syntax: Syntax,
    detector: Callable[[], Knowing | Stubborn] = knowing(),  # noqa: B008  a constant
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
    assert _clean(with_elements(elements, wrong), syntax) == HeldPixels(Reason.UNCLEANABLE)


def test_fragments_that_nobody_can_tell_apart_are_held() -> None:
    elements, syntax = _quiet(syntax=RLELossless)
    frames = Element(0x00280008, "IS", b"3 ")
    assert _clean(with_elements(elements, frames), syntax) == HeldPixels(Reason.UNCLEANABLE)


def test_rubbish_is_held() -> None:
    elements, syntax = _one(syntax=RLELossless)
    rubbish = Element(0x7FE00010, "OB", encapsulate([NAME * 9]), encapsulated=True)
    assert _clean(with_elements(elements, rubbish), syntax) == HeldPixels(Reason.UNCLEANABLE)


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


# Beside the pixels.


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_a_native_tail_is_cut(syntax: str) -> None:
    elements, read_syntax = _quiet(syntax=syntax)
    pixels = pixels_of(elements)
    assert pixels is not None
    spoken = with_elements(elements, replace(pixels, value=bytes(pixels.value) + NAME + b" "))
    result = _clean(spoken, read_syntax, examiner=None)
    assert isinstance(result, Blanked)
    assert (result.boxes, result.examined) == (0, False)
    assert pixels_of(applied(spoken, result)) == pixels
    padded = with_elements(elements, replace(pixels, value=bytes(pixels.value) + bytes(32)))
    assert _clean(padded, read_syntax, examiner=None) == Untouched(examined=False)


def test_a_comment_in_a_codestream_is_cut_and_nothing_is_encoded_anew() -> None:
    elements, syntax = _quiet(GREY, JPEGBaseline8Bit)
    pixels = pixels_of(elements)
    assert pixels is not None
    stream = bytes(pixels.value[20:])
    spoken = stream[:2] + b"\xff\xfe\x00\x0f" + NAME + stream[2:]
    commented = Element(0x7FE00010, "OB", encapsulate([spoken.rstrip(b"\0")], has_bot=False), encapsulated=True)
    result = _clean(with_elements(elements, commented), syntax, examiner=None)
    assert isinstance(result, Blanked)
    assert result.syntax == syntax
    kept = pixels_of(applied(elements, result))
    assert kept is not None
    assert bytes(kept.value[8:]) == bytes(pixels.value[12:])


def test_an_offset_table_of_something_else_is_made_anew() -> None:
    elements, syntax = pictured([stored_values(GREY), stored_values(GREY)], GREY, RLELossless, **QUIET)
    pixels = pixels_of(elements)
    assert pixels is not None
    spoken = pixels.value[:8] + b"DOE JANE" + bytes(pixels.value[16:])
    result = _clean(with_elements(elements, replace(pixels, value=spoken)), syntax, examiner=None)
    assert isinstance(result, Blanked)
    assert result.elements[0x7FE00010] == pixels


# Bits that are no pixel.


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless, DEFLATED_FRAMES])
@pytest.mark.parametrize("kind", [DEEP, SIGNED], ids=str)
def test_bits_above_the_pixels_are_taken_out(kind: Kind, syntax: str) -> None:
    values = stored_values(kind)
    whole = Kind(kind.photometric, 16, 16, kind.signed)
    spoken = values ^ np.array(0x4000, values.dtype) * (np.indices(values.shape).sum(axis=0) % 3 == 0)
    elements, read_syntax = pictured([values, spoken.astype(values.dtype)], whole, syntax, **QUIET)
    elements = with_elements(
        elements, *(_us(tag, value, read_syntax) for tag, value in ((0x00280101, 12), (0x00280102, 11)))
    )
    result = _clean(elements, read_syntax)
    assert isinstance(result, Blanked)
    assert (result.syntax, result.boxes, result.examined) == (read_syntax, 0, False)
    for after in frames_of(applied(elements, result), read_syntax):
        np.testing.assert_array_equal(after, values)


def test_an_overlay_in_the_pixels_is_taken_out_with_its_bits() -> None:
    elements, syntax = _quiet(Kind("MONOCHROME2", 16, 16))
    elements = with_elements(elements, _us(0x00280101, 12, syntax), _us(0x00280102, 11, syntax))
    overlay = (_us(0x60000100, 16, syntax), _us(0x60000102, 12, syntax))
    result = _clean(with_elements(elements, *overlay), syntax)
    assert isinstance(result, Blanked)
    (after,) = frames_of(applied(elements, result), syntax)
    assert after.max() < 4096
    within = (_us(0x60000100, 16, syntax), _us(0x60000102, 11, syntax))
    assert _clean(with_elements(elements, *within), syntax) == HeldPixels(Reason.OVERLAY)


def test_bits_that_only_a_codec_can_show_are_held_without_a_worker() -> None:
    elements, syntax = _quiet(DEEP, RLELossless)
    assert _clean(elements, syntax) == Untouched(examined=False)
    assert _clean(elements, syntax, examiner=None) == HeldPixels(Reason.UNCLEANABLE)


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
        assert clean_pixels(*_one(), POLICY, examiner, crash) == HeldPixels(Reason.UNCLEANABLE)
        assert isinstance(clean_pixels(*_one(), POLICY, examiner, known_place), Blanked)


class Lying(Examiner):
    """Its workers answer with frames of another size."""

    def run(self, function: Callable[..., T], *payload: object, seconds: float | None = None) -> T:
        answer = super().run(function, *payload, seconds=seconds)
        return replace(answer, frame=answer.frame + b"\0") if isinstance(answer, Written) else answer


def test_a_frame_of_another_size_is_not_believed() -> None:
    elements, syntax = pictured([stored_values(GREY), stored_values(GREY)], GREY, ExplicitVRLittleEndian)
    assert _clean(elements, syntax, examiner=Lying(0)) == HeldPixels(Reason.UNCLEANABLE)


def test_the_same_object_gives_the_same_bytes() -> None:
    elements, syntax = pictured([stored_values(GREY), stored_values(GREY, 1)], GREY, JPEG2000Lossless)
    assert _clean(elements, syntax) == _clean(elements, syntax)


def test_frames_are_blanked_where_each_has_its_writing() -> None:
    other = Box(20, 44, 84, 58)
    moved = np.roll(stored_values(GREY), (24, 10), (0, 1))
    elements, syntax = pictured([stored_values(GREY), moved], GREY, ExplicitVRLittleEndian)
    result = _clean(elements, syntax, knowing(TEXT, other, looks=(1,), least=200))
    assert isinstance(result, Blanked)
    first, second = frames_of(applied(elements, result), syntax)
    assert constant(inside(first))
    assert constant(inside(second, other))
    np.testing.assert_array_equal(outside(second, other), outside(moved, other))
    assert by_pydicom(applied(elements, result), syntax).NumberOfFrames == 2


def _us(tag: int, value: int, syntax: Syntax) -> Element:
    return Element(tag, "US", value.to_bytes(2, "little" if syntax.little else "big"))
