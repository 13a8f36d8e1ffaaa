"""The UIDs at the beginning of a data set: the quick way and the thorough one."""

import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import UID

from shared.dicom.named import Named, named, named_in, uids

CT, IMPLICIT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
BIG, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
NAMED = Named(CT, "1.2.3", "1.2.3.4")


def written(syntax: str, data_set: Dataset) -> bytes:
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = syntax == IMPLICIT, syntax != BIG
    write_dataset(file, data_set)
    raw: bytes = file.getvalue()
    return raw


def data_set(*, sequence: bool = False, private: int = 0) -> Dataset:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.StudyInstanceUID, made.Rows = CT, "1.2.3", "1.2.3.4", 1
    if sequence:
        item = Dataset()
        item.ReferencedSOPInstanceUID = "9.9.9"
        made.ReferencedImageSequence = [item]
    if private:
        block = made.private_block(0x0009, "MAKER", create=True)
        block.add_new(1, "OB", bytes(private))
    return made


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize("sequence", [False, True])
def test_both_ways_say_the_same(syntax: str, sequence: bool) -> None:
    raw = written(syntax, data_set(sequence=sequence))
    assert named_in(BytesIO(raw), syntax) == NAMED
    assert named(raw, syntax) == (None if syntax == BIG else NAMED)
    assert uids(raw, lambda: BytesIO(raw), syntax) == NAMED


def test_nothing_is_opened_where_the_head_will_do() -> None:
    raw = written(EXPLICIT, data_set())

    def never() -> BytesIO:
        raise AssertionError

    assert uids(raw, never, EXPLICIT) == NAMED
    assert uids(raw[:20], lambda: BytesIO(raw), EXPLICIT) == NAMED


def test_uids_behind_something_large_are_found_by_the_thorough_way() -> None:
    raw = written(EXPLICIT, data_set(private=3_000_000))
    assert named(raw[:65536], EXPLICIT) is None
    assert named_in(BytesIO(raw), EXPLICIT) == NAMED


def test_a_deflated_data_set() -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    raw = packer.compress(written(EXPLICIT, data_set())) + packer.flush()
    assert named(raw, DEFLATED) is None
    assert named_in(BytesIO(raw), DEFLATED) == NAMED


def test_not_all_of_a_deflated_data_set_is_inflated() -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    raw = packer.compress(written(EXPLICIT, data_set()) + b"\xe0\x7f\x10\x00OB\x00\x00\x00\x00\x00\x10")
    raw += packer.compress(bytes(256 * 1024 * 1024)) + packer.flush()
    tracemalloc.start()
    assert named_in(BytesIO(raw), DEFLATED) == NAMED
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize("raw", [b"", b"\x00", b"garbage that is no data set", bytes(1000)])
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_what_is_no_data_set_has_no_name(raw: bytes, syntax: str) -> None:
    assert named(raw, syntax) is None
    assert named_in(BytesIO(raw), syntax) is None


def test_without_its_own_uid_it_is_no_instance() -> None:
    nameless = data_set()
    del nameless.SOPInstanceUID
    assert named_in(BytesIO(written(EXPLICIT, nameless)), EXPLICIT) is None


def test_the_quick_way_is_right_about_every_file_of_pydicom() -> None:
    agreed = 0
    for path in sorted((Path(pydicom.__file__).parent / "data" / "test_files").rglob("*.dcm")):
        try:
            read = dcmread(path, stop_before_pixels=True)
            syntax = UID(read.file_meta.TransferSyntaxUID)
            raw = path.read_bytes()[144 + read.file_meta.FileMetaInformationGroupLength :]
        except Exception:
            continue
        found = named(raw, syntax)
        if found is not None:
            assert found == named_in(BytesIO(raw), syntax), path
            assert found.sop_instance_uid == read.SOPInstanceUID
            agreed += 1
    assert agreed > 20
