"""The front of Part 10 files: where the data set begins, and what it is."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.filereader import read_dataset

from shared.dicom import part10
from shared.dicom.part10 import LONGEST_FRONT, PREAMBLE, Meta, NotPart10, meta, read_front
from shared.dicom.vrs import LONG_VRS, SHORT_VRS

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
FRONT = part10.front(EXPLICIT, CT, "1.2.3")


def test_reads_a_file_however_little_of_it_has_come() -> None:
    whole = FRONT + b"\x08\x00\x05\x00CS\x00\x00"
    for count in range(len(FRONT) + 1):
        assert read_front(whole[:count], whole=False) is None
    assert read_front(whole, whole=False) == Meta(CT, "1.2.3", EXPLICIT, len(FRONT))


def test_a_file_may_have_an_empty_data_set() -> None:
    assert read_front(FRONT, whole=True) == Meta(CT, "1.2.3", EXPLICIT, len(FRONT))


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "rtplan.dcm", "image_dfl.dcm"])
def test_reads_real_files(name: str) -> None:
    data = Path(str(get_testdata_file(name, download=False))).read_bytes()
    front = read_front(data, whole=False)
    assert front is not None
    assert data[front.front : front.front + 2] != b"\x02\x00"
    assert int.from_bytes(data[140:144], "little") == front.front - 144


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
        bytes(128) + b"DICM" + b"\x02\x00\x02\x01OB\x00\x00\xff\xff\xff\xff" + bytes(LONGEST_FRONT),
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
    assert front is None or front.front <= len(data)


@pytest.mark.parametrize("data_set", [b"", b"a", b"abc", b"abcdefg", b"\x08\x00\x05\x00CS\x00\x00"])
def test_the_data_set_of_a_stored_object_may_be_shorter_than_an_element(data_set: bytes) -> None:
    assert meta(FRONT + data_set) == Meta(CT, "1.2.3", EXPLICIT, len(FRONT))


def test_a_stored_object_that_is_cut_in_its_front_has_none() -> None:
    between = {
        len(FRONT) - 22,
        len(FRONT) - 22 - 8 - 44,
    }  # before the version's name, and before the implementation's UID
    for count in range(len(FRONT)):
        found = meta(FRONT[:count])
        assert found is None or (count in between and found.front == count)


def test_a_stored_object_has_the_uids_that_it_came_with() -> None:
    stored = part10.front(EXPLICIT, "", "no UID, and longer than sixty-four characters: " + 40 * "1.2")
    told = meta(stored)
    assert told is not None
    assert told.sop_class_uid == ""
    assert told.sop_instance_uid.endswith("1.21.2")


_NAMING = (0x0002, 0x0003, 0x0010)
_OTHERS = st.integers(0, 0xFFFF).filter(lambda number: number not in _NAMING)
_VALUES = st.tuples(st.sampled_from(sorted(LONG_VRS | SHORT_VRS)), st.binary(max_size=40))
_UIDS = st.tuples(st.just(b"UI"), st.text("0123456789.x", max_size=70).map(lambda uid: part10.even(uid.encode())))


@st.composite
def fronts(draw: st.DrawFn) -> bytes:
    """Any elements of the group, in any order, in which the three that name the object may be missing."""
    elements = draw(st.dictionaries(_OTHERS, _VALUES, max_size=8))
    elements |= draw(st.dictionaries(st.sampled_from(_NAMING), _UIDS, min_size=2))
    numbers = draw(st.permutations(sorted(elements)))
    return PREAMBLE + b"".join(_element(number, *elements[number]) for number in numbers)


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    length = bytes(2) + len(value).to_bytes(4, "little") if vr in LONG_VRS else len(value).to_bytes(2, "little")
    return b"\x02\x00" + number.to_bytes(2, "little") + vr + length + value


def _by_pydicom(file: bytes) -> Meta | None:
    source = BytesIO(file)
    source.seek(len(PREAMBLE))
    found = read_dataset(source, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    wanted = [0x00020000 + number for number in _NAMING]
    if not all(tag in found for tag in wanted):
        return None
    sop_class, instance, syntax = (str(found[tag].value or "") for tag in wanted)
    return Meta(sop_class, instance, syntax, source.tell())


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@settings(max_examples=300, deadline=None)
@given(fronts())
def test_reads_what_pydicom_does(front: bytes) -> None:
    file = front + b"\x08\x00\x05\x00CS\x00\x00"
    assert meta(file) == _by_pydicom(file)


@settings(max_examples=300, deadline=None)
@given(fronts(), st.binary(max_size=9))
def test_two_ways_to_ask_find_the_same_but_for_uids_that_are_none(front: bytes, data_set: bytes) -> None:
    stored = meta(front + data_set)
    try:
        sent = read_front(front + data_set, whole=True)
    except NotPart10:
        uids = (stored.sop_class_uid, stored.sop_instance_uid, stored.transfer_syntax_uid) if stored else ("",)
        assert any("x" in uid or not 0 < len(uid) <= 64 for uid in uids)
    else:
        assert sent == stored
