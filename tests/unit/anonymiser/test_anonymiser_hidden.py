"""Text beside the pixels goes, and ordinary pixels are left alone."""

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from services.anonymiser.engine import Cleaned, Verdict
from tests.unit.anonymiser.building import verdict

TEXT = b"DOE^JOHN MRN 12345"
JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


def _verdict(**changes: object) -> Verdict:
    path = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(path, str)
    dataset = dcmread(Path(path))
    syntax = changes.pop("syntax", None)
    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = syntax
    for name, value in changes.items():
        setattr(dataset, name, value)
    if syntax is not None:
        dataset["PixelData"].is_undefined_length = True
        dataset["PixelData"].VR = "OB"
    written = BytesIO()
    dataset.save_as(written)
    return verdict(written.getvalue())


def _pixels() -> bytes:
    pixels = dcmread(get_testdata_file("CT_small.dcm", download=False)).PixelData
    assert isinstance(pixels, bytes)
    return pixels


def test_text_behind_native_pixels_is_cut_off() -> None:
    result = _verdict(PixelData=_pixels() + TEXT)
    assert isinstance(result, Cleaned)
    assert TEXT not in result.part10
    assert dcmread(BytesIO(result.part10)).PixelData == _pixels()


def test_padding_behind_native_pixels_is_none() -> None:
    assert isinstance(_verdict(PixelData=_pixels() + bytes(32)), Cleaned)


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content


@pytest.mark.parametrize("marker", [0xFE, 0xE1, 0xED])
def test_text_in_a_jpeg_segment_is_cut_out(marker: int) -> None:
    stream = b"\xff\xd8" + JFIF + _segment(marker, TEXT) + b"\xff\xda\x00\x02" + bytes(10) + b"\xff\xd9"
    result = _verdict(PixelData=encapsulate([stream]), syntax=JPEGBaseline8Bit)
    assert isinstance(result, Cleaned)
    assert TEXT not in result.part10
    assert JFIF in result.part10


@pytest.mark.parametrize("marker", [0xEE, 0xDB])
def test_what_a_decoder_needs_is_not(marker: int) -> None:
    stream = b"\xff\xd8" + JFIF + _segment(marker, bytes(12)) + b"\xff\xda\x00\x02" + bytes(10) + b"\xff\xd9"
    assert isinstance(_verdict(PixelData=encapsulate([stream]), syntax=JPEGBaseline8Bit), Cleaned)
