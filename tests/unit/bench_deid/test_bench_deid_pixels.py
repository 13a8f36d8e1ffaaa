"""Whether a text is hidden is a matter of stored values, however it was hidden."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bench.deid.burning import letters
from tests.bench.deid.pixels import Decoded, hidden, retained
from tests.bench.deid.truth import Check

BOX = (30, 40)
Change = Callable[[NDArray[np.uint8], slice, slice], None]


def written(shade: int, ground: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_], Check]:
    """A line on noisy ground, its letters, and its check."""
    ink = letters("SMITH JOHN 4711", 24, 0)
    rows, columns = ink.shape
    random = np.random.default_rng(3)
    plane = random.normal(ground, 6, (120, 400)).clip(0, 255)
    left, top = BOX
    part = plane[top : top + rows, left : left + columns]
    part += ink * (shade - part)
    box = (left, top, left + columns, top + rows)
    return plane.round().astype(np.uint8), ink > 0.5, Check("f", "pixels", "pixels_hidden", "0", "x", boxes=(box,))


def decoded(plane: NDArray[np.uint8]) -> Decoded:
    return Decoded(plane[None, :, :, None], "MONOCHROME2")


def judged(change: Change, shade: int, ground: int) -> str | None:
    plane, mask, check = written(shade, ground)
    left, top, right, bottom = check.boxes[0]
    after = plane.copy()
    change(after, slice(top, bottom), slice(left, right))
    return hidden(check, decoded(plane), decoded(after), mask)


def black(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows, columns] = 0


def white(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows, columns] = 255


def larger(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows.start - 9 : rows.stop + 9, columns.start - 9 : columns.stop + 9] = 0


def ground_like(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows, columns] = plane[: rows.stop - rows.start, : columns.stop - columns.start]


def a_row_short(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows.start + 1 : rows.stop - 1, columns] = 0


def nothing(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    pass


def half(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows, columns.start : (columns.start + columns.stop) // 2] = 0


def all_but_one_letter(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows, columns.start : columns.stop - 26] = 0


def lower_half(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[(rows.start + rows.stop) // 2 :, columns] = 0


def inverted(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows, columns] = 255 - plane[rows, columns]


def dimmed(plane: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    plane[rows, columns] = (plane[rows, columns] * 0.6).astype(np.uint8)


@pytest.mark.parametrize(("shade", "ground"), [(250, 20), (240, 120), (10, 150), (5, 230)])
@pytest.mark.parametrize("change", [black, white, larger, ground_like, a_row_short])
def test_blanked_text_is_hidden(change: Change, shade: int, ground: int) -> None:
    assert judged(change, shade, ground) is None


@pytest.mark.parametrize(("shade", "ground"), [(250, 20), (240, 120), (10, 150), (5, 230)])
@pytest.mark.parametrize("change", [nothing, half, all_but_one_letter, lower_half, inverted, dimmed])
def test_text_that_can_be_read_is_seen(change: Change, shade: int, ground: int) -> None:
    assert judged(change, shade, ground)


def test_pixels_near_text_may_be_blanked_and_others_may_not() -> None:
    plane, _, check = written(250, 20)
    left, top, right, bottom = check.boxes[0]
    after = plane.copy()
    after[top - 10 : bottom + 10, left - 10 : right + 10] = 0
    assert retained(check, decoded(plane), decoded(after)) is None
    after[0, 0] ^= 1
    assert "1 pixels changed" in str(retained(check, decoded(plane), decoded(after)))


def test_outside_a_told_region_a_layout_may_blank() -> None:
    plane, _, _ = written(250, 20)
    after = plane.copy()
    after[:20] = 0
    within = Check("f", "pixels", "pixels_retained", region=(0, 20, 400, 120))
    assert retained(within, decoded(plane), decoded(after)) is None
    assert retained(Check("f", "pixels", "pixels_retained"), decoded(plane), decoded(after))


def test_another_size_is_another_image() -> None:
    plane, mask, check = written(250, 20)
    assert hidden(check, decoded(plane), decoded(plane[:-1]), mask)
    assert retained(check, decoded(plane), decoded(plane[:-1]))
