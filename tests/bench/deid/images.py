"""Pixels that look like what a modality makes: shapes with texture and noise, so that nothing is easy to find."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float64]
"""Rows x columns, 0 (black) to 1."""


def smooth(generator: np.random.Generator, rows: int, columns: int, cell: int) -> Plane:
    """Noise whose grains are about `cell` pixels wide."""
    coarse = generator.random((max(2, rows // cell + 2), max(2, columns // cell + 2)), dtype=np.float64)
    picture = Image.fromarray(coarse.astype(np.float32)).resize((columns, rows), Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.float64).clip(0, 1)


def _grid(rows: int, columns: int) -> tuple[Plane, Plane]:
    down, across = np.mgrid[0:rows, 0:columns]
    return (down - rows / 2) / rows * 2, (across - columns / 2) / columns * 2


def _ellipse(rows: int, columns: int, height: float, width: float, edge: float = 12.0) -> Plane:
    down, across = _grid(rows, columns)
    return np.asarray((1 - np.sqrt((down / height) ** 2 + (across / width) ** 2)).clip(-1, 1) * edge).clip(0, 1)


def slice_(generator: np.random.Generator, rows: int, columns: int) -> Plane:
    """CT and MR: a body with organs on black."""
    body = _ellipse(rows, columns, generator.uniform(0.6, 0.85), generator.uniform(0.7, 0.9))
    organs = 0.35 + 0.5 * smooth(generator, rows, columns, max(4, rows // 9))
    return np.asarray(body * organs + 0.03 * generator.random((rows, columns))).clip(0, 1)


def emission(generator: np.random.Generator, rows: int, columns: int) -> Plane:
    """PET: blurred and dark, with a few hot spots."""
    body = _ellipse(rows, columns, 0.8, 0.6, 4.0)
    return np.asarray(body * smooth(generator, rows, columns, max(3, rows // 12)) ** 2).clip(0, 1)


def radiograph(generator: np.random.Generator, rows: int, columns: int) -> Plane:
    """CR and DX: grey all over, with soft structures and noise."""
    down, _ = _grid(rows, columns)
    field = 0.35 + 0.12 * down + 0.35 * smooth(generator, rows, columns, rows // 5)
    field += 0.12 * smooth(generator, rows, columns, max(6, rows // 40)) - 0.06
    return np.asarray(field + 0.02 * generator.standard_normal((rows, columns))).clip(0, 1)


def mammogram(generator: np.random.Generator, rows: int, columns: int) -> Plane:
    """MG: a bright half disc with fine strands, black beside it."""
    down, across = np.mgrid[0:rows, 0:columns]
    reach = 0.55 * columns * np.sqrt((1 - ((down - rows / 2) / (0.48 * rows)) ** 2).clip(0, 1))
    breast = ((reach - across) / (0.04 * columns)).clip(0, 1)
    tissue = 0.25 + 0.3 * smooth(generator, rows, columns, rows // 8) + 0.25 * smooth(generator, rows, columns, 14)
    return np.asarray(breast * tissue + 0.01 * generator.random((rows, columns))).clip(0, 1)


def sonogram(generator: np.random.Generator, rows: int, columns: int) -> Plane:
    """US: a sector of speckle on black; see `sector` for where it is."""
    top, bottom, left, right = sector(rows, columns)
    down, across = np.mgrid[0:rows, 0:columns]
    apex = (left + right) / 2
    depth = np.hypot(down - top + rows * 0.08, across - apex)
    angle = np.abs(np.arctan2(across - apex, down - top + rows * 0.08))
    inside = (angle < 0.62) & (depth > rows * 0.1) & (down >= top) & (down < bottom)
    speckle = generator.rayleigh(0.16, (rows, columns)) * (0.4 + smooth(generator, rows, columns, rows // 7))
    return np.asarray(np.where(inside, speckle, 0.0)).clip(0, 1)


def sector(rows: int, columns: int) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the part of a sonogram that shows anything."""
    return int(rows * 0.16), int(rows * 0.92), int(columns * 0.12), int(columns * 0.88)


def screen(generator: np.random.Generator, rows: int, columns: int) -> Plane:
    """SC: a captured screen, four views of slices and radiographs in frames beside an empty panel."""
    plane = np.full((rows, columns), generator.uniform(0.05, 0.3))
    height, width = rows // 2, int(columns * 0.4)
    for number in range(4):
        top, left = height * (number // 2), width * (number % 2)
        view = slice_ if generator.random() < 0.6 else radiograph
        plane[top : top + height, left : left + width] = generator.uniform(0.4, 0.7)
        plane[top + 3 : top + height - 3, left + 3 : left + width - 3] = view(generator, height - 6, width - 6)
    return np.asarray(plane).clip(0, 1)


MAKERS: dict[str, Callable[[np.random.Generator, int, int], Plane]] = {
    "CT": slice_,
    "MR": slice_,
    "PT": emission,
    "CR": radiograph,
    "DX": radiograph,
    "MG": mammogram,
    "US": sonogram,
    "OT": screen,
}
