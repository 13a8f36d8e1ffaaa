"""The front of Part 10 files: where the data set begins, and what it is."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from services.receiver.stow.front import LONGEST, Front, NotPart10, read_front
from shared.dicom import part10

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
FRONT = part10.front(EXPLICIT, CT, "1.2.3")


def test_reads_a_file_however_little_of_it_has_come() -> None:
    whole = FRONT + b"\x08\x00\x05\x00CS\x00\x00"
    for count in range(len(FRONT) + 4):
        assert read_front(whole[:count], whole=False) is None
    assert read_front(whole, whole=False) == Front(CT, "1.2.3", EXPLICIT, len(FRONT))


def test_a_file_may_have_an_empty_data_set() -> None:
    assert read_front(FRONT, whole=True) == Front(CT, "1.2.3", EXPLICIT, len(FRONT))


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "rtplan.dcm", "image_dfl.dcm"])
def test_reads_real_files(name: str) -> None:
    data = Path(str(get_testdata_file(name, download=False))).read_bytes()
    front = read_front(data, whole=False)
    assert front is not None
    assert data[front.length : front.length + 2] != b"\x02\x00"
    assert int.from_bytes(data[140:144], "little") == front.length - 144


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(132),
        b"\x08\x00\x05\x00CS\x00\x00" * 40,
        bytes(128) + b"DICM",
        FRONT[:-1],
        bytes(128) + b"DICM" + b"\x08\x00\x05\x00CS\x00\x00",
        part10.front(EXPLICIT, "not a UID", "1.2.3"),
        part10.front(EXPLICIT, CT, ""),
        bytes(128) + b"DICM" + b"\x02\x00\x02\x01OB\x00\x00\xff\xff\xff\xff" + bytes(LONGEST),
    ],
)
def test_anything_else_is_no_part_10_file(data: bytes) -> None:
    with pytest.raises(NotPart10):
        read_front(data, whole=True)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(FRONT) - 1), st.booleans())
def test_never_fails_otherwise(noise: bytes, place: int, whole: bool) -> None:
    data = FRONT[:place] + noise + FRONT[place + len(noise) :]
    try:
        front = read_front(data, whole=whole)
    except NotPart10:
        return
    assert front is None or front.length <= len(data)
