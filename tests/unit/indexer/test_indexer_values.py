"""Values of a header as PostgreSQL can store them."""

from datetime import date

import pytest

from services.indexer import values
from tests.support.indexer_events import header

TAG = "00080020"


def of(value: object) -> dict[str, object]:
    return header(T00080020=value)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("20200229", date(2020, 2, 29)),
        ("2020.02.29", date(2020, 2, 29)),
        ("20210229", None),
        ("00000101", None),
        ("99991231", date(9999, 12, 31)),
        ("20200101-20200102", None),
        ("", None),
        (20200229, date(2020, 2, 29)),
        ({"Alphabetic": "20200229"}, None),
        (None, None),
    ],
)
def test_a_date_that_no_calendar_has_is_none(sent: object, stored: date | None) -> None:
    assert values.day(of(sent), TAG) == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("10", "10"),
        ("1015", "1015"),
        ("101530.123456", "101530.123456"),
        ("10:15:30", "101530"),
        ("235960", "235960"),
        ("24", None),
        ("1060", None),
        ("10.5", None),
        ("101530.1234567", None),
    ],
)
def test_a_time_is_stored_without_colons_or_not_at_all(sent: str, stored: str | None) -> None:
    assert values.time_of_day(of(sent), TAG) == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (7, 7),
        ("7", 7),
        (" +7 ", 7),
        (7.0, 7),
        (7.5, None),
        (-(2**31), -(2**31)),
        (2**31, None),
        (1e300, None),
        (float("inf"), None),
        (float("nan"), None),
        ("9" * 5000, None),
        ("seven", None),
        ([], None),
        ([[7]], None),
    ],
)
def test_a_number_beyond_its_column_is_none(sent: object, stored: int | None) -> None:
    assert values.integer(of(sent), TAG) == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("CT", "CT"),
        ([" CT ", "MR"], "CT"),
        ("\0C\0T", "CT"),
        ("C\ud800T", "CT"),
        ("", None),
        ("\0", None),
        ("x" * 9999, "x" * values.TEXT_LIMIT),
        ([None], None),
    ],
)
def test_text_is_trimmed_cut_and_cleaned(sent: object, stored: str | None) -> None:
    assert values.text(of(sent), TAG) == stored


def test_a_name_is_its_first_group_that_says_something() -> None:
    assert values.name(of({"Alphabetic": "", "Ideographic": "山田"}), TAG) == "山田"
    assert values.name(of("plain"), TAG) == "plain"
    assert values.name(of({}), TAG) is None


@pytest.mark.parametrize("element", [None, 5, [], {"vr": "DA"}, {"Value": "20200101"}, {"Value": {}}])
def test_an_element_of_another_shape_has_no_value(element: object) -> None:
    assert values.day({TAG: element}, TAG) is None
    assert values.text({TAG: element}, TAG) is None


@pytest.mark.parametrize("uid", ["", "1.2\0", "1.2 ", "x", "1" * 65, "\uff11.\uff12"])
def test_what_cannot_be_a_uid(uid: str) -> None:
    assert not values.is_uid(uid)
