"""Which frames of many are read: none with other text is left out, and still frames are read once."""

import random

import numpy as np
import pytest

from services.anonymiser.pixels import frames
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.detecting import detector
from tests.support.cines import angiography
from tests.support.planting import ink_of, planted

TEXT = Box(10, 10, 60, 20)
OTHER = Box(10, 40, 60, 50)
BRIGHT, DARK = 250, 5


def bars(image: np.ndarray) -> tuple[Box, ...]:
    """A detector of our own for pictures of grey 100: each of the two places that has a bright or a dark pixel."""
    said = (np.abs(image.astype(int) - 100) > 90).any(axis=tuple(range(2, image.ndim)))
    return tuple(box for box in (TEXT, OTHER) if said[box.top : box.bottom, box.left : box.right].any())


def frame(*texts: tuple[Box, int], shape: tuple[int, ...] = (64, 80), seed: int = 0) -> np.ndarray:
    """Grey, with noise, and with stripes for letters in the boxes."""
    image = np.random.default_rng(seed).normal(100, 3, shape).clip(0, 255).astype(np.uint8)
    for box, level in texts:
        image[box.top : box.bottom, box.left : box.right : 3] = level
    return image


def alike(*shown: np.ndarray, known: tuple[Box, ...] = ()) -> bool:
    return frames.alike(((one,) for one in shown), known, bars)


@pytest.mark.parametrize("shape", [(64, 80), (64, 80, 3)])
def test_frames_without_text_are_alike(shape: tuple[int, ...]) -> None:
    assert alike(*(frame(shape=shape, seed=seed) for seed in range(8)))


def test_text_that_stands_still_is_known() -> None:
    still = [frame((TEXT, BRIGHT), seed=seed) for seed in range(8)]
    assert alike(*still, known=(TEXT,))


@pytest.mark.parametrize("at", range(1, 8))
@pytest.mark.parametrize("level", [BRIGHT, DARK])
@pytest.mark.parametrize("shape", [(64, 80), (64, 80, 3)])
def test_text_in_one_frame_is_seen(at: int, level: int, shape: tuple[int, ...]) -> None:
    shown = [frame((TEXT, BRIGHT), shape=shape, seed=seed) for seed in range(8)]
    shown[at] = frame((TEXT, BRIGHT), (OTHER, level), shape=shape, seed=at)
    assert not alike(*shown, known=(TEXT,))


def test_what_stands_still_and_was_not_read_in_the_first_frame_is_no_news() -> None:
    still = [frame((TEXT, BRIGHT)) for _ in range(4)]
    still[2][0, 0] = 99
    still[3][0, 0] = 120
    assert alike(*still)
    still[3][TEXT.top : TEXT.bottom, TEXT.left + 1 : TEXT.right : 3] = BRIGHT
    assert not alike(*still)


def test_other_text_in_the_same_place_is_seen() -> None:
    shown = [frame((TEXT, BRIGHT), seed=seed) for seed in range(4)]
    shown[2][TEXT.top : TEXT.bottom, TEXT.left : TEXT.right] = 100
    shown[2][TEXT.top : TEXT.bottom : 3, TEXT.left : TEXT.right] = BRIGHT
    assert not alike(*shown, known=(TEXT,))


def test_pages_that_would_hide_each_others_text_are_read() -> None:
    black, white = np.zeros((64, 80), np.uint8), np.full((64, 80), 255, np.uint8)
    assert not frames.alike(((page,) for page in (black, white, black)), (), lambda picture: ())


def test_frames_of_other_shapes_or_with_other_pictures_are_read() -> None:
    assert not alike(frame(), frame(shape=(64, 81)))
    assert not frames.alike(iter([(frame(),), (frame(), frame())]), (), bars)


def test_small_and_flat_pictures_are_no_trouble() -> None:
    assert alike(*(np.full((3, 2), level, np.uint8) for level in (100, 101, 102)))
    assert alike(frame(), frame(), known=(TEXT,))
    assert not alike(frame(), np.full((64, 80), 100, np.uint8), known=(TEXT,))


@pytest.mark.parametrize(
    ("number", "size", "expected"),
    [
        (1, 10, [range(1)]),
        (20, 1000, [range(8), range(8, 16), range(16, 20)]),
        (3, 200 * 1024**2, [range(1), range(1, 2), range(2, 3)]),
        (4, 100 * 1024**2, [range(2), range(2, 4)]),
        (1, 10**12, [range(1)]),
    ],
)
def test_groups_cover_all_frames_and_fit_in_memory(number: int, size: int, expected: list[range]) -> None:
    assert list(frames.groups(number, size)) == expected


def test_the_first_of_each_group_is_read_and_the_others_of_those_that_are_not_quiet() -> None:
    read: list[int] = []

    def seen(number: int) -> tuple[Box, ...]:
        read.append(number)
        return (TEXT,) if number == 8 else ()

    asked: list[tuple[range, tuple[Box, ...]]] = []

    def quiet(part: range, known: tuple[Box, ...]) -> bool:
        asked.append((part, known))
        return part[0] != 8

    found = frames.read(frames.groups(27, 1), seen, quiet)
    assert read == [0, *range(8, 16), 16, *range(24, 27)]
    assert found == {number: (TEXT,) if number == 8 else () for number in read}
    assert asked == [(range(8), ()), (range(8, 16), (TEXT,)), (range(16, 24), ())]


def test_the_real_detector_sees_a_line_in_one_of_eight_moving_frames() -> None:
    shown = list(angiography(frames.GROUP, 256, 3))
    assert frames.alike(((one,) for one in shown), (), detector().find)
    shown[5], truth = planted(shown[5], 14, 60, random.Random(1), lines=1)
    assert truth
    assert not frames.alike(((one,) for one in shown), (), detector().find)


def test_the_real_detector_knows_a_line_that_stays() -> None:
    ink = ink_of("MUELLER, ANNA", 12, "outline")
    shown = list(angiography(4, 256, 5))
    for one in shown:
        place = one[20 : 20 + ink.shape[0], 30 : 30 + ink.shape[1]]
        place[:] = place * (1 - ink) + 250 * ink
    known = detector().find(shown[0])
    assert known
    assert frames.alike(((one,) for one in shown), known, detector().find)
