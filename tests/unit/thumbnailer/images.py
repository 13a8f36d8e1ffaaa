"""Images to draw: small Part 10 files made here, and what their pictures look like."""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from services.thumbnailer.picture import Picture
from services.thumbnailer.render import render

Grey = NDArray[np.int64]


def ramp(dtype: str = "u2", low: float = 0, high: float = 4000, side: int = 512) -> NDArray[Any]:
    """From `low` on the left to `high` on the right."""
    return np.tile(np.linspace(low, high, side), (side, 1)).astype(dtype)


def image(pixels: NDArray[Any], syntax: UID = ExplicitVRLittleEndian, **attributes: Any) -> Dataset:
    """An image of these pixels: (rows, columns), (frames, rows, columns) or (rows, columns, 3)."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = "2.25.3"
    coloured = pixels.ndim == 3 and pixels.shape[-1] == 3
    frames = pixels.shape[0] if pixels.ndim == 3 and not coloured else 1
    dataset.Rows, dataset.Columns = pixels.shape[:2] if pixels.ndim == 2 or coloured else pixels.shape[1:3]
    dataset.SamplesPerPixel = 3 if coloured else 1
    dataset.PhotometricInterpretation = "RGB" if coloured else "MONOCHROME2"
    if coloured:
        dataset.PlanarConfiguration = 0
    if frames > 1:
        dataset.NumberOfFrames = frames
    bits = pixels.dtype.itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    raw = pixels.tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def file_of(dataset: Dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue()


def drawn(dataset: Dataset) -> Picture:
    picture = render(file_of(dataset))
    assert isinstance(picture, Picture), picture
    return picture


def grey(dataset: Dataset) -> Grey:
    """The picture's grey levels."""
    return np.asarray(Image.open(BytesIO(drawn(dataset).jpeg)).convert("L"), dtype=np.int64)


def rgb(dataset: Dataset) -> tuple[int, ...]:
    """The colour in the middle of the picture."""
    shown = Image.open(BytesIO(drawn(dataset).jpeg)).convert("RGB")
    return tuple(int(level) for level in np.asarray(shown)[shown.height // 2, shown.width // 2])
