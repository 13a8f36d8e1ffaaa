"""Private elements that are known to be safe stay, and whoever misuses them does not get through."""

from io import BytesIO

import pydicom
import pytest

from services.anonymiser.cleaning.private import speaks
from services.anonymiser.dataset.tree import Element
from tests.unit.anonymiser.building import BIG, EXPLICIT, IMPLICIT, cleaned, instance, text

# PS3.15 Table E.3.10-1: SUV factor, a DS.
FACTOR = (text(0x70530010, "LO", "Philips PET Private Group"), text(0x70531000, "DS", "1.5 "))
# TCIA keeps a number of this block, a US.
GE = (text(0x00190010, "LO", "GEMS_ACQU_01"), Element(0x00191002, "SL", b"\x10\x00\x00\x00"))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_safe_element_stays_with_its_creator_and_is_described(syntax: str):
    dataset = pydicom.dcmread(BytesIO(cleaned(instance(*FACTOR, syntax=syntax), "research").part10))
    assert dataset[0x70530010].value == "Philips PET Private Group"
    assert float(dataset[0x70531000].value) == 1.5
    (described,) = dataset.PrivateDataElementCharacteristicsSequence
    assert (described.PrivateGroupReference, described.PrivateCreatorReference) == (0x7053, "Philips PET Private Group")
    assert described.BlockIdentifyingInformationStatus == "SAFE"
    assert "113111" in {item.CodeValue for item in dataset.DeidentificationMethodCodeSequence}


def test_the_description_is_in_the_objects_byte_order():
    dataset = pydicom.dcmread(BytesIO(cleaned(instance(*FACTOR, syntax=BIG), "research").part10))
    assert dataset.PrivateDataElementCharacteristicsSequence[0].PrivateGroupReference == 0x7053


@pytest.mark.parametrize(
    "elements",
    [
        (text(0x70530010, "LO", "Somebody else"), text(0x70531000, "DS", "1.5 ")),  # another creator
        (text(0x70531000, "DS", "1.5 "),),  # none at all
        (FACTOR[0], text(0x70531000, "DS", "Doe ")),  # text as a number
        (FACTOR[0], text(0x70531000, "LO", "Doe ")),  # another VR
        (FACTOR[0], text(0x70531055, "DS", "1.5 ")),  # nobody knows it
        (GE[0], Element(0x00191002, "UN", b"JANE DOE")),  # words as binary numbers
    ],
)
def test_what_is_not_what_the_table_says_goes_with_its_creator(elements: tuple[Element, ...]):
    dataset = pydicom.dcmread(BytesIO(cleaned(instance(*elements), "research").part10))
    assert [element.tag for element in dataset if element.tag.is_private] == []
    assert "PrivateDataElementCharacteristicsSequence" not in dataset


def test_without_the_option_nothing_private_stays():
    dataset = pydicom.dcmread(BytesIO(cleaned(instance(*FACTOR), "basic").part10))
    assert [element.tag for element in dataset if element.tag.is_private] == []


def test_numbers_that_are_words():
    assert speaks(b"ROBERT GUNNARSSON ")
    assert speaks("ZOË LEFÈVRE".encode("latin-1"))
    assert speaks("ZOË LEFÈVRE".encode())
    assert speaks("Yamada^\x1b$B;3ED\x1b(B".encode("ascii"))
    assert not speaks(b"\x01\x00\x02\x00\x03\x00")
    assert not speaks(b"AB  ")
    assert not speaks(b"123456")
    assert not speaks(bytes.fromhex("000020c1cdcc4cc1"))
    assert not speaks(bytes.fromhex("e8fd41fff0ff30fe"))
