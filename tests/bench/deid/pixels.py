"""The two actions on pixels, judged on stored values."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import convert_color_space
from pydicom.pixels.utils import pixel_array

from tests.bench.deid.truth import Box, Check

Stored = NDArray[Any]
NEAR = 3
"""Pixels around a letter's that count as its ground."""

STANDS_OUT = 0.4
"""A letter's pixel is seen when it differs from its ground by this part of what the text did at first."""

SEEN = 0.3
"""A piece of text can be read when more than this part of its pixels is seen: the rim of a blank is not."""

GROWTH = 24
"""Around text, twice the height of its capitals and at least so many pixels may be blanked with it."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Frames x rows x columns x samples, as stored."""

    frames: Stored
    photometric: str

    @classmethod
    def of(cls, path: Path, dataset: Dataset) -> "Decoded":
        """Raises whatever pydicom raises for pixels that it cannot decode."""
        array = pixel_array(path, raw=True)
        samples, frames = int(dataset.SamplesPerPixel), int(dataset.get("NumberOfFrames") or 1)
        shaped = array.reshape(frames, int(dataset.Rows), int(dataset.Columns), samples)
        return cls(shaped, str(dataset.PhotometricInterpretation))

    def lightness(self, frame: int) -> NDArray[np.float64]:
        """Rows x columns."""
        chosen = self.frames[frame].astype(np.float64)
        return np.asarray(chosen[..., 0] if self.photometric.startswith("YBR") else chosen.mean(axis=-1))


def hidden(check: Check, before: Decoded, after: Decoded, letters: NDArray[np.bool_]) -> str | None:
    """Whether no piece of the text, about a letter wide, still stands out from its ground within the true box."""
    if after.frames.shape[:3] != before.frames.shape[:3]:
        return f"the image has another shape: {after.frames.shape[:3]}"
    (left, top, right, bottom) = check.boxes[0]
    parts = [one.lightness(check.frame)[top:bottom, left:right] for one in (before, after)]
    first, now = (_against_ground(part, letters) for part in parts)
    contrast = float(np.percentile(first[letters], 75))
    drawn = letters & (first >= STANDS_OUT * contrast)
    seen = drawn & (now >= STANDS_OUT * contrast)
    width = max(6, bottom - top)
    for start in range(0, right - left, width):
        piece = slice(start, start + width)
        there = int(drawn[:, piece].sum())
        if there >= 8 and seen[:, piece].sum() > SEEN * there:
            share = seen[:, piece].sum() / there
            return f"of {check.value!r} {share:.0%} is seen at {left + start}, {top}"
    return None


def _against_ground(part: NDArray[np.float64], letters: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much each pixel differs from the mean of the ground near it; 0 where there is none."""
    ground = ~letters
    total, count = _summed(part * ground), _summed(ground.astype(np.float64))
    near = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    return np.asarray(np.where(count > 0, np.abs(part - near), 0.0))


def _summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum over the square of `NEAR` pixels each way."""
    padded = np.pad(values, ((NEAR + 1, NEAR), (NEAR + 1, NEAR))).cumsum(0).cumsum(1)
    size = 2 * NEAR + 1
    return np.asarray(padded[size:, size:] - padded[:-size, size:] - padded[size:, :-size] + padded[:-size, :-size])


def retained(check: Check, before: Decoded, after: Decoded) -> str | None:
    """Whether all stored values are as before, but for those around what was written, or outside a told region."""
    if after.frames.shape != before.frames.shape:
        return f"the image has another shape: {after.frames.shape}"
    changed = (_differing(before, after)) & _judged(check, before.frames.shape[1:3])
    if not changed.any():
        return None
    _, row, column = (int(index[0]) for index in np.nonzero(changed))
    return f"{int(changed.sum())} pixels changed, the first at {column}, {row}"


def _differing(before: Decoded, after: Decoded) -> NDArray[np.bool_]:
    if before.photometric == after.photometric or before.frames.shape[-1] == 1:
        return np.asarray((before.frames != after.frames).any(axis=-1))
    # Another colour space is no other picture; the arithmetic rounds.
    one, other = (_rgb(decoded) for decoded in (before, after))
    return np.asarray((np.abs(one - other) > 3).any(axis=-1))


def _rgb(decoded: Decoded) -> NDArray[np.int16]:
    frames = decoded.frames
    if decoded.photometric.startswith("YBR"):
        frames = convert_color_space(frames, "YBR_FULL", "RGB")
    return frames.astype(np.int16)


def _judged(check: Check, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    rows, columns = shape
    judged = np.ones((rows, columns), np.bool_)
    if check.region:
        left, top, right, bottom = check.region
        judged[:] = False
        judged[top:bottom, left:right] = True
    for box in check.boxes:
        left, top, right, bottom = _grown(box)
        judged[max(0, top) : bottom, max(0, left) : right] = False
    return judged


def _grown(box: Box) -> Box:
    left, top, right, bottom = box
    by = max(GROWTH, 2 * (bottom - top))
    return left - by, top - by, right + by, bottom + by
