"""Under which ID a patient was sent, read from the beginning of an original (pure)."""

from __future__ import annotations

import io
import zlib

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from shared.dicom import part10

HEAD = 256 * 1024
"""Bytes of an original that are read: the patient stands in group 0010, behind what is short in nearly all objects."""

_CHARACTERS, _PATIENT_ID, _ISSUER = 0x00080005, 0x00100020, 0x00100021


def patient_of(head: bytes) -> tuple[str, str] | None:
    """Issuer and patient ID, empty where they are not sent; None when that cannot be read."""
    meta = part10.meta(head)
    if meta is None:
        return None
    try:
        syntax, data_set = UID(meta.transfer_syntax_uid), head[meta.front :]
        if syntax == DeflatedExplicitVRLittleEndian:
            data_set = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data_set, HEAD)
        plain = not syntax.is_transfer_syntax or syntax == DeflatedExplicitVRLittleEndian
        last = 0

        def beyond(tag: int, vr: str | None, length: int) -> bool:
            nonlocal last
            last = int(tag)
            return last > _ISSUER

        found = read_dataset(
            io.BytesIO(data_set),
            False if plain else syntax.is_implicit_VR,
            True if plain else syntax.is_little_endian,
            stop_when=beyond,
            specific_tags=[Tag(tag) for tag in (_CHARACTERS, _PATIENT_ID, _ISSUER)],
        )
        if last <= _ISSUER and len(head) >= HEAD:
            return None
        return _text(found, _ISSUER), _text(found, _PATIENT_ID)
    except Exception:
        return None  # pydicom raises whatever its parts do


def _text(dataset: Dataset, tag: int) -> str:
    return str(dataset[tag].value or "") if tag in dataset else ""
