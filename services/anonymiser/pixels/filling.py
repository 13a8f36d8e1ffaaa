"""Blanked places filled from around them, for detectors only: a black bar on a bright picture looks like a word."""

from collections.abc import Iterable

import cv2
import numpy as np

from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.description import Array

_AROUND = 32
"""Pixels around a box that lend it their levels."""


def filled(picture: Array, boxes: Iterable[Box]) -> Array:
    """The picture, (rows, columns) or (rows, columns, 3), with smooth levels in `boxes`; what is left of letters at
    their edges stays."""
    boxes = tuple(boxes)
    if not boxes:
        return picture
    made = picture.copy()
    there = np.ones(picture.shape[:2], np.float32)
    for box in boxes:
        there[box.top : box.bottom, box.left : box.right] = 0
    whole = Box(0, 0, picture.shape[1], picture.shape[0])
    for box in boxes:
        part = box.grown(_AROUND).clipped(whole)
        place = slice(part.top, part.bottom), slice(part.left, part.right)
        made[place] = _pulled(made[place], there[place])
        there[box.top : box.bottom, box.left : box.right] = 1
    return made


def _pulled(picture: Array, there: Array) -> Array:
    """From the picture at half the size, and that from the one at half of this, until all is covered."""
    values = _times(picture.astype(np.float32), there)
    smooth = _coarser(values, there)
    return np.asarray(np.clip(np.rint(values + _times(smooth, 1 - there)), 0, 255), np.uint8)


def _coarser(values: Array, there: Array) -> Array:
    """Levels for every pixel; those of the mean where nothing is known."""
    rows, columns = there.shape
    if there.all() or min(rows, columns) < 2:
        known = float(there.sum())
        mean = values.sum(axis=(0, 1)) / known if known else 0
        return np.where(_times(np.ones_like(values), there) > 0, _times(values, 1 / np.maximum(there, 1e-6)), mean)
    size = -(-columns // 2), -(-rows // 2)
    small, known_there = (cv2.resize(array, size, interpolation=cv2.INTER_AREA) for array in (values, there))
    finer = cv2.resize(_coarser(small, known_there), (columns, rows), interpolation=cv2.INTER_LINEAR)
    known_values = _times(values, 1 / np.maximum(there, 1e-6))
    return np.asarray(_times(known_values, there) + _times(finer, 1 - there), np.float32)


def _times(values: Array, weights: Array) -> Array:
    product: Array = values * (weights if values.ndim == 2 else weights[:, :, None])
    return product
