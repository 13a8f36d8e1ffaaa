"""What became of an object with writing in its pixels, seen by our own means and by another reader."""

from io import BytesIO

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from services.anonymiser.dataset.tree import Item, Syntax, word
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.cleaning import Blanked
from services.anonymiser.pixels.description import Array, describe, pixels_of
from services.anonymiser.pixels.fragments import Encapsulated, parted
from services.anonymiser.pixels.source import source_of
from services.anonymiser.pixels.stored import decoded
from tests.unit.anonymiser.building import part10
from tests.unit.anonymiser.pictures import TEXT


def applied(elements: Item, result: Blanked) -> Item:
    """The object with what the result replaces and removes."""
    kept = {element.tag: element for element in elements} | result.elements
    return tuple(element for _, element in sorted(kept.items()) if element is not None)


def frames_of(elements: Item, syntax: Syntax) -> list[Array]:
    """All frames, decoded by our own means."""
    described = describe(elements, syntax)
    pixels = pixels_of(elements)
    assert pixels is not None
    source = source_of(pixels, described, elements)
    return [decoded(bytes(source.frame(index)), described).values for index in range(described.frames)]


def by_pydicom(elements: Item, syntax: Syntax) -> Dataset:
    """What another reader sees in the finished file."""
    return dcmread(BytesIO(part10(elements, syntax, word(elements, 0x00080016), "1.2.3")))


def fragments(elements: Item, frames: int) -> Encapsulated:
    """The codestreams of each frame as they stand in the object."""
    pixels = pixels_of(elements)
    assert pixels is not None
    return parted(pixels.value, frames, elements)


def outside(values: Array, box: Box = TEXT, margin: int = 3) -> Array:
    """Everything but the box and its margin."""
    keep = np.ones(values.shape[:2], bool)
    keep[box.top - margin : box.bottom + margin, box.left - margin : box.right + margin] = False
    return values[keep]


def inside(values: Array, box: Box = TEXT) -> Array:
    return values[box.top : box.bottom, box.left : box.right]


def constant(values: Array) -> bool:
    return bool((values == values[:1, :1]).all())
