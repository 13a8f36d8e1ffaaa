"""Colours behind the stored values of PALETTE COLOR (PS3.3 Sections C.7.6.3.1.5, C.7.6.3.1.6, C.7.9)."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import ExplicitVRLittleEndian

from services.anonymiser.pixels.description import Array, Description

_DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103)
_TABLES = (0x00281201, 0x00281202, 0x00281203)
_SEGMENTED = (0x00281221, 0x00281222, 0x00281223)
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


class NoPalette(Exception):
    """There are no look-up tables, or none that make sense."""


def coloured(values: Array, described: Description) -> Array:
    """(rows, columns, 3) of 8 bits. Raises NoPalette."""
    try:
        if described.palette.uid and not described.palette.tables:
            colours = apply_color_lut(values, palette=described.palette.uid)
        else:
            colours = apply_color_lut(values, _data_set(described))
    except Exception:  # whatever pydicom meets in the tables
        raise NoPalette from None
    # Some write 16 bits into the descriptor and use eight (PS3.3 C.7.6.3.1.6 asks to scale them).
    deep = colours.dtype.itemsize > 1 and colours.max(initial=0) > 255
    return np.asarray(colours >> 8 if deep else colours, np.uint8)


def darkest(described: Description) -> int:
    """The stored value of the darkest colour. Raises NoPalette."""
    descriptor = dict(described.palette.tables).get(_DESCRIPTORS[0])
    words = _words(descriptor, described) if descriptor else [0, 0, 0]
    entries, first = words[0] or (2**16 if descriptor else 256), words[1]
    if described.signed and first >= 2**15:
        first -= 2**16
    lowest, highest = -(2 ** (described.stored - 1)) if described.signed else 0, 2**described.stored - 1
    values = np.arange(max(first, lowest), min(first + entries, highest + 1))
    if not len(values):
        raise NoPalette
    luma = coloured(values[None].astype(described.dtype.newbyteorder("=")), described)[0] @ _LUMA
    return int(values[luma.argmin()])


def _data_set(described: Description) -> Dataset:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian  # segmented tables are read in its order
    for tag, value in described.palette.tables:
        if tag in _DESCRIPTORS:
            made.add_new(tag, "US", _words(value, described))
        elif tag in (*_TABLES, *_SEGMENTED):
            made.add_new(tag, "OW", np.array(_words(value, described), "<u2").tobytes())
    return made


def _words(value: bytes, described: Description) -> list[int]:
    found: list[int] = np.frombuffer(value[: len(value) // 2 * 2], f"{'<' if described.little else '>'}u2").tolist()
    return found
