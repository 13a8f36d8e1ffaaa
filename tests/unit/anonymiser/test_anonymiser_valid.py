"""Types decide what may happen, at the top and at every depth: objects of real IODs stay valid under `basic`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydicom.datadict import keyword_for_tag

from services.anonymiser.dataset.tree import Element, Item, find, known_vr
from services.anonymiser.engine import Cleaned
from services.anonymiser.standard.table import table
from services.anonymiser.standard.types import attribute_type
from tests.support.probe import value
from tests.unit.anonymiser.building import cleaned, elements_of, instance, sequence, text

STORAGE = "1.2.840.10008.5.1.4.1.1."
IODS = {
    "CT": STORAGE + "2",
    "Enhanced MR": STORAGE + "4.1",
    "US": STORAGE + "6.1",
    "Enhanced PET": STORAGE + "130",
    "Comprehensive SR": STORAGE + "88.33",
    "RT Structure Set": STORAGE + "481.3",
    "RT Plan": STORAGE + "481.5",
    "Grayscale presentation state": STORAGE + "11.1",
    "Segmentation": STORAGE + "66.4",
    "RT Physician Intent": STORAGE + "481.10",
}
# Sequences in which attributes of the table have types, outermost first.
PLACES = {
    "top": (),
    "Request Attributes": (0x00400275,),
    "Referenced Request": (0x0040A370,),
    "Shared Functional Groups, Frame Content": (0x52009229, 0x00209111),
    "Per-frame Functional Groups, Frame Content": (0x52009230, 0x00209111),
    "Content Sequence": (0x0040A730,),
    "Content Sequence, twice": (0x0040A730, 0x0040A730),
    "Structure Set ROI": (0x30060020,),
    "ROI Observations": (0x30060080,),
    "Source Series Information": (0x3006004A,),
    "Radiopharmaceutical Information": (0x00540016,),
    "Beams": (0x300A00B0,),
    "Segments": (0x00620002,),
    "Planning Input": (0x30100076, 0x30100082),
    "Contributing Equipment": (0x0018A001,),
    "Coding Scheme Resources": (0x00080110, 0x00080109),
}
# The engine says what it did, and names the patient; overlays, curves and documents go or are held as a whole.
APART = {0x00100010, 0x00100020, 0x00420011, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00080005}
FORMS = {
    "AS": r"\d{3}[DWMY]",
    "DA": r"\d{8}",
    "DT": r"\d{14}",
    "TM": r"\d{6}",
    "DS": r"[-+]?\d+(\.\d+)?",
    "IS": r"[-+]?\d+",
    "UI": r"[0-9.]{3,64}",
    "CS": r"[A-Z0-9_ ]{1,16}",
    "AE": r"[ -\[\]-~]{1,16}",
    "SH": r"[^\\]{1,16}",
    "LO": r"[^\\]{1,64}",
    "PN": r"[^\\]{1,64}",
}
SIZES = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "AT": 4}


@dataclass(frozen=True)
class Case:
    """One row at one place of one IOD, with the type that PS3.3 gives it there."""

    iod: str
    place: str
    tag: int
    kind: str

    @property
    def basic(self) -> str:
        row = table().row(self.tag)
        assert row is not None
        return row.basic

    @property
    def vr(self) -> str:
        return (known_vr(self.tag) or "LO").split(" or ")[0]

    def __str__(self) -> str:
        return f"{keyword_for_tag(self.tag)}-{self.kind}-{self.iod}-{self.place}"


def tags() -> Iterator[int]:
    for name in table().rows:
        if name != "private" and "x" not in name and name >= "0008" and int(name, 16) not in APART:
            yield int(name, 16)


def cases() -> Iterator[Case]:
    for iod, sop_class in IODS.items():
        for place, path in PLACES.items():
            for tag in tags():
                kind = attribute_type(sop_class, (*path, tag))
                # Of an attribute that no module names there is nothing to be kept valid, but at one place.
                if kind and known_vr(tag) and (kind != "3" or (iod, place) == ("CT", "top")):
                    yield Case(iod, place, tag, kind)


CASES = list(cases())


def planted(case: Case) -> Element:
    if case.vr == "SQ":
        inner = (text(0x00081150, "UI", STORAGE + "2"), text(0x00081155, "UI", "2.77.4711"))
        return sequence(case.tag, inner)
    return Element(case.tag, case.vr, value(case.tag % 1000, case.vr))


def result_of(case: Case) -> tuple[Cleaned, Element | None, bool]:
    """The object, what is left of the attribute, and whether there still is a place for it."""
    element = planted(case)
    for above in reversed(PLACES[case.place]):
        element = sequence(above, (element,))
    result = cleaned(instance(element, sop_class=IODS[case.iod]), "basic")
    elements: Item = elements_of(result)
    for above in PLACES[case.place]:
        around = find(elements, above)
        if around is None or not around.items:
            return result, None, False
        elements = around.items[0]
    return result, find(elements, case.tag), True


def filled(element: Element) -> bool:
    """Whether it has one value, or some where the original has, in the form of its VR."""
    if element.vr == "SQ":
        return bool(element.items)
    if element.vr in SIZES:
        return len(element.value) % SIZES[element.vr] == 0 and len(element.value) > 0
    pattern = FORMS.get(element.vr, r"(?s).+")
    return re.fullmatch(pattern, bytes(element.value).decode("latin-1").rstrip(" \0")) is not None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_needed_is_there_and_nothing_of_the_original(case: Case):
    result, left, has_place = result_of(case)
    original = planted(case)
    if original.vr != "SQ":
        assert bytes(original.value).strip(b" \0") not in result.part10
    assert b"2.77.4711" not in result.part10
    if not has_place:
        return
    if case.kind in ("1", "1C"):
        assert left is not None
        assert left.vr == original.vr
        assert filled(left)
    elif case.kind in ("2", "2C"):
        assert left is not None
        assert left.vr == original.vr
        assert left.value == b"" or filled(left)
    elif case.basic in ("X", "X/Z", "X/D", "X/Z/D"):
        assert left is None
    else:
        assert left is not None


# By action: the types at which real IODs have it.
SEEN = {
    "X": {"1", "1C", "2", "2C", "3"},
    "Z/D": {"1", "2", "2C", "3"},
    "X/Z": {"2", "2C", "3"},
    "X/D": {"1", "1C", "2", "3"},
    "X/Z/D": {"1", "1C", "2", "3"},
}


def test_every_action_is_seen_at_every_type_that_it_has():
    seen = {action: {case.kind for case in CASES if case.basic == action} for action in SEEN}
    assert seen == SEEN
    assert len(CASES) > 900


@pytest.mark.parametrize("depth", ["top", "nested"])
def test_of_an_unknown_type_the_value_that_is_valid_anywhere_is_chosen(depth: str):
    """Compound actions in a SOP class that the tables do not know, or within an unknown sequence."""
    unknown = STORAGE + "30"  # Parametric Map; within a sequence that no module of it names
    for tag in tags():
        row = table().row(tag)
        assert row is not None
        vr = (known_vr(tag) or "LO").split(" or ")[0]
        if "/" not in row.basic or row.basic.endswith("*") or vr == "SQ":
            continue
        element = Element(tag, vr, value(1, vr))
        around = sequence(0x30060010, (sequence(0x30060012, (element,)),)) if depth == "nested" else element
        elements = elements_of(cleaned(instance(around, sop_class=unknown), "basic"))
        if depth == "nested":
            elements = elements[[one.tag for one in elements].index(0x30060010)].items[0][0].items[0]
            left = find(elements, tag)
            assert left is not None
            assert left.value == b"" if row.basic == "X/Z" else filled(left)


# --- where the table's only action would leave an object invalid


def test_presentation_states_keep_a_date_and_time_of_creation():
    when = (text(0x00700082, "DA", "20160517"), text(0x00700083, "TM", "091533"))
    elements = elements_of(cleaned(instance(*when, sop_class=IODS["Grayscale presentation state"]), "basic"))
    assert [find(elements, tag).value for tag in (0x00700082, 0x00700083)] == [b"19000101", b"000000"]  # type: ignore[union-attr]


def test_requests_keep_their_form_where_an_option_keeps_them():
    request = (text(0x00401001, "SH", "P4711 "), text(0x00400009, "SH", "S4711 "), text(0x00400007, "LO", "Abdomen "))
    profile = "name: own\nbase: basic\ntitle: Own\noptions: [clean-descriptors]\n"
    result = cleaned(instance(sequence(0x00400275, request), sop_class=IODS["CT"]), profile)
    around = find(elements_of(result), 0x00400275)
    assert around is not None
    assert {one.tag: one.value.strip() for one in around.items[0]} == {
        0x00400007: b"Abdomen",
        0x00400009: b"ANONYMISED",
        0x00401001: b"ANONYMISED",
    }


def test_a_radiopharmaceutical_keeps_a_start():
    item = (text(0x00181078, "DT", "20160517091533"), text(0x00181079, "DT", "20160517091633"))
    result = cleaned(instance(sequence(0x00540016, item), sop_class=IODS["Enhanced PET"]), "basic")
    around = find(elements_of(result), 0x00540016)
    assert around is not None
    assert [(one.tag, one.value) for one in around.items[0]] == [(0x00181078, b"19000101000000")]


def test_no_signature_leaves_its_parameters():
    parameters = (text(0x04000005, "US", "\1\0"), text(0x04000015, "CS", "SHA256"))
    result = cleaned(instance(sequence(0x4FFE0001, parameters), sequence(0xFFFAFFFA, parameters)), "basic")
    assert not {0x4FFE0001, 0xFFFAFFFA} & {one.tag for one in elements_of(result)}


def test_a_time_zone_that_has_to_be_there_is_none():
    simplified_echo = STORAGE + "88.72"
    result = cleaned(instance(text(0x00080201, "SH", "+0230 "), sop_class=simplified_echo), "basic")
    element = find(elements_of(result), 0x00080201)
    assert element is not None
    assert element.value.strip() == b"+0000"


def test_a_word_of_which_nothing_is_left_is_replaced_where_one_has_to_be():
    segment = (text(0x00620008, "CS", "AUTOMATIC "), text(0x00620009, "LO", "Doe Janes"))
    result = cleaned(instance(sequence(0x00620002, segment), sop_class=IODS["Segmentation"]), "research")
    around = find(elements_of(result), 0x00620002)
    assert around is not None
    name = find(around.items[0], 0x00620009)
    assert name is not None
    assert name.value == b"ANONYMISED"
