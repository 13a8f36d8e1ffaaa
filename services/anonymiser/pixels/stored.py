"""One frame to its stored values, as they are before any look-up table (PS3.5 Section 8.2)."""

import warnings
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import (
    UID,
    JPEGExtended12Bit,
)

from services.anonymiser.pixels.description import DEFLATED_FRAMES, Array, Description
from services.anonymiser.pixels.native import unpacked
from shared.dicom.codestream import corrected
from shared.dicom.decoders import DECODERS
from shared.outcome import SPOILING


class NoDecoder(Exception):
    """Nothing here decodes this transfer syntax, or this kind of image in it."""


class Undecodable(Exception):
    """There is a decoder, and it refused these bytes."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The values of one frame, and the photometric interpretation that they are in now."""

    values: Array
    photometric: str


def decodable(described: Description) -> bool:
    """Whether `decoded` knows the transfer syntax and the kind of image."""
    if not described.encapsulated or described.syntax == DEFLATED_FRAMES:
        return True
    if described.syntax == JPEGExtended12Bit and described.stored != 8:
        return False
    return described.syntax in DECODERS and described.allocated > 1


def decoded(frame: bytes, described: Description) -> Stored:
    """The stored values of one frame, in the machine's byte order and read-only or not.

    `frame`: native as `native.cut` gives it, else the whole of its codestream. Raises NoDecoder or Undecodable.
    """
    try:
        if not described.encapsulated:
            values = unpacked(frame, described)
            return Stored(values.astype(values.dtype.newbyteorder("="), copy=False), described.photometric)
        if described.syntax == DEFLATED_FRAMES:
            return Stored(unpacked(_inflated(frame, described), described), described.photometric)
    except (ValueError, zlib.error):
        raise Undecodable from None
    return _by_plugins(frame, described)


def _inflated(frame: bytes, described: Description) -> bytes:
    """PS3.5 Section A.4.12."""
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, (described.bits + 7) // 8)


def _by_plugins(frame: bytes, described: Description) -> Stored:
    if not decodable(described):
        raise NoDecoder
    decoder = get_decoder(UID(described.syntax))
    failed: Exception = NoDecoder()
    for plugin in DECODERS[described.syntax]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return _by_plugin(decoder, plugin, frame, described)
        except SPOILING:
            raise
        except Exception:  # decoders raise whatever they like
            failed = Undecodable()
    raise failed


def _by_plugin(decoder: Decoder, plugin: str, frame: bytes, described: Description) -> Stored:
    d = described
    options: dict[str, Any] = {
        "rows": d.rows,
        "columns": d.columns,
        "number_of_frames": 1,
        "samples_per_pixel": d.samples,
        "bits_allocated": d.allocated,
        "bits_stored": d.stored,
        "pixel_representation": int(d.signed),
        "photometric_interpretation": d.photometric,
        # Codestreams are by pixel, or say themselves that they are not; only gdcm wants to hear it.
        "planar_configuration": d.planar if plugin == "gdcm" else 0,
        "pixel_keyword": "PixelData",
        "correct_unused_bits": False,
    }
    whole = encapsulate([frame], has_bot=False)
    values, found = decoder.as_array(whole, index=0, raw=True, decoding_plugin=plugin, **options)
    return Stored(*corrected(values, str(found["photometric_interpretation"]).upper(), lambda: frame, d.syntax))


def as_rgb(stored: Stored, described: Description) -> Stored:
    """Colour in red, green and blue; what is no YBR, or deeper than eight bits, stays as it is."""
    if stored.photometric.startswith("YBR_FULL") and described.stored == 8:
        return Stored(_turned(stored.values, (0, 128, 128), (1, 1, 1)), "RGB")
    if stored.photometric.startswith("YBR_PARTIAL"):
        # The retired kinds use 16 to 235 and 16 to 240 only (ITU-R BT.601).
        return Stored(_turned(stored.values, (16, 128, 128), (255 / 219, 255 / 224, 255 / 224)), "RGB")
    return stored


def _turned(values: Array, neutral: tuple[int, ...], scale: tuple[float, ...]) -> Array:
    """PS3.3 Section C.7.6.3.1.2, turned round."""
    scaled = (values.astype(np.float32) - np.array(neutral, np.float32)) * np.array(scale, np.float32)
    rgb = scaled @ np.array([[1, 1, 1], [0, -0.344136, 1.772], [1.402, -0.714136, 0]], np.float32)
    return np.asarray(np.clip(np.rint(rgb), 0, 255), np.uint8)
