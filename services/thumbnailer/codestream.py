"""What an encoded frame knows better than the attributes around it (PS3.5 8.2.1, 8.2.4)."""

from io import BytesIO

import numpy as np
from PIL import Image, JpegImagePlugin
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.utils import get_j2k_parameters
from pydicom.uid import (
    HTJ2K,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
)

from services.thumbnailer.attributes import numbers
from services.thumbnailer.plane import Array

_JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit)
_JPEG_2000 = (*JPEG2000TransferSyntaxes, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL)


def corrected(array: Array, photometric: str, dataset: Dataset, syntax: UID, index: int) -> tuple[Array, str]:
    """The decoded frame with the sign and the colour space that its codestream states, where they cannot be doubted."""
    if syntax in _JPEG_2000 and array.dtype.kind == "u" and _signed(_encoded(dataset, index), array):
        return array.view(np.dtype(f"i{array.dtype.itemsize}")), photometric
    if syntax in _JPEG and array.ndim == 3 and photometric == "RGB" and _halved_colour(_encoded(dataset, index)):
        return array, "YBR_FULL"
    return array, photometric


def _encoded(dataset: Dataset, index: int) -> bytes:
    return get_frame(dataset.PixelData, index, number_of_frames=int((numbers(dataset, "NumberOfFrames") or [1])[0]))


def _signed(encoded: bytes, array: Array) -> bool:
    """Signed samples that fill their words: pydicom mends the sign of narrower ones itself."""
    stated = get_j2k_parameters(encoded)
    return stated.get("is_signed") is True and stated.get("precision") == 8 * array.dtype.itemsize


def _halved_colour(encoded: bytes) -> bool:
    """Whether the first component is finer than the second: nobody does that to red and green, only to YBR."""
    image = Image.open(BytesIO(encoded), formats=("JPEG",))
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    if "adobe" in image.info or len(image.layer) < 3:
        return False
    return bool(image.layer[0][1:3] != image.layer[1][1:3])
