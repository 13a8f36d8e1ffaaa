"""Mandatory attributes of the general modules (PS3.3 C.7 and C.12): what makes an object one that can be filed."""

from collections.abc import Iterator

from services.validator import elements
from services.validator.classes import StorageClass
from services.validator.defects import Code, Defect
from services.validator.elements import Header
from shared.outcome import Reason

SOP_COMMON_1 = ("00080016", "00080018")
"""PS3.3 Table C.12-1: SOP Class UID, SOP Instance UID."""
STUDY_1 = ("0020000D",)
"""PS3.3 Table C.7-3: Study Instance UID."""
SERIES_1 = ("00080060", "0020000E")
"""PS3.3 Table C.7-5a: Modality, Series Instance UID."""
PATIENT_2 = ("00100010", "00100020", "00100030", "00100040")
"""PS3.3 Table C.7-1: Patient's Name, ID, Birth Date, Sex."""
STUDY_2 = ("00080020", "00080030", "00080050", "00080090", "00200010")
"""PS3.3 Table C.7-3: Study Date, Study Time, Accession Number, Referring Physician's Name, Study ID."""
SERIES_2 = ("00200011",)
"""PS3.3 Table C.7-5a: Series Number."""
IMAGE_2 = ("00200013",)
"""PS3.3 Table C.7-9: Instance Number. General Image has no attribute of type 1."""


def check(header: Header, storage_class: StorageClass) -> Iterator[Defect]:
    """Type 1 without a usable value rejects; type 2 that is not there is a finding (PS3.5 7.4.1, 7.4.3).

    Objects that belong to no patient (templates, palettes, protocols) have only SOP Common.
    """
    of_patient = storage_class.of_patient
    for tag in SOP_COMMON_1 + (STUDY_1 + SERIES_1 if of_patient else ()):
        if elements.text(header, tag) is None:
            yield Defect(Code.MISSING_TYPE_1, tag, Reason.MISSING_TYPE_1)
    type_2 = PATIENT_2 + STUDY_2 + SERIES_2 if of_patient else ()
    for tag in type_2 + (IMAGE_2 if storage_class.image else ()):
        if not elements.present(header, tag):
            yield Defect(Code.MISSING_TYPE_2, tag)
