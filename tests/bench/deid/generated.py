"""Objects made from nothing: the eight modalities and screen captures, with the attributes that scanners write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from tests.bench.deid import images
from tests.bench.deid.burning import Written, write_lines
from tests.bench.deid.truth import Box
from tests.bench.deid.wording import LISTS

CLASSES = {
    "CT": CTImageStorage,
    "MR": MRImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
    "CR": ComputedRadiographyImageStorage,
    "DX": DigitalXRayImageStorageForPresentation,
    "MG": DigitalMammographyXRayImageStorageForPresentation,
    "US": UltrasoundImageStorage,
    "OT": SecondaryCaptureImageStorage,
}
SIZES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "CT": ((256, 256), (192, 192)),
    "MR": ((192, 192), (256, 224)),
    "PT": ((128, 128), (168, 168)),
    "CR": ((1000, 820), (1200, 1000)),
    "DX": ((1100, 900), (1400, 1200)),
    "MG": ((1536, 1152), (1280, 1024)),
    "US": ((480, 640), (600, 800)),
    "OT": ((600, 800), (768, 1024)),
}
DEPTHS = {"CT": 12, "MR": 12, "PT": 16, "CR": 12, "DX": 14, "MG": 12, "US": 8, "OT": 8}
WRITTEN_ON = ("CR", "DX", "MG", "US", "OT")
"""The modalities whose pixels people and consoles write on."""


@dataclass(frozen=True, slots=True)
class Made:
    """An object, what was written into its pixels (the same lines on each of `frames`), and the region that shows the
    patient when the object tells one."""

    dataset: Dataset
    written: tuple[Written, ...] = ()
    frames: tuple[int, ...] = (0,)
    markers: tuple[Written, ...] = field(default=())
    region: Box | None = None


@cache
def technical() -> dict[str, dict[str, list[Any]]]:
    """By modality, the values to choose from."""
    loaded: dict[str, dict[str, list[Any]]] = yaml.safe_load((LISTS / "technical.yaml").read_text(encoding="utf-8"))
    return loaded


def describe(dataset: Dataset, modality: str, random: Random) -> None:
    """What the scanner says."""
    for keyword, values in {**technical()["any"], **technical()[modality]}.items():
        if values and not (modality == "SR" and keyword in ("BurnedInAnnotation", "LossyImageCompression")):
            setattr(dataset, keyword, random.choice(values))


def image(modality: str, random: Random, lines: list[str], marker: str | None = None) -> Made:
    """An image of this modality, with these lines burned in; `marker` is a side mark that nobody judges."""
    dataset = Dataset()
    dataset.SOPClassUID = CLASSES[modality]
    dataset.Modality = modality
    describe(dataset, modality, random)
    rows, columns = random.choice(SIZES[modality])
    plane = images.MAKERS[modality](np.random.default_rng(random.getrandbits(64)), rows, columns)
    written = write_lines(plane, lines, random) if lines else []
    markers = write_lines(plane, [marker], random) if marker and not lines else []
    _geometry(dataset, modality, random)
    region = _region(dataset, rows, columns) if modality == "US" and random.random() < 0.5 else None
    if lines:
        dataset.BurnedInAnnotation = random.choice(("YES", "YES", "NO", ""))
    frames = _store(dataset, plane, modality, random)
    return Made(dataset, tuple(written), frames, tuple(markers), region)


def _region(dataset: Dataset, rows: int, columns: int) -> Box:
    """Tells where a sonogram shows something (PS3.3 C.8.5.5)."""
    top, bottom, left, right = images.sector(rows, columns)
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = left, top
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = right - 1, bottom - 1
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX = item.PhysicalDeltaY = 0.03
    dataset.SequenceOfUltrasoundRegions = [item]
    return left, top, right, bottom


def _geometry(dataset: Dataset, modality: str, random: Random) -> None:
    if modality in ("CT", "MR", "PT"):
        dataset.ImagePositionPatient = ["-180", "-180", str(random.randint(-400, 200))]
        dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        dataset.SliceLocation = str(random.randint(-400, 200))
        dataset.PixelSpacing = [random.choice(("0.703125", "0.9765"))] * 2
        dataset.PositionReferenceIndicator = random.choice(("", "XY"))
    elif modality == "OT":
        dataset.PixelSpacing = ["0.25", "0.25"]


def _store(dataset: Dataset, plane: images.Plane, modality: str, random: Random) -> tuple[int, ...]:
    depth = DEPTHS[modality]
    stored = (plane * (2**depth - 1)).round().astype(np.uint8 if depth == 8 else np.uint16)
    frames = 1
    colour = depth == 8 and random.random() < 0.6
    dataset.SamplesPerPixel = 3 if colour else 1
    if "PhotometricInterpretation" not in dataset:
        dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        stored = np.repeat(stored[:, :, None], 3, axis=2)
        dataset.PlanarConfiguration = 0
    if modality == "US" and random.random() < 0.25:
        frames = 3
        dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
        dataset.NumberOfFrames, dataset.FrameTime = frames, "33.3"
        dataset.FrameIncrementPointer = 0x00181063
        stored = np.repeat(stored[None], frames, axis=0)
    if colour and random.random() < 0.25:
        dataset.PhotometricInterpretation = "YBR_FULL"
        stored = convert_color_space(stored, "RGB", "YBR_FULL")
    _pixels(dataset, stored, plane.shape, depth)
    return tuple(range(frames))


def _pixels(dataset: Dataset, stored: NDArray[Any], shape: tuple[int, ...], depth: int) -> None:
    dataset.Rows, dataset.Columns = shape[:2]
    dataset.BitsAllocated = 8 if depth == 8 else 16
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = depth, depth - 1, 0
    data = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if depth == 8 else "OW"
