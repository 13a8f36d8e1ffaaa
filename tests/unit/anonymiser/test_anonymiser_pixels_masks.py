"""Known layouts and ultrasound regions: what fits, what does not, and what is refused."""

import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from services.anonymiser.dataset.tree import Element, Item, Syntax
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.margins import doubtful, roomy
from services.anonymiser.pixels.masks import MalformedLayouts, masked, parsed, shipped
from services.anonymiser.pixels.regions import outside, regions
from tests.unit.anonymiser.building import text
from tests.unit.anonymiser.pictures import with_elements

SYNTAX = Syntax(str(ExplicitVRLittleEndian))
BIG = Syntax(str(ExplicitVRBigEndian), little=False)
TWICE = "{name: a, when: {Rows: {equals: 1}}, blank: [[0, 0, 1, 1]]}"
MASK = """
layouts:
  - name: a-device
    when:
      Modality: {equals: US}
      Manufacturer: {contains: [Acme, Emca]}
      ManufacturerModelName: {matches: '^X-?\\d+$'}
      Rows: {equals: 480}
    blank: [[0, 0, 640, 47], [600, 440, 99, 99]]
"""


def _device(rows: int = 480, model: str = "X-12", syntax: Syntax = SYNTAX) -> Item:
    return (
        text(0x00080060, "CS", "US"),
        text(0x00080070, "LO", "ACME Medical "),
        text(0x00081090, "LO", model),
        Element(0x00280010, "US", rows.to_bytes(2, "little" if syntax.little else "big")),
    )


@pytest.mark.parametrize("syntax", [SYNTAX, BIG])
def test_a_layout_fits_when_all_its_conditions_hold(syntax: Syntax) -> None:
    found = masked(_device(syntax=syntax), syntax, parsed(MASK))
    assert found == (Box(0, 0, 640, 47), Box(600, 440, 699, 539))


@pytest.mark.parametrize(
    "device",
    [
        _device(rows=481),
        _device(model="X-12b"),
        with_elements(_device(), text(0x00080060, "CS", "MR")),
        with_elements(_device(), text(0x00080070, "LO", "Other")),
        _device()[:3],
    ],
    ids=["rows", "model", "modality", "manufacturer", "absent"],
)
def test_it_does_not_when_one_fails(device: Item) -> None:
    assert masked(device, SYNTAX, parsed(MASK)) == ()


def test_one_of_several_values_is_enough_for_equals() -> None:
    layouts = parsed("layouts: [{name: a, when: {ImageType: {equals: secondary}}, blank: [[0, 0, 1, 1]]}]")
    assert masked((text(0x00080008, "CS", "DERIVED\\SECONDARY "),), SYNTAX, layouts)
    assert not masked((text(0x00080008, "CS", "DERIVED\\SECOND"),), SYNTAX, layouts)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("layouts: [", "no YAML"),
        ("- 1", "the document: not a mapping"),
        ("layuots: []", "the document: unknown layuots"),
        ("sources: {}", "the document: layouts missing"),
        ("layouts: {}", "layouts: not a list"),
        ("layouts: [{name: a}]", r"layouts\[0\]: blank, when missing"),
        ("layouts: [{name: A b, when: {Rows: {equals: 1}}, blank: [[0, 0, 1, 1]]}]", r"layouts\[0\].name"),
        ("layouts: [{name: a, source: x, when: {Rows: {equals: 1}}, blank: [[0, 0, 1, 1]]}]", r"layouts\[0\].source"),
        ("layouts: [{name: a, when: {}, blank: [[0, 0, 1, 1]]}]", "no condition"),
        ("layouts: [{name: a, when: {Rowz: {equals: 1}}, blank: [[0, 0, 1, 1]]}]", "'Rowz' is no keyword"),
        ("layouts: [{name: a, when: {TransferSyntaxUID: {equals: 1}}, blank: [[0, 0, 1, 1]]}]", "is no keyword"),
        ("layouts: [{name: a, when: {IconImageSequence: {equals: 1}}, blank: [[0, 0, 1, 1]]}]", "a sequence"),
        ("layouts: [{name: a, when: {Rows: {}}, blank: [[0, 0, 1, 1]]}]", "one of contains, equals, matches"),
        ("layouts: [{name: a, when: {Rows: {is: 1}}, blank: [[0, 0, 1, 1]]}]", "unknown is"),
        ("layouts: [{name: a, when: {BurnedInAnnotation: {equals: YES}}, blank: [[0, 0, 1, 1]]}]", "in quotes"),
        ("layouts: [{name: a, when: {Rows: {matches: '('}}, blank: [[0, 0, 1, 1]]}]", "no regular expression"),
        ("layouts: [{name: a, when: {Rows: {equals: 1}}, blank: []}]", "a list of"),
        ("layouts: [{name: a, when: {Rows: {equals: 1}}, blank: [[0, 0, 1]]}]", r"blank\[0\]: \[left"),
        ("layouts: [{name: a, when: {Rows: {equals: 1}}, blank: [[0, 0, -1, 1]]}]", "whole numbers"),
        ("layouts: [{name: a, when: {Rows: {equals: 1}}, blank: [[0, 0, 0, 1]]}]", "nothing is blanked"),
        (f"layouts: [{TWICE}, {TWICE}]", "'a' stands twice"),
    ],
)
def test_what_is_no_layout_is_refused_with_its_place(document: str, said: str) -> None:
    with pytest.raises(MalformedLayouts, match=said):
        parsed(document)


