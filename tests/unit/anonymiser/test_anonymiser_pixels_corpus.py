"""Real files: blanked where a detector says, unchanged elsewhere, and readable as before; whatever they are."""

from pathlib import Path

import numpy as np
import pytest

from services.anonymiser.dataset.limits import BeyondLimits, Unreadable
from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tree import Item, Syntax, word
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.cleaning import Blanked, HeldPixels, clean_pixels
from services.anonymiser.pixels.description import Array, Undescribed, describe, pixels_of
from services.anonymiser.pixels.policy import PixelPolicy
from services.anonymiser.pixels.workers import Examiner
from shared.outcome import Reason
from tests.support import corpus
from tests.unit.anonymiser.picture_checks import applied, constant, frames_of, outside

MARGIN, LARGEST = 3, 8_000_000
# Nothing of it is an image, or no decoder here knows it.
REFUSED = {Reason.UNREADABLE_PIXELS, Reason.NOT_EXAMINED}


def small() -> list[Path]:
    return [path for path in corpus.files() if path.stat().st_size < LARGEST]


class Once:
    """Sees a small box in every picture, in the first look only."""

    def find(self, image: Array, look: int) -> tuple[Box, ...]:
        return (_box(*image.shape[:2]),) if look == 1 else ()


def _box(rows: int, columns: int) -> Box:
    left, top = columns // 4, rows // 4
    return Box(left, top, left + max(1, columns // 8), top + max(1, min(rows // 16, 10)))


@pytest.mark.parametrize("path", small(), ids=lambda path: path.name)
def test_a_real_file_is_blanked_there_and_nowhere_else(path: Path) -> None:
    read_back = _images(path)
    if read_back is None:
        return  # nothing here has pixels: other tests look at it
    elements, syntax = read_back
    everything = PixelPolicy(always=frozenset({word(elements, 0x00080016), word(elements, 0x00080060).upper()}))
    result = clean_pixels(elements, syntax, everything, Examiner(0), Once)
    if isinstance(result, HeldPixels):
        assert result.reason in REFUSED or pixels_of(elements).tag != 0x7FE00010  # type: ignore[union-attr]
        return
    assert isinstance(result, Blanked)
    assert result.examined
    before, after = frames_of(elements, syntax), frames_of(applied(elements, result), result.syntax)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        _compare(old, new, result.syntax == syntax)


def _images(path: Path) -> tuple[Item, Syntax] | None:
    try:
        syntax, elements = read(path.read_bytes())
        if pixels_of(elements) is None:
            return None
        describe(elements, syntax)
    except (Unreadable, BeyondLimits, Undescribed):
        return None
    return elements, syntax


def _compare(old: Array, new: Array, same_syntax: bool) -> None:
    box = _box(*old.shape[:2])
    assert old.shape == new.shape
    assert constant(new[box.top : box.bottom, box.left : box.right])
    wide = Box(max(box.left, MARGIN + 1), max(box.top, MARGIN + 1), box.right, box.bottom)
    if same_syntax:
        np.testing.assert_array_equal(outside(new, wide, MARGIN + 1), outside(old, wide, MARGIN + 1))
