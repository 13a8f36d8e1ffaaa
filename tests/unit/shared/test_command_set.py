"""Command sets there and back."""

import pytest

from shared.dicom.command_set import NoCommandSet, elements, written

VALUES = [(0x0002, b"1.2.3\0"), (0x0100, b"\1\0"), (0x0900, b"")]


def test_what_is_written_is_read_behind_its_group_length() -> None:
    whole = written(VALUES)
    assert elements(whole) == {0: (len(whole) - 12).to_bytes(4, "little"), **dict(VALUES)}
    assert elements(b"") == {}


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 17, 25])
def test_what_ends_within_an_element_is_none(cut: int) -> None:
    with pytest.raises(NoCommandSet):
        elements(written(VALUES[:2])[:-cut])


def test_other_groups_have_no_place_in_it() -> None:
    with pytest.raises(NoCommandSet):
        elements(b"\x08\0\0\0\0\0\0\0")
