"""How DICOM objects are sent (PS3.18 8.7): the answer chosen from what we can give."""

from dataclasses import dataclass

from shared.media import DICOM, DICOM_JSON, MULTIPART, MediaType, choose, parse

__all__ = ["ANY_SYNTAX", "DICOM", "DICOM_JSON", "JPEG", "MULTIPART", "DicomAnswer", "choose", "choose_dicom", "parse"]

JPEG = "image/jpeg"
ANY_SYNTAX = "*"


@dataclass(frozen=True, slots=True)
class DicomAnswer:
    """How to send DICOM objects: in parts or as one, and in which transfer syntax (`*`: as stored)."""

    multipart: bool
    transfer_syntax: str


def choose_dicom(header: str, single: bool) -> tuple[DicomAnswer, ...]:
    """The acceptable ways to send DICOM objects, best first; none: 406.

    `single` is said of an instance, which may also go out without multipart (PS3.18 10.4.1.3, CP-2040).
    Without a transfer-syntax parameter the object goes out as it is stored: we never transcode.
    """
    return tuple(answer for wanted in parse(header) if (answer := _dicom_answer(wanted, single)) is not None)


def _dicom_answer(wanted: MediaType, single: bool) -> DicomAnswer | None:
    syntax = wanted.parameters.get("transfer-syntax", ANY_SYNTAX)
    if wanted.type == DICOM:
        return DicomAnswer(False, syntax) if single else None
    if not wanted.admits(MULTIPART):
        return None
    inner = MediaType(wanted.parameters.get("type", "*/*").lower())
    return DicomAnswer(True, syntax) if inner.admits(DICOM) else None
