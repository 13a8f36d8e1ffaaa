"""The meanings of the actions on single elements."""

import pytest
from pydicom.dataset import Dataset

from tests.bench.deid.actions import text_removed, text_retained, uid_changed
from tests.bench.deid.truth import Check

DESCRIPTION = "0008103E"


def described(text: str) -> Dataset:
    dataset = Dataset()
    dataset.SeriesDescription = text
    return dataset


@pytest.mark.parametrize(
    ("value", "how", "left"),
    [
        ("John Smith", "words", "CT CHEST for SMITH^JOHN"),
        ("John Smith", "words", "CT chest smithj"),
        ("Zoë Müller", "words", "zoe"),
        ("Anna Ng", "words", "t2 NG sag"),
        ("555-1234", "whole", "call 5551234"),
        ("MR123456", "whole", "id mr-123456."),
        ("92", "whole", "aged 92 years"),
        ("van der Berg", "words", "BERG"),
    ],
)
def test_what_is_left_of_an_identifier_is_seen(value: str, how: str, left: str) -> None:
    assert text_removed(Check("f", "text", "text_removed", DESCRIPTION, value, how), described(left))


@pytest.mark.parametrize(
    ("value", "how", "left"),
    [
        ("John Smith", "words", "CT CHEST W CONTRAST"),
        ("Anna Ng", "words", "imaging"),
        ("van der Berg", "words", "drawing of van"),
        ("92", "whole", "slice 1925"),
        ("555-1234", "whole", "555 and 4321"),
    ],
)
def test_what_is_not_the_identifier_is_none(value: str, how: str, left: str) -> None:
    assert text_removed(Check("f", "text", "text_removed", DESCRIPTION, value, how), described(left)) is None


def test_an_absent_element_is_removed_and_not_retained() -> None:
    check = Check("f", "text", "text_removed", DESCRIPTION, "John", "words")
    assert text_removed(check, Dataset()) is None
    assert text_retained(Check("f", "text", "text_retained", DESCRIPTION, "CT", "text"), Dataset())


@pytest.mark.parametrize(
    ("value", "there", "right"),
    [
        ("CT of the chest", "CHEST, CT", True),
        ("MRI without contrast", "MRI contrast", False),
        ("AX T2", "AX", False),
        ("Röntgen Thorax", "ROENTGEN THORAX", False),
        ("Röntgen Thorax", "rontgen THORAX", True),
    ],
)
def test_words_that_mean_something_stay(value: str, there: str, right: bool) -> None:
    check = Check("f", "text", "text_retained", DESCRIPTION, value, "text")
    assert (text_retained(check, described(there)) is None) is right


def test_numbers_are_compared_as_numbers() -> None:
    dataset = Dataset()
    dataset.PixelSpacing = ["0.5", "0.50"]
    assert text_retained(Check("f", "header", "text_retained", "00280030", "0.50\\0.5", "value"), dataset) is None
    assert text_retained(Check("f", "header", "text_retained", "00280030", "0.50\\0.6", "value"), dataset)


def test_a_replacement_must_be_a_uid() -> None:
    dataset = Dataset()
    dataset.StudyInstanceUID = "ANONYMISED"
    assert uid_changed(Check("f", "uid", "uid_changed", "0020000D", "1.2.3"), dataset)
    dataset.StudyInstanceUID = "2.25.4"
    assert uid_changed(Check("f", "uid", "uid_changed", "0020000D", "1.2.3"), dataset) is None
