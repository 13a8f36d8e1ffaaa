"""Decodes the middle frame of an image, and that one only (PS3.5 8.2, A.4)."""

from dataclasses import dataclass
from functools import partial
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGExtended12Bit, RLELossless

from services.thumbnailer.attributes import Described, numbers, text
from services.thumbnailer.plane import Array
from shared.dicom.codestream import corrected
from shared.dicom.decoders import DECODERS
from shared.outcome import SPOILING, Reason

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


class Undrawable(Exception):
    """There will be no picture; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame, and the colour space that it is in now."""

    array: Array
    photometric: str
    described: Described


def middle_frame(data: bytes) -> Frame:
    """The frame that stands for the instance. Raises Undrawable, and whatever pydicom and its decoders raise."""
    dataset = dcmread(BytesIO(data))
    if not any(keyword in dataset and dataset[keyword].value for keyword in _PIXELS):
        raise Undrawable(Reason.NO_PIXELS)
    decoder = _decoder(dataset)
    _mend(dataset, decoder)
    index = int(dataset.NumberOfFrames) // 2
    array, photometric = _decoded(decoder, dataset, index)
    if not decoder.is_native:
        encoded = partial(get_frame, dataset.PixelData, index, number_of_frames=int(dataset.NumberOfFrames))
        array, photometric = corrected(array, photometric, encoded, decoder.UID)
    return Frame(array, photometric, Described(dataset, index))


def _decoder(dataset: Dataset) -> Decoder:
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is None:
        syntax = ImplicitVRLittleEndian if dataset.original_encoding[0] else ExplicitVRLittleEndian
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise Undrawable(Reason.NO_DECODER) from None
    if _beyond(syntax, dataset) or not _plugins(decoder):
        raise Undrawable(Reason.NO_DECODER)
    return decoder


def _plugins(decoder: Decoder) -> list[str]:
    if decoder.is_native:
        return [""]
    return [plugin for plugin in DECODERS.get(decoder.UID, ()) if plugin in decoder.available_plugins]


def _beyond(syntax: UID, dataset: Dataset) -> bool:
    """The decoders that we may use know JPEG Extended with 8 bits only, and RLE with whole bytes only."""
    if syntax == JPEGExtended12Bit:
        return numbers(dataset, "BitsStored") != [8.0]
    return syntax == RLELossless and numbers(dataset, "BitsAllocated") == [1.0]


def _decoded(decoder: Decoder, dataset: Dataset, index: int) -> tuple[Array, str]:
    failed: Exception | None = None
    for plugin in _plugins(decoder):
        try:
            array, properties = decoder.as_array(dataset, index=index, raw=True, decoding_plugin=plugin)
            return array, str(properties["photometric_interpretation"]).upper()
        except SPOILING:
            raise
        except Exception as other:
            failed = other
    raise failed or Undrawable(Reason.NO_DECODER)


def _mend(dataset: Dataset, decoder: Decoder) -> None:
    """Replace attributes that the validator lets pass and pydicom stumbles over."""
    dataset.NumberOfFrames = max(int((numbers(dataset, "NumberOfFrames") or [1])[0]), 1)
    if (numbers(dataset, "SamplesPerPixel") or [1])[0] > 1 and not numbers(dataset, "PlanarConfiguration"):
        dataset.PlanarConfiguration = 0
    if not decoder.is_native or text(dataset, "PhotometricInterpretation") != "YBR_FULL_422":
        return
    pixels = dataset.Rows * dataset.Columns * dataset.NumberOfFrames
    if len(dataset.PixelData) >= pixels * 3:
        # Three samples for each pixel are there, so nothing was left out (PS3.3 C.7.6.3.1.2).
        dataset.PhotometricInterpretation = "YBR_FULL"
