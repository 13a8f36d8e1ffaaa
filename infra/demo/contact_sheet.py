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


@dataclass(frozen=True, slots=True)
class Section:
    """The pictures of one modality, and where they stand: a row of tiles after another from `column` on."""

    modality: str
    pictures: tuple[Picture, ...]
    column: int
    top: int

    @property
    def columns(self) -> int:
        return min(len(self.pictures), COLUMNS)

    @property
    def height(self) -> int:
        return HEADING + -(-len(self.pictures) // COLUMNS) * (TILE + CAPTION + GAP)


def draw(pictures: Sequence[Picture], subtitle: str) -> Image.Image:
    """The sheet: one section for each modality, small ones side by side."""
    sections = arrange(pictures)
    height = max((section.top + section.height for section in sections), default=MARGIN + TITLE) + MARGIN
    sheet = Image.new("RGB", (2 * MARGIN + COLUMNS * (TILE + GAP) - GAP, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), "Isocentre", INK, _font(34))
    pen.text((MARGIN, MARGIN + 44), subtitle, DIM, _font(17))
    for section in sections:
        _section(sheet, pen, section)
    return sheet


def arrange(pictures: Sequence[Picture]) -> list[Section]:
    """By modality; a section that fits beside the one before it stands there."""
    ordered = sorted(pictures, key=lambda picture: (picture.modality, picture.site))
    sections: list[Section] = []
    column, top, below = 0, MARGIN + TITLE, MARGIN + TITLE
    for modality, group in groupby(ordered, lambda picture: picture.modality):
        members = tuple(group)
        if column + min(len(members), COLUMNS) > COLUMNS:
            column, top = 0, below
        section = Section(modality, members, column, top)
        sections.append(section)
        column += section.columns
        below = max(below, top + section.height)
    return sections


def _section(sheet: Image.Image, pen: ImageDraw.ImageDraw, section: Section) -> None:
    left, right = _left(section.column), _left(section.column + section.columns) - GAP
    pen.text((left, section.top + 10), section.modality, INK, _font(20))
    beside = left + pen.textlength(section.modality, _font(20)) + 9
    count = str(len(section.pictures))
    pen.text((beside, section.top + 14), count, DIM, _font(15))
    beside += pen.textlength(count, _font(15)) + 12
    if beside < right:
        pen.line((beside, section.top + 23, right, section.top + 23), RULE, 1)
    for number, picture in enumerate(section.pictures):
        row, column = divmod(number, COLUMNS)
        above = section.top + HEADING + row * (TILE + CAPTION + GAP)
        _tile(sheet, pen, (_left(section.column + column), above), picture)


def _left(column: int) -> int:
    return MARGIN + column * (TILE + GAP)


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
