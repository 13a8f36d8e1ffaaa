"""Changed frames back into their transfer syntax where there is an encoder for it, else into native bytes."""

import warnings
import zlib
from dataclasses import replace

import numpy as np
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from services.anonymiser.pixels.description import DEFLATED_FRAMES, Array, Description
from services.anonymiser.pixels.native import packed
from services.anonymiser.pixels.stored import NoDecoder, Stored, Undecodable, as_rgb, decoded
from shared.outcome import SPOILING

# The lossless encoder of the family: what is changed loses nothing more, and every decoder of the syntax reads it.
_ENCODERS: dict[str, tuple[str, str]] = {
    RLELossless: (RLELossless, "pylibjpeg"),
    JPEGLSLossless: (JPEGLSLossless, "pyjpegls"),
    JPEGLSNearLossless: (JPEGLSLossless, "pyjpegls"),
    JPEG2000Lossless: (JPEG2000Lossless, "pylibjpeg"),
    JPEG2000: (JPEG2000Lossless, "pylibjpeg"),
}


class NotEncodable(Exception):
    """There is no encoder for this, or what it made is not what went in."""


def encoder_for(described: Description) -> bool:
    """Whether frames can be written in the syntax that they came in."""
    return not described.encapsulated or described.syntax in (*_ENCODERS, DEFLATED_FRAMES)


def encoded(stored: Stored, described: Description) -> bytes:
    """One frame in the syntax of `described`, checked by decoding it again. Raises NotEncodable."""
    if not described.encapsulated:
        return packed(stored.values, described)
    if described.syntax == DEFLATED_FRAMES:
        deflater = zlib.compressobj(6, wbits=-zlib.MAX_WBITS)
        return deflater.compress(packed(stored.values, described)) + deflater.flush()
    made = _by_encoder(stored.values, described)
    try:
        again = decoded(made, described)
    except (NoDecoder, Undecodable):
        raise NotEncodable from None
    if again.photometric != stored.photometric or not np.array_equal(again.values, stored.values):
        raise NotEncodable
    return made


def _by_encoder(values: Array, described: Description) -> bytes:
    if described.syntax not in _ENCODERS:
        raise NotEncodable
    syntax, plugin = _ENCODERS[described.syntax]
    if syntax == JPEG2000Lossless and described.stored > 24:
        raise NotEncodable
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bytes(
                get_encoder(UID(syntax)).encode(
                    np.ascontiguousarray(values),
                    encoding_plugin=plugin,
                    rows=described.rows,
                    columns=described.columns,
                    number_of_frames=1,
                    samples_per_pixel=described.samples,
                    bits_allocated=values.dtype.itemsize * 8,
                    bits_stored=described.stored,
                    pixel_representation=int(values.dtype.kind == "i"),
                    photometric_interpretation=_hint(described),
                    planar_configuration=0,
                )
            )
    except SPOILING:
        raise
    except Exception:  # encoders raise whatever they like
        raise NotEncodable from None


def _hint(described: Description) -> str:
    """What makes the encoder transform colour where the syntax says so, and nowhere else."""
    if described.samples == 1:
        return "MONOCHROME2"
    return "YBR_RCT" if described.photometric in ("YBR_RCT", "YBR_ICT") else "RGB"


def native_of(stored: Stored, described: Description) -> tuple[Stored, Description]:
    """A decoded frame as it stands in Explicit VR Little Endian, where colour is RGB by pixel, and its description."""
    shown = as_rgb(stored, described)
    size = shown.values.dtype.itemsize * 8
    stated = replace(
        described,
        syntax=str(ExplicitVRLittleEndian),
        encapsulated=False,
        little=True,
        swapped=False,
        allocated=size,
        stored=min(described.stored, size),
        high=min(described.high, size - 1),
        signed=shown.values.dtype.kind == "i",
        planar=0,
        photometric=shown.photometric,
    )
    return shown, stated
