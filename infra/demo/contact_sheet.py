"""All pictures on one sheet. No identifiers: modality and site only."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont

COLUMNS = 12
TILE, GAP, MARGIN = 152, 10, 36
CAPTION, HEADING, TITLE = 20, 44, 84
"""Pixels."""

PAPER, MAT, RULE = (17, 19, 24), (0, 0, 0), (58, 64, 76)
INK, DIM = (236, 238, 242), (139, 147, 160)

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG with what may be said of it."""

    jpeg: bytes
    modality: str
    site: str


def draw(pictures: Sequence[Picture], subtitle: str) -> Image.Image:
    """The sheet: a row of tiles after another, one section for each modality."""
    ordered = sorted(pictures, key=lambda picture: (picture.modality, picture.site))
    sections = [(modality, list(group)) for modality, group in groupby(ordered, lambda picture: picture.modality)]
    width = 2 * MARGIN + COLUMNS * TILE + (COLUMNS - 1) * GAP
    height = MARGIN + TITLE + sum(_section_height(len(group)) for _, group in sections) + MARGIN
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), "Isocentre", INK, _font(34))
    pen.text((MARGIN, MARGIN + 44), subtitle, DIM, _font(17))
    top = MARGIN + TITLE
    for modality, group in sections:
        top = _section(sheet, pen, top, modality, group)
    return sheet


def _section_height(count: int) -> int:
    rows = -(-count // COLUMNS)
    return HEADING + rows * (TILE + CAPTION + GAP)


def _section(sheet: Image.Image, pen: ImageDraw.ImageDraw, top: int, modality: str, group: list[Picture]) -> int:
    """Draw one section; returns where the next one begins."""
    name, font = modality, _font(20)
    pen.text((MARGIN, top + 10), name, INK, font)
    beside = MARGIN + pen.textlength(name, font) + 10
    count = f"{len(group)} picture{'s' if len(group) != 1 else ''}"
    pen.text((beside, top + 14), count, DIM, _font(15))
    beside += pen.textlength(count, _font(15)) + 14
    pen.line((beside, top + 23, sheet.width - MARGIN, top + 23), RULE, 1)
    for number, picture in enumerate(group):
        row, column = divmod(number, COLUMNS)
        left = MARGIN + column * (TILE + GAP)
        above = top + HEADING + row * (TILE + CAPTION + GAP)
        _tile(sheet, pen, (left, above), picture)
    return top + _section_height(len(group))


def _tile(sheet: Image.Image, pen: ImageDraw.ImageDraw, corner: tuple[int, int], picture: Picture) -> None:
    left, top = corner
    pen.rectangle((left, top, left + TILE - 1, top + TILE - 1), MAT)
    try:
        image = Image.open(io.BytesIO(picture.jpeg)).convert("RGB")
    except (OSError, ValueError):
        pen.text((left + 8, top + 8), "unreadable", DIM, _font(13))
    else:
        scale = min(TILE / image.width, TILE / image.height)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        # A picture of a few pixels is shown as such, without inventing a gradient between them.
        filter_ = Image.Resampling.NEAREST if scale > 2 else Image.Resampling.LANCZOS
        sheet.paste(image.resize(size, filter_), (left + (TILE - size[0]) // 2, top + (TILE - size[1]) // 2))
    pen.text((left + 1, top + TILE + 3), f"{picture.modality}  {picture.site}", DIM, _font(12))


def _font(size: int) -> Font:
    return ImageFont.load_default(size)
