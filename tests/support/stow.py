"""STOW-RS requests made by hand, and metadata with bulk data made of files as another client would."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

BOUNDARY = "isocentre-test"
Part = tuple[Mapping[str, str], bytes]


def token_of(site: str) -> str:
    """The bearer token of a site of the system tests."""
    return f"token of {site}"


def dicom(*files: bytes) -> list[Part]:
    return [({"Content-Type": "application/dicom"}, file) for file in files]


def multipart(parts: Iterable[Part], boundary: str = BOUNDARY) -> bytes:
    pieces = []
    for headers, content in parts:
        block = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        pieces.append(f"--{boundary}\r\n{block}\r\n".encode() + content + b"\r\n")
    return b"".join(pieces) + f"--{boundary}--\r\n".encode()


def content_type(kind: str = "application/dicom", boundary: str = BOUNDARY) -> str:
    return f'multipart/related; type="{kind}"; boundary={boundary}'


def apart(
    file: bytes, media_type: str = "application/octet-stream", syntax: str = ""
) -> tuple[dict[str, Any], list[Part]]:
    """Metadata (DICOM JSON Model) of a file, and its bulk data: frames where its pixels are compressed."""
    dataset = dcmread(BytesIO(file))
    uri = f"bulk/{dataset.SOPInstanceUID}"
    parts: list[Part] = []

    def away(element: Any) -> str:
        name = f"{uri}/{int(element.tag):08X}/{len(parts)}"
        encapsulated = element.tag == 0x7FE00010 and dataset.file_meta.TransferSyntaxUID.is_encapsulated
        frames = generate_frames(element.value, number_of_frames=_frames(dataset)) if encapsulated else [element.value]
        kind = f"{media_type}; transfer-syntax={syntax}" if encapsulated and syntax else media_type
        parts.extend(({"Content-Type": kind, "Content-Location": name}, frame) for frame in frames)
        return name

    return dataset.to_json_dict(bulk_data_threshold=64, bulk_data_element_handler=away), parts


def _frames(dataset: Dataset) -> int:
    return int(dataset.get("NumberOfFrames", 1) or 1)


def xml(model: Mapping[str, Any]) -> bytes:
    """The Native DICOM Model of metadata, by another hand than the receiver's."""
    body = "".join(_attribute(tag, element) for tag, element in model.items())
    return (
        f'<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">{body}</NativeDicomModel>'.encode()
    )


def _attribute(tag: str, element: Mapping[str, Any]) -> str:
    return f'<DicomAttribute tag="{tag}" vr="{element["vr"]}">{_value(element)}</DicomAttribute>'


def _value(element: Mapping[str, Any]) -> str:
    if "BulkDataURI" in element:
        return f"<BulkData uri={quoteattr(element['BulkDataURI'])}/>"
    if "InlineBinary" in element:
        return f"<InlineBinary>{element['InlineBinary']}</InlineBinary>"
    return "".join(_single(element["vr"], number, one) for number, one in enumerate(element.get("Value", ()), 1))


def _single(vr: str, number: int, value: Any) -> str:
    if vr == "SQ":
        return f'<Item number="{number}">{"".join(_attribute(tag, item) for tag, item in value.items())}</Item>'
    if vr == "PN":
        groups = "".join(f"<{group}>{_name(name)}</{group}>" for group, name in (value or {}).items())
        return f'<PersonName number="{number}">{groups}</PersonName>'
    return f'<Value number="{number}">{"" if value is None else escape(str(value))}</Value>'


def _name(text: str) -> str:
    names: Sequence[str] = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
    return "".join(f"<{name}>{escape(part)}</{name}>" for name, part in zip(names, text.split("^"), strict=False))
