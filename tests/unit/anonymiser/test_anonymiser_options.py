"""Each option column of Table E.1-1, row by row: K retains the value byte for byte, without it nothing is left."""

import pytest

from services.anonymiser.dataset.tree import Element
from tests.support.probe import Row, rows, value
from tests.unit.anonymiser.building import cleaned, flat, sequence, text
from tests.unit.anonymiser.option_cases import COLUMNS, EXCEPTIONS, Case, cases, coded, found, planted


def example(row: Row) -> Element:
    if row.vr == "SQ" and "U" in row.basic:
        return sequence(row.tag, (text(0x00081155, "UI", "2.77.47111"),))
    if row.vr == "SQ":
        return sequence(row.tag, coded("Abdomen "))
    return Element(row.tag, row.vr, value(row.tag % 1000, row.vr))


RETAINING = ("uids", "device_identity", "institution_identity", "patient_characteristics", "longitudinal_full_dates")


@pytest.mark.parametrize("case", cases("K", *(f"retain_{name}" for name in RETAINING)), ids=str)
def test_k_retains_the_value_byte_for_byte_and_without_it_nothing_is_left(case: Case):
    element = example(case.row)
    data = planted(case, element)
    kept = found(case, cleaned(data, case.profile))
    assert kept is not None
    assert kept.items == element.items
    assert bytes(kept.value).strip(b" \0") == bytes(element.value).strip(b" \0")
    basic = cleaned(data, "basic")
    for one in flat((element,)):
        gone = one.content.strip(b" \0")
        assert one.tag in SCHEME or not gone or gone not in basic.part10


# It is in the marks of the object itself, too, or may be.
SCHEME = {0x00080102}


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_what_has_no_place_in_a_data_set_goes_whatever_the_option(name: str):
    row = next(row for row in rows() if row.name == name)
    for column in (column for column in COLUMNS if row.cells[column]):
        case = Case(column, row, "nested")
        assert found(case, cleaned(planted(case, example(row)), case.profile)) is None
