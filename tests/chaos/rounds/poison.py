"""Objects made to kill, hang or starve whoever decodes them. Each number makes others."""

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.support.generated import Item, ct_dataset, item_of

VAST = 60_000
"""Rows and columns."""
DEPTH = 2000
"""Sequences within sequences."""
_CONTENT_SEQUENCE = b"\x40\x00\x30\xa7"
SWOLLEN = 200_000_000
"""Bytes that a small file inflates to."""


def poisons(collection: int, each: int) -> Iterator[Item]:
    """So many of every kind."""
    kinds: tuple[Callable[[Dataset], Item], ...] = (vast, torn, nonsense, endless, deep, swollen, short)
    for order, kind in enumerate(kinds):
        for number in range(each):
            yield kind(ct_dataset(900_000 + collection, order * 100 + number, side=16))


def vast(image: Dataset) -> Item:
    """A JPEG 2000 codestream of a hundred bytes that says it is of 60,000 x 60,000 pixels."""
    image.Rows = image.Columns = VAST
    size = struct.pack(">HHIIIIIIIIH", 0, 0, VAST, VAST, 0, 0, VAST, VAST, 0, 0, 1) + b"\x0f\x01\x01"
    siz = b"\xff\x51" + struct.pack(">H", len(size) + 2) + size
    cod = b"\xff\x52\x00\x0c\x00\x00\x00\x01\x00\x05\x04\x04\x00\x01"
    qcd = b"\xff\x5c\x00\x13\x40" + bytes([0x40] * 16)
    sot = b"\xff\x90\x00\x0a" + struct.pack(">HIBB", 0, 0, 0, 1) + b"\xff\x93"
    return _file(image, JPEG2000Lossless, encapsulate([b"\xff\x4f" + siz + cod + qcd + sot + bytes(64) + b"\xff\xd9"]))


def torn(image: Dataset) -> Item:
    """A JPEG that ends behind its head."""
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
    head = b"\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    return _file(image, JPEGBaseline8Bit, encapsulate([head + bytes(1)]))


def nonsense(image: Dataset) -> Item:
    """RLE segments that begin behind the end."""
    offsets = struct.pack("<16I", 15, *(0xFFFFFF00 - 7 * number for number in range(15)))
    return _file(image, RLELossless, encapsulate([offsets + b"\x81\x00" * 50]))


def short(image: Dataset) -> Item:
    """JPEG-LS of another size than the header has it."""
    head = b"\xff\xd8\xff\xf7\x00\x0b\x10\x7f\xff\x7f\xff\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00"
    return _file(image, JPEGLSLossless, encapsulate([head + b"\x00" * 31 + b"\xff\xd9"]))


def endless(image: Dataset) -> Item:
    """More frames than there can be."""
    image.NumberOfFrames = 2**31 - 1
    return _file(image, ExplicitVRLittleEndian, None)


def deep(image: Dataset) -> Item:
    """Sequences within sequences. By hand: a library that copies each into the next one takes all memory for it."""
    plain = _file(image, ExplicitVRLittleEndian, None)
    begin = _CONTENT_SEQUENCE + b"SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    head, pixels, tail = plain.data_set.partition(b"\xe0\x7f\x10\x00")
    nested = head + begin * DEPTH + end * DEPTH + pixels + tail
    return Item(plain.sop_class_uid, plain.sop_instance_uid, nested, plain.transfer_syntax_uid)


def swollen(image: Dataset) -> Item:
    """A deflated data set that inflates a thousandfold."""
    plain = _file(image, ExplicitVRLittleEndian, None)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(plain.data_set) + packer.compress(
        b"\xe1\x7f\x10\x10OB\0\0" + struct.pack("<L", SWOLLEN) + bytes(SWOLLEN)
    )
    packed += packer.flush()
    return Item(
        plain.sop_class_uid,
        plain.sop_instance_uid,
        packed + bytes(len(packed) % 2),
        str(DeflatedExplicitVRLittleEndian),
    )


def _file(image: Dataset, syntax: UID, pixels: bytes | None) -> Item:
    if pixels is not None:
        image.PixelData = pixels
        image["PixelData"].VR = "OB"
        image["PixelData"].is_undefined_length = True
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = syntax
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    buffer = BytesIO()
    dcmwrite(buffer, image, enforce_file_format=True)
    return item_of(buffer.getvalue())
