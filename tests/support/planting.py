"""Images with text in known places: backgrounds without text, fonts that wheels carry, ink masks as the truth."""

import random
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from services.anonymiser.pixels.boxes import Box

Grey = np.ndarray
"""Height, width, uint8."""

NAMES = ("MUELLER", "Garcia", "O'Brien", "SMITH", "Nowak", "Yilmaz", "Andersson", "Dupont", "Rossi", "van Dijk")
FIRST = ("ANNA", "Jose", "Li", "PETER", "Katarzyna", "M.", "Chiara", "J-P", "Ingrid", "Tom")
PLACES = ("ST. MARY HOSPITAL", "Klinikum Nord", "CHU Lille", "Radiology Dept", "Ospedale Maggiore")


@dataclass(frozen=True, slots=True)
class Line:
    """One planted line: which pixels are ink, at its place in the image (left, top, right, bottom)."""

    box: tuple[int, int, int, int]
    ink: np.ndarray


def phrase(rng: random.Random) -> str:
    """What people burn into images: names, numbers, dates, places."""
    number = "".join(rng.choices(string.digits, k=rng.randint(5, 9)))
    date = f"{rng.randint(1, 28):02}/{rng.randint(1, 12):02}/{rng.randint(1930, 2024)}"
    return rng.choice(
        (
            f"{rng.choice(NAMES)}, {rng.choice(FIRST)}",
            f"{rng.choice(NAMES)}^{rng.choice(FIRST)}",
            f"ID: {number}",
            number,
            f"DOB {date}",
            date,
            f"{rng.choice(PLACES)}",
            f"Acc# {rng.choice('ABR')}{number}",
            f"Dr. {rng.choice(NAMES)}",
            f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}",
        )
    )


def ink_of(text: str, height: int, font: str) -> np.ndarray:
    """`text` as coverage 0 to 1, cut to its ink; its capitals are `height` pixels high."""
    drawing: dict[str, Callable[[str, int], np.ndarray]] = {"outline": _outline, "stroke": _stroke, "bitmap": _bitmap}
    drawn = drawing[font](text, height)
    rows, columns = np.nonzero(drawn.max(1))[0], np.nonzero(drawn.max(0))[0]
    return drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255


FONTS = ("outline", "stroke", "bitmap")
"""Pillow's Aileron, OpenCV's Hershey strokes, Pillow's bitmap font in whole multiples of its 8 pixels."""


def _outline(text: str, height: int) -> np.ndarray:
    font = ImageFont.load_default(height / 0.70)
    left, top, right, bottom = (int(side) for side in font.getbbox(text))
    page = Image.new("L", (right - left + 8, bottom - top + 8))
    ImageDraw.Draw(page).text((4 - left, 4 - top), text, 255, font)
    return np.asarray(page)


def _stroke(text: str, height: int) -> np.ndarray:
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(height / 10))
    scale = cv2.getFontScaleFromHeight(font, height, thick)
    (width, tall), base = cv2.getTextSize(text, font, scale, thick)
    page = np.zeros((tall + base + 8, width + 8), np.uint8)
    cv2.putText(page, text, (4, tall + 4), font, scale, 255, thick, cv2.LINE_AA)
    return page


