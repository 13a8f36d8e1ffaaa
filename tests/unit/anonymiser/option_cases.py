"""Every row of Table E.1-1 in each option column, as an object with that row alone, at the top or nested."""

from dataclasses import dataclass

from services.anonymiser.dataset.tree import Element, Item, find
from services.anonymiser.engine import Cleaned
from tests.support.probe import ENHANCED_MR, FRAME_CONTENT, SHARED_GROUPS, Row, rows
from tests.unit.anonymiser.building import elements_of, flat, instance, sequence, text

COLUMNS = {
    "retain_uids": "retain-uids",
    "retain_device_identity": "retain-device-identity",
    "retain_institution_identity": "retain-institution-identity",
    "retain_patient_characteristics": "retain-patient-characteristics",
    "retain_longitudinal_full_dates": "retain-longitudinal-full-dates",
    "retain_longitudinal_modified_dates": "retain-longitudinal-modified-dates",
    "clean_descriptors": "clean-descriptors",
    "clean_structured_content": "clean-structured-content",
    "clean_graphics": "clean-graphics",
}
# Not as the letter of the table has it, and why. All of these are stricter.
EXCEPTIONS = {
    "Affected SOP Instance UID": "command elements have no place in a data set",
    "Requested SOP Instance UID": "command elements have no place in a data set",
    "Media Storage SOP Instance UID": "file meta information is written anew; it has none in a data set",
    "Referenced SOP Instance UID in File": "belongs to a DICOMDIR",
    "Curve Data": "of a curve all goes, since nothing looks into it",
    "Overlay Data": "of an overlay all goes, since nothing looks into it",
    "Overlay Comments": "of an overlay all goes, since nothing looks into it",
}


@dataclass(frozen=True)
class Case:
    """One row in one option column. `place`: top, or nested in a functional group."""

    column: str
    row: Row
    place: str

    @property
    def profile(self) -> str:
        # The gate only reports: it is tested elsewhere, and here it would hold what the engine should have taken out.
        return f"name: own\nbase: basic\ntitle: Own\noptions: [{COLUMNS[self.column]}]\ngate: report\n"

    def __str__(self) -> str:
        return f"{self.column}-{self.row.tag:08X}-{self.place}"


def cases(letter: str, *columns: str) -> list[Case]:
    return [
        Case(column, row, place)
        for column in columns
        for row in rows()
        for place in ("top", "nested")
        if row.cells[column] == letter and row.name not in EXCEPTIONS
    ]


def planted(case: Case, element: Element) -> bytes:
    """An Enhanced MR object with `element` where the case wants it."""
    if case.place == "top":
        return instance(element, sop_class=ENHANCED_MR)
    group = (sequence(FRAME_CONTENT, (element,)),)
    return instance(sequence(SHARED_GROUPS, group), sop_class=ENHANCED_MR)


def found(case: Case, result: Cleaned) -> Element | None:
    elements: Item = elements_of(result)
    if case.place == "nested":
        for tag in (SHARED_GROUPS, FRAME_CONTENT):
            above = find(elements, tag)
            assert above is not None
            elements = above.items[0]
    return find(elements, case.row.tag)


def texts_of(element: Element | None) -> str:
    return " ".join(one.content.decode("latin-1").strip(" \0") for one in flat((element,) if element else ()))


def coded(meaning: str) -> Item:
    return (text(0x00080100, "SH", "T-D4000 "), text(0x00080102, "SH", "SRT "), text(0x00080104, "LO", meaning))
