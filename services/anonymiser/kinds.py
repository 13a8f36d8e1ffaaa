"""What kind of object it is, and whether this software knows how to clean that kind (PS3.4 Table B.5-1)."""

import re
from enum import Enum

from services.anonymiser.dataset.tags import DOCUMENT, SOP_CLASS
from services.anonymiser.dataset.tree import Item, find, word

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_WAVEFORM = 0x54000100

# Encapsulated PDF, CDA, STL, OBJ, MTL; video; voices and other sound.
_DOCUMENTS = re.compile(r"104\..+|77\.1\.[124]\.1|9\.4\..+")
_VIDEO_SYNTAX = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?")
# Without the root; each of these somebody has thought about. Images of all kinds ...
_KNOWN = re.compile(
    r"1(\.1(\.1)?|\.2(\.1)?|\.3(\.1)?)?|2(\.[12])?|3(\.1)?|4(\.[1-4])?|5|6(\.[123])?|7(\.[1-4])?|12\..+|13\.1\.[1-5]|14\..+"
    r"|20|30|77\..+|128(\.1)?|130|481\.[12]"
    # ... raw data aside: spectra, registrations, segmentations, surfaces, annotations, real-world values, waveforms ...
    r"|66\.[1-8]|67|68\.[12]|91\.1|9\.[12356789]\..+|9\.1\.[1-5]"
    # ... presentation states, structured reports and key objects, ophthalmic measurements, plans and treatment records.
    r"|11\.([1-9]|1[0-2])|88\..+|78\.[1-8]|79\.1|80\.1|81\.1|82\.1|481\.([3-9]|1[0-9]|2[0-5])"
)


class Kind(Enum):
    """How far an object can be cleaned at all."""

    KNOWN = "known"
    DOCUMENT = "a document, video or sound in DICOM: nothing here can read it"
    UNKNOWN = "a SOP class that nobody here has thought about"


def kind_of(elements: Item, transfer_syntax: str) -> Kind:
    """The kind of the object by SOP class, transfer syntax, and what it holds."""
    uid = word(elements, SOP_CLASS)
    number = uid.removeprefix(_STORAGE) if uid.startswith(_STORAGE) else ""
    if _DOCUMENTS.fullmatch(number) or find(elements, DOCUMENT) or _VIDEO_SYNTAX.fullmatch(transfer_syntax):
        return Kind.DOCUMENT
    if find(elements, _WAVEFORM) and not number.startswith("9."):
        return Kind.DOCUMENT  # a voice beside an image
    return Kind.KNOWN if _KNOWN.fullmatch(number) else Kind.UNKNOWN
