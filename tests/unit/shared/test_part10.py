"""Part 10 objects around data sets that are kept as they are."""

import tracemalloc
import zlib
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from shared.dicom import part10

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
STUDY = b"\x20\x00\x0d\x00UI\x08\x001.2.3.4\x00"


@pytest.mark.parametrize("instance", ["1.2.3", "1.2.34"])
def test_wraps_so_that_pydicom_reads_it(instance: str) -> None:
    wrapped = part10.front(EXPLICIT, CT, instance) + STUDY
    read = dcmread(BytesIO(wrapped))
    assert read.StudyInstanceUID == "1.2.3.4"
    assert read.file_meta.MediaStorageSOPInstanceUID == instance
    assert read.file_meta.MediaStorageSOPClassUID == CT
    assert read.file_meta.TransferSyntaxUID == EXPLICIT
    assert wrapped.endswith(STUDY)
    assert wrapped[:132] == bytes(128) + b"DICM"


def test_group_length_tells_where_the_data_set_begins() -> None:
    wrapped = part10.front(EXPLICIT, CT, "1.2.3") + STUDY
    length = int.from_bytes(wrapped[140:144], "little")
    assert wrapped[144 + length :] == STUDY


def test_the_digest_tells_transfer_syntaxes_apart_and_ignores_meta() -> None:
    assert part10.digest(STUDY, EXPLICIT) == part10.digest(STUDY, EXPLICIT)
    assert part10.digest(STUDY, EXPLICIT) != part10.digest(STUDY, "1.2.840.10008.1.2")
    assert part10.digest(STUDY, EXPLICIT) != part10.digest(STUDY + b"\x00", EXPLICIT)


def test_finds_the_study_of_real_files() -> None:
    path = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(path, str)
    with open(path, "rb") as file:
        content = file.read()
    data_set = content[144 + int.from_bytes(content[140:144], "little") :]
    assert part10.study_instance_uid(data_set, EXPLICIT) == str(dcmread(path).StudyInstanceUID)


DEFLATED = "1.2.840.10008.1.2.1.99"


def _deflated(data_set: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(data_set) + deflate.flush()


def test_finds_the_study_of_a_deflated_data_set_without_inflating_all_of_it() -> None:
    bomb = _deflated(STUDY + b"\xe0\x7f\x10\x00OB\x00\x00\x00\x00\x00\x10" + bytes(256 * 1024 * 1024))
    tracemalloc.start()
    assert part10.study_instance_uid(bomb, DEFLATED) == "1.2.3.4"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize("syntax", [EXPLICIT, "1.2.840.10008.1.2", DEFLATED, "", "no uid"])
@pytest.mark.parametrize("content", [b"", b"garbage", part10.front(EXPLICIT, CT, "1.2.3") + b"garbage", bytes(200)])
def test_finds_no_study_where_there_is_none(content: bytes, syntax: str) -> None:
    assert part10.study_instance_uid(content, syntax) is None