def _bitmap(text: str, height: int) -> np.ndarray:
    font = ImageFont.load_default_imagefont()
    left, top, right, bottom = (int(side) for side in font.getbbox(text))
    page = Image.new("1", (right - left + 2, bottom - top + 2))
    ImageDraw.Draw(page).text((1 - left, 1 - top), text, 1, font)
    times = max(1, height // 8)
    return np.asarray(page).repeat(times, 0).repeat(times, 1).astype(np.uint8) * 255


def planted(
    background: Grey,
    height: int,
    contrast: int,
    rng: random.Random,
    lines: int = 6,
    fonts: tuple[str, ...] = FONTS,
    dark: tuple[bool, ...] = (False,),
) -> tuple[Grey, list[Line]]:
    """A copy of `background` with lines of text in random places, each of one grey level: `contrast` brighter than
    all but a tenth of what lies under it, or darker; `fonts` and `dark` by turns. Fewer lines where there is no room.
    """
    image, taken = background.copy(), np.zeros(background.shape, bool)
    truth: list[Line] = []
    for attempt in range(lines * 20):
        if len(truth) == lines:
            break
        ink = ink_of(phrase(rng), height, fonts[attempt % len(fonts)])
        tall, wide = ink.shape
        if tall + 4 > image.shape[0] or wide + 4 > image.shape[1]:
            continue
        top, left = rng.randint(2, image.shape[0] - tall - 2), rng.randint(2, image.shape[1] - wide - 2)
        room = np.s_[max(0, top - height) : top + tall + height, max(0, left - height) : left + wide + height]
        here = np.s_[top : top + tall, left : left + wide]
        level = level_on(image[here], contrast, dark[len(truth) % len(dark)])
        if level is None or taken[room].any():
            continue
        taken[room] = True
        image[here] = (image[here] * (1 - ink) + level * ink).round().astype(np.uint8)
        truth.append(Line((left, top, left + wide, top + tall), ink > 0.25))
    return image, truth


def covered(line: Line, boxes: Iterable[Box]) -> bool:
    """All ink but one pixel in 200 is in boxes that are made for this line: no credit for covering everything."""
    left, top, _, bottom = line.box
    inside = np.zeros(line.ink.shape, bool)
    for box in boxes:
        if box.bottom - box.top <= 2.6 * (bottom - top) + 16:
            rows, columns = (box.top - top, box.bottom - top), (box.left - left, box.right - left)
            inside[max(0, rows[0]) : max(0, rows[1]), max(0, columns[0]) : max(0, columns[1])] = True
    return bool(inside[line.ink].mean() >= 0.995)


def level_on(under: Grey, contrast: int, dark: bool) -> float | None:
    """The grey level that stands out from `under`, None if there is none."""
    level = np.percentile(under, 10) - contrast if dark else np.percentile(under, 90) + contrast
    return float(level) if 0 <= level <= 255 else None


def black(height: int, width: int, seed: int) -> Grey:
    """Nothing at all."""
    return np.zeros((height, width), np.uint8)


def noise(height: int, width: int, seed: int) -> Grey:
    """Grey with the noise of a detector, standard deviation 20."""
    return np.clip(np.random.default_rng(seed).normal(100, 20, (height, width)), 0, 255).astype(np.uint8)


def anatomy(height: int, width: int, seed: int) -> Grey:
    """Something like a radiograph: 1/f tissue, bones with bright edges, air around, trabeculae and detector noise."""
    rng = np.random.default_rng(seed)
    image = np.zeros((height, width), np.float32)
    for octave in range(1, 9):
        cells = 2**octave
        small = rng.normal(0, 1, (cells + 1, cells + 1)).astype(np.float32)
        image += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) * 40 / cells**0.8
    image += 90
    for _ in range(12):
        _bone(image, rng)
    image *= _body(height, width, rng)
    image += rng.normal(0, 4, (height, width))
    return np.clip(image, 0, 255).astype(np.uint8)


def _bone(image: np.ndarray, rng: np.random.Generator) -> None:
    height, width = image.shape
    bone = np.zeros_like(image)
    centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
    axes = (int(width * rng.uniform(0.02, 0.06)) + 1, int(height * rng.uniform(0.1, 0.35)) + 1)
    angle = float(rng.uniform(0, 180))
    cv2.ellipse(bone, centre, axes, angle, 0, 360, 30.0, -1)
    cv2.ellipse(bone, centre, axes, angle, 0, 360, 60.0, max(1, width // 256))
    image += cv2.GaussianBlur(bone, (0, 0), max(0.7, width / 700))


def _body(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    body = np.zeros((height, width), np.float32)
    cv2.ellipse(body, (width // 2, height // 2), (int(width * 0.46), int(height * 0.48)), 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur(body, (0, 0), width / 200)


BACKGROUNDS: dict[str, Callable[[int, int, int], Grey]] = {"black": black, "noise": noise, "anatomy": anatomy}
