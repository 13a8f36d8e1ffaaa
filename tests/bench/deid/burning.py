"""Writes text into pixels, and remembers which of them are letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tests.bench.deid.images import Plane
from tests.bench.deid.truth import Box

Mask = NDArray[np.bool_]
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_PLAIN)
LEAST_CONTRAST = 0.4


@dataclass(frozen=True, slots=True)
class Written:
    """One line of text in an image: where, and which pixels of the box are letters."""

    text: str
    box: Box
    letters: Mask


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def letters(text: str, height: int, face: int) -> NDArray[np.float64]:
    """How much of each pixel is ink, cropped. `height` is that of the line; face 0 is Pillow's own font, 1 to 4 are
    OpenCV's stroke fonts as consoles use them, 5 an old bitmap font magnified."""
    if face == 0 or not text.isascii():
        ink = _pillow(text, height)
    elif face <= len(HERSHEY):
        ink = _strokes(text, height, HERSHEY[face - 1])
    else:
        ink = _bitmap(text, height)
    rows, columns = np.flatnonzero(ink.max(axis=1)), np.flatnonzero(ink.max(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _pillow(text: str, height: int) -> NDArray[np.float64]:
    font = _font(height)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(picture).text((2 - left, 2 - top), text, fill=255, font=font)
    return np.asarray(picture, dtype=np.float64) / 255


def _strokes(text: str, height: int, face: int) -> NDArray[np.float64]:
    thickness = max(1, round(height / 14))
    scale = cv2.getFontScaleFromHeight(face, max(6, int(height * 0.75)), thickness)
    (width, tall), below = cv2.getTextSize(text, face, scale, thickness)
    canvas = np.zeros((tall + below + 2 * thickness + 4, width + 2 * thickness + 4), np.uint8)
    cv2.putText(canvas, text, (thickness + 1, tall + thickness + 1), face, scale, 255, thickness, cv2.LINE_AA)
    return np.asarray(canvas, dtype=np.float64) / 255


def _bitmap(text: str, height: int) -> NDArray[np.float64]:
    font = ImageFont.load_default_imagefont()
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(picture).text((1, 1), text, fill=255, font=font)
    times = max(1, round(height / 11))
    dots = (np.asarray(picture) > 127).astype(np.float64)
    return dots.repeat(times, axis=0).repeat(times, axis=1)


def write(plane: Plane, text: str, at: tuple[int, int], height: int, face: int, random: Random) -> Written | None:
    """Draw one line with its upper left corner at (column, row), light on dark or dark on light; None when it has no
    room, or could not be read there."""
    ink = letters(text, height, face)
    left, top = at
    rows, columns = ink.shape
    if left < 0 or top < 0 or top + rows > plane.shape[0] or left + columns > plane.shape[1]:
        return None
    part = plane[top : top + rows, left : left + columns]
    shade = _shade(part, ink > 0.5, random)
    if shade is None:
        return None
    part += ink * (shade - part)
    return Written(text, (left, top, left + columns, top + rows), ink > 0.5)


def write_lines(plane: Plane, lines: Sequence[str], random: Random) -> list[Written]:
    """Draw these lines in a corner, or each somewhere."""
    height = round(max(16, min(plane.shape) * random.choice((0.02, 0.024, 0.03, 0.04))))
    face = random.randint(0, 5)
    arrange = _corner if random.random() < 0.75 else _scattered
    places = arrange(plane, lines, height, face, random)
    written: list[Written] = []
    for text, at in zip(lines, places, strict=True):
        rows, columns = letters(text, height, face).shape
        box = (at[0], at[1], at[0] + columns, at[1] + rows)
        if any(_touch(box, other.box) for other in written):
            continue
        done = write(plane, text, at, height, face, random)
        if done is not None:
            written.append(done)
    return written


def _corner(plane: Plane, lines: Sequence[str], height: int, face: int, random: Random) -> list[tuple[int, int]]:
    rows, columns = plane.shape
    line, margin = round(height * 1.6), random.randint(4, max(5, height))
    top = margin if random.random() < 0.6 else rows - margin - line * len(lines)
    if random.random() < 0.6:
        return [(margin, top + line * number) for number in range(len(lines))]
    widths = [letters(text, height, face).shape[1] for text in lines]
    return [(columns - margin - width, top + line * number) for number, width in enumerate(widths)]


def _scattered(plane: Plane, lines: Sequence[str], height: int, _: int, random: Random) -> list[tuple[int, int]]:
    rows, columns = plane.shape
    bands = random.sample(range(max(len(lines), rows // (3 * height))), len(lines))
    step = rows // max(len(lines), rows // (3 * height))
    return [(random.randint(2, max(3, columns // 2)), min(band * step + 2, rows - 2 * height)) for band in bands]


def _shade(part: Plane, where: Mask, random: Random) -> float | None:
    """What can be read on this ground wherever a letter stands; None when nothing can."""
    ground = part[where]
    light, dark = float(ground.max()) + LEAST_CONTRAST, float(ground.min()) - LEAST_CONTRAST
    fitting = [random.uniform(light, 1.0)] if light <= 1 else []
    fitting += [random.uniform(0.0, dark)] if dark >= 0 else []
    return random.choice(fitting) if fitting else None


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] + 2 and other[0] < one[2] + 2 and one[1] < other[3] + 2 and other[1] < one[3] + 2
