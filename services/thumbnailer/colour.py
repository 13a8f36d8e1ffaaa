"""Colour to RGB in 8 bits: palettes, YBR, deeper samples (PS3.3 C.7.6.3.1.2)."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from services.thumbnailer.attributes import numbers, text
from services.thumbnailer.frame import Frame
from services.thumbnailer.plane import Array
from services.thumbnailer.scale import shrunk

_FROM_YBR = np.array([[1.0, 1.0, 1.0], [0.0, -0.344136, 1.772], [1.402, -0.714136, 0.0]], dtype=np.float32)
"""PS3.3 C.7.6.3.1.2, YBR_FULL, turned round."""
_NEUTRAL = np.array((0, 128, 128), dtype=np.float32)
# The retired YBR_PARTIAL kinds use 16 to 235 and 16 to 240 only (ITU-R BT.601).
_PARTIAL_NEUTRAL = np.array((16, 128, 128), dtype=np.float32)
_PARTIAL_SCALE = np.array((255 / 219, 255 / 224, 255 / 224), dtype=np.float32)


def colour(frame: Frame, size: tuple[int, int]) -> Array:
    """RGB of a frame with several samples or with a palette."""
    dataset = frame.described.dataset
    if frame.array.ndim == 2:
        planes, top = _through_palette(frame.array, dataset)
    else:
        planes, top = frame.array[..., :3], _top(frame.array, dataset)
    small = np.stack([shrunk(planes[..., sample], size) for sample in range(3)], axis=-1)
    small = small * np.float32(255 / top)
    if frame.photometric.startswith("YBR_FULL"):
        small = (small - _NEUTRAL) @ _FROM_YBR
    elif frame.photometric.startswith("YBR_PARTIAL"):
        small = ((small - _PARTIAL_NEUTRAL) * _PARTIAL_SCALE) @ _FROM_YBR
    return np.asarray(np.rint(np.clip(small, 0, 255)), dtype=np.uint8)


def _top(array: Array, dataset: Dataset) -> float:
    """The value of full intensity."""
    if array.dtype.itemsize == 1:
        return 255.0
    stored = (numbers(dataset, "BitsStored") or [16.0])[0]
    return float(2**stored - 1)


def _through_palette(array: Array, dataset: Dataset) -> tuple[Array, float]:
    """Through the data set's own palette or the standard one that it names (PS3.3 C.7.9)."""
    named = text(dataset, "PaletteColorLookupTableUID")
    own = "RedPaletteColorLookupTableDescriptor" in dataset
    planes = apply_color_lut(array, dataset) if own or not named else apply_color_lut(array, palette=named)
    # Some write 16 bits into the descriptor and use eight (PS3.3 C.7.6.3.1.6 asks to scale them).
    return planes, 255.0 if planes.dtype.itemsize == 1 or planes.max(initial=0) <= 255 else 65535.0
