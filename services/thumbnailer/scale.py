"""Sizes and area means: pictures are made small first, so that all that follows is cheap."""

import numpy as np
from PIL import Image

from services.thumbnailer.attributes import Described, numbers
from services.thumbnailer.picture import LONG_SIDE
from services.thumbnailer.plane import Array

_UTMOST_RATIO = 20.0
_SPACINGS = (
    ("PixelMeasuresSequence", "PixelSpacing"),
    ("", "ImagerPixelSpacing"),
    ("", "NominalScannedPixelSpacing"),
)


def picture_size(rows: int, columns: int, ratio: float) -> tuple[int, int]:
    """Width and height of the picture; `ratio` is a pixel's height by its width."""
    height = rows * ratio
    scale = LONG_SIDE / max(height, columns)
    return max(1, round(columns * scale)), max(1, round(height * scale))


def pixel_ratio(described: Described) -> float:
    """Height by width of one pixel: Pixel Aspect Ratio (PS3.3 C.7.6.3.1.7), else a spacing (10.7.1.3), else 1."""
    stated = [numbers(described.dataset, "PixelAspectRatio")]
    stated += [numbers(source, name) for macro, name in _SPACINGS for source in described.sources(macro)]
    for pair in stated:
        if len(pair) == 2 and min(pair) > 0:
            ratio = pair[0] / pair[1]
            return ratio if 1 / _UTMOST_RATIO <= ratio <= _UTMOST_RATIO else 1.0
    return 1.0


def shrunk(plane: Array, size: tuple[int, int]) -> Array:
    """Area mean of one plane of numbers: as float32, no side longer than in `size` or than it was."""
    target = min(size[0], plane.shape[1]), min(size[1], plane.shape[0])
    if target == (plane.shape[1], plane.shape[0]):
        return plane.astype(np.float32)
    image = Image.fromarray(plane if plane.dtype == np.uint8 else plane.astype(np.float32))
    return np.asarray(image.resize(target, Image.Resampling.BOX), dtype=np.float32)


def enlarged(picture: Array, size: tuple[int, int]) -> Image.Image:
    """The picture, grey or RGB in 8 bits, at its final size."""
    image = Image.fromarray(picture)
    return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
