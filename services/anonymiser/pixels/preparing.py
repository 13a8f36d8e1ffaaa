"""What the detecting network is shown: a tile with its contrast lifted, and beside it some text that is always there.

Without any text in sight the network calls the most text-like thing text, be it a whole pelvis; beside real text it no
longer does, and finds lone lines that it missed.
"""

from functools import cache

import numpy as np

from services.anonymiser.pixels.models import MULTIPLE, Array

_BLOCK = 128
"""Pixels: contrast is lifted by what is around within about this distance."""
_GAIN = 16.0
_STRIP, _GAP = 32, 16
_NARROWEST = 192
_GROUND = 96
_WORDS = (("MUELLER", 176), ("12:34:56", 16), ("Anna 1950", 255))
"""Reference text, and its grey levels."""


def in_colour(image: Array) -> Array:
    """(rows, columns, 3) of either shape."""
    return image if image.ndim == 3 else np.repeat(image[:, :, None], 3, 2)


def lifted(image: Array) -> Array:
    """The image with the range of grey levels around each place stretched to the whole, up to _GAIN times."""
    import cv2

    rows, columns = image.shape[:2]
    cells = (-(-columns // _BLOCK), -(-rows // _BLOCK))
    brightest, darkest = (image, image) if image.ndim == 2 else (image.max(2), image.min(2))
    kernel = np.ones((_BLOCK + 1, _BLOCK + 1), np.uint8)
    high = cv2.resize(cv2.dilate(brightest, kernel), cells, interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.resize(cv2.erode(darkest, kernel), cells, interpolation=cv2.INTER_AREA).astype(np.float32)
    gains = np.minimum(_GAIN, 255 / np.maximum(high - low, 1))
    under, gain = (cv2.resize(cell, (columns, rows), interpolation=cv2.INTER_LINEAR) for cell in (low, gains))
    if image.ndim == 3:
        under, gain = under[:, :, None], gain[:, :, None]
    return np.asarray(np.clip((image - under) * gain, 0, 255), np.uint8)


def with_reference(tile: Array) -> Array:
    """(rows, columns, 3) with sides that are multiples of MULTIPLE, `tile` (the same, any size) in its top left
    corner."""
    import cv2

    rows, columns = tile.shape[:2]
    wide = _up(max(columns, _NARROWEST))
    tall = _up(rows + _GAP + _STRIP)
    framed = cv2.copyMakeBorder(tile, 0, tall - _STRIP - rows, 0, wide - columns, cv2.BORDER_REPLICATE)
    return np.concatenate((in_colour(framed), in_colour(_strip(wide))))


def _up(length: int) -> int:
    return -(-length // MULTIPLE) * MULTIPLE


@cache
def _strip(wide: int) -> Array:
    import cv2

    strip = np.full((_STRIP, wide), _GROUND, np.uint8)
    left, word = 8, 0
    while True:
        text, level = _WORDS[word % len(_WORDS)]
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
        if left + width + 8 > wide:
            return strip
        cv2.putText(strip, text, (left, 21), cv2.FONT_HERSHEY_SIMPLEX, 0.5, level, 1, cv2.LINE_AA)
        left, word = left + width + 40, word + 1