def test_shipped_layouts_name_their_sources_and_pin_a_matrix() -> None:
    for layout in shipped():
        assert layout.source
        assert {condition.tag for condition in layout.conditions} & {0x00280010, 0x00280011}, layout.name
        assert all(box.right <= 2304 and box.bottom <= 2592 for box in layout.boxes)


def test_a_shipped_layout_fits_its_device() -> None:
    device = (
        text(0x00080060, "CS", "US"),
        text(0x00080070, "LO", "Philips Medical Systems"),
        text(0x00081090, "LO", "iU22"),
        Element(0x00280010, "US", (768).to_bytes(2, "little")),
        Element(0x00280011, "US", (1024).to_bytes(2, "little")),
    )
    assert masked(device, SYNTAX, shipped()) == (Box(0, 0, 1024, 75),)


# Regions.


def _region(left: int, top: int, right: int, bottom: int, syntax: Syntax = SYNTAX) -> Item:
    order = "little" if syntax.little else "big"
    corners = zip((0x00186018, 0x0018601A, 0x0018601C, 0x0018601E), (left, top, right, bottom), strict=True)
    return tuple(Element(tag, "UL", value.to_bytes(4, order)) for tag, value in corners)  # type: ignore[arg-type]


@pytest.mark.parametrize("syntax", [SYNTAX, BIG])
def test_corners_belong_to_a_region(syntax: Syntax) -> None:
    stated = Element(0x00186011, "SQ", items=(_region(10, 20, 99, 49, syntax),))
    assert regions((stated,), syntax, 100, 200) == (Box(10, 20, 100, 50),)


def test_regions_that_make_no_sense_are_none() -> None:
    items = (_region(50, 50, 40, 40), _region(300, 300, 400, 400), _region(0, 0, 9, 9)[:3], _region(5, 5, 900, 900))
    assert regions((Element(0x00186011, "SQ", items=items),), SYNTAX, 100, 200) == (Box(5, 5, 200, 100),)
    assert regions((), SYNTAX, 100, 200) == ()


def test_outside_is_all_that_no_region_covers() -> None:
    stated = (Box(10, 20, 60, 50), Box(40, 30, 90, 80))
    covered = {(x, y) for box in stated for x in range(box.left, box.right) for y in range(box.top, box.bottom)}
    around = [
        (x, y)
        for box in outside(stated, 100, 120)
        for x in range(box.left, box.right)
        for y in range(box.top, box.bottom)
    ]
    assert len(around) == len(set(around))
    assert set(around) == {(x, y) for x in range(120) for y in range(100)} - covered
    assert outside((), 100, 120) == ()


def _pixels(box: Box) -> list[tuple[int, int]]:
    return [(x, y) for x in range(box.left, box.right) for y in range(box.top, box.bottom)]


def test_a_margin_is_wide_outside_the_regions_and_stays_out_of_them() -> None:
    region = (Box(0, 50, 200, 100),)
    assert roomy((Box(20, 10, 80, 20),), region, 100, 200) == (Box(10, 0, 90, 30),)
    assert roomy((Box(20, 35, 80, 45),), region, 100, 200) == (Box(17, 32, 83, 48),)
    assert roomy((Box(20, 60, 80, 70),), region, 100, 200) == (Box(17, 57, 83, 73),)
    assert roomy((Box(0, 0, 300, 40),), (), 100, 200) == (Box(0, 0, 200, 48),)


def test_no_text_is_as_large_as_a_part_of_the_picture() -> None:
    assert doubtful((Box(0, 0, 500, 100),), 512, 512)
    assert not doubtful((Box(0, 0, 500, 80), Box(0, 0, 80, 500)), 512, 512)  # a line
    assert not doubtful((Box(0, 0, 230, 115),), 486, 756)  # three lines
    assert not doubtful((Box(0, 0, 190, 50),), 60, 200)  # a label and nothing else
    assert doubtful((Box(57, 159, 756, 486),), 486, 756)
