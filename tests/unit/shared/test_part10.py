"""Part 10 objects around data sets that are kept as they are."""

from io import BytesIO

import pytest
from pydicom import dcmread

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
