"""Many frames: what is read, what goes by its neighbours, and what is blanked in each."""

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

from services.anonymiser.dataset.limits import Deadline
from services.anonymiser.dataset.tree import Item, Syntax
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.cleaning import Blanked, HeldPixels, clean_pixels
from services.anonymiser.pixels.description import Array
from services.anonymiser.pixels.examining import FindsText
from services.anonymiser.pixels.policy import PixelPolicy
from services.anonymiser.pixels.workers import Examiner
from shared.outcome import Reason
from tests.unit.anonymiser.picture_checks import applied, by_pydicom, constant, frames_of, inside, outside
from tests.unit.anonymiser.pictures import GREY, TEXT, Knowing, pictured, stored_values


def _clean(elements: Item, syntax: Syntax, detector: FindsText) -> Blanked:
    result = clean_pixels(elements, syntax, PixelPolicy(), Examiner(0), lambda: detector)
    assert isinstance(result, Blanked)
    assert result.examined
    return result


def test_frames_are_blanked_where_each_has_its_writing() -> None:
    other = Box(20, 44, 84, 58)
    moved = np.roll(stored_values(GREY), (24, 10), (0, 1))
    elements, syntax = pictured([stored_values(GREY), moved], GREY, ExplicitVRLittleEndian)
    result = _clean(elements, syntax, Knowing((TEXT, other), (1,), 200))
    assert isinstance(result, Blanked)
    first, second = frames_of(applied(elements, result), syntax)
    assert constant(inside(first))
    assert constant(inside(second, other))
    np.testing.assert_array_equal(outside(second, other), outside(moved, other))
    assert by_pydicom(applied(elements, result), syntax).NumberOfFrames == 2


class Counting:
    """Knows, and counts the pictures that it is shown."""

    def __init__(self) -> None:
        self.shown = 0

    def find(self, image: Array, look: int) -> tuple[Box, ...]:
        self.shown += 1
        return Knowing((TEXT,), least=150).find(image, look)


def _cine(clear_from: int, frames: int = 20) -> list[Array]:
    """The same picture, with writing up to `clear_from`."""
    ink = stored_values(GREY)
    clear = ink.copy()
    clear[TEXT.top : TEXT.bottom, TEXT.left : TEXT.right] = 99
    return [ink if number < clear_from else clear for number in range(frames)]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit])
def test_frames_that_are_not_read_go_by_their_neighbours(syntax: str) -> None:
    counting = Counting()
    elements, read_syntax = pictured(_cine(20), GREY, syntax)
    result = _clean(elements, read_syntax, counting)
    assert isinstance(result, Blanked)
    assert result.examined
    assert counting.shown < 20
    assert all(constant(inside(frame)) for frame in frames_of(applied(elements, result), result.syntax))


@pytest.mark.parametrize("clear_from", [1, 5, 8, 13])
def test_writing_in_some_frames_is_found_in_each_and_only_in_these(clear_from: int) -> None:
    elements, syntax = pictured(_cine(clear_from), GREY, ExplicitVRLittleEndian)
    result = _clean(elements, syntax, Knowing((TEXT,)))
    assert isinstance(result, Blanked)
    before, after = frames_of(elements, syntax), frames_of(applied(elements, result), syntax)
    assert all(constant(inside(frame)) for frame in after[:clear_from])
    changed = [number for number in range(20) if not np.array_equal(before[number], after[number])]
    assert set(range(clear_from)) <= set(changed)
    # A clear frame that was not read goes by its neighbours, one of which had writing.
    assert set(changed) <= set(range(clear_from + 8))


def test_a_cine_that_takes_too_long_is_held() -> None:
    counting, clock = Counting(), iter(range(1000))
    elements, syntax = pictured(_cine(20), GREY, ExplicitVRLittleEndian)
    deadline = Deadline(2, lambda: next(clock))
    held = clean_pixels(elements, syntax, PixelPolicy(), Examiner(0), lambda: counting, deadline)
    assert held == HeldPixels(Reason.NOT_EXAMINED)
    assert 0 < counting.shown < 10
