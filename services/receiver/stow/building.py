"""Puts data sets together from metadata and bulk data (PS3.18 Sections 8.6.1, 8.7.3 and 10.5.2)."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_dataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import BUFFERABLE_VRS
from pydicom.values import convert_value

from services.receiver.stow.bulk import Bulk, BulkPart, NoRoom, Piece

DicomJson = dict[str, Any]

DEEPEST = 32
"""Sequences within each other."""
_IN_MEMORY = 16 * 1024 * 1024
"""Bytes of bulk data within sequences, and of such that is not read in pieces."""
_LONGEST = 0xFFFFFFFE
"""Bytes of a value or of a fragment (PS3.5 Section 7.1.1 and Annex A.4)."""
_PIXELS = "7FE00010"
_CLASS, _INSTANCE, _STATED_SYNTAX, _CHARACTERS, _FRAMES = "00080016", "00080018", "00020010", "00080005", "00280008"
_UID = re.compile(r"[0-9.]{1,64}", re.ASCII)
_GROUP_8 = "00080000"
_ITEM, _PADDING = b"\xfe\xff\x00\xe0", b"\x00"
_DEFAULTS = {
    "image/jpeg": "1.2.840.10008.1.2.4.70",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jpx": "1.2.840.10008.1.2.4.92",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "video/mpeg2": "1.2.840.10008.1.2.4.100",
    "video/mp4": "1.2.840.10008.1.2.4.102",
}
"""Transfer syntaxes of compressed pixels whose part names none (PS3.18 Table 8.7.3-5)."""


class NotBuilt(Exception):
    """The metadata are no data set, or their bulk data did not come or cannot be theirs."""


@dataclass(frozen=True, slots=True)
class Built:
    """A data set that can be written, and what names it."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: Dataset

    def write(self, write: Callable[[bytes], int]) -> None:
        """All of it, piece by piece. Raises NotBuilt where a value does not fit its VR; NoRoom; what `write` raises."""
        out = _Out(write)
        file = DicomFileLike(out)
        file.is_little_endian, file.is_implicit_VR = True, False
        try:
            write_dataset(file, self.dataset)
        except Exception as failed:
            # pydicom wraps what comes from our side, too.
            raise out.failed or _failure(failed) from None


def build(metadata: DicomJson, bulk: Bulk) -> Built:
    """The data set that the metadata (DICOM JSON Model) and the bulk data which they refer to make.

    Raises NotBuilt and NoRoom.
    """
    try:
        model = {tag.upper(): element for tag, element in metadata.items() if tag >= _GROUP_8}
        _check(model, bulk)
        pixels = _compressed(model, bulk)
        syntax = _syntax(metadata, pixels) if pixels else str(ExplicitVRLittleEndian)
        dataset = Dataset.from_json(model, _Values(bulk))
        if pixels:
            _encapsulate(dataset, pixels, bulk)
        if not orjson.dumps(model).isascii():
            _speak_utf_8(dataset)
        sop_class, sop_instance = uids(metadata)
        if not (sop_class and sop_instance):
            raise NotBuilt
        return Built(sop_class, sop_instance, syntax, dataset)
    except Exception as failed:
        # pydicom raises whatever its parts do.
        raise _failure(failed) from None


def _failure(failed: Exception) -> NotBuilt | NoRoom:
    """What it comes to: trouble of ours, which passes, or data that never will be a data set.

    pydicom wraps what fails within it, and makes an OSError of all that fails while it writes a value; that has no
    errno, which the system's always have.
    """
    one: BaseException | None = failed
    while one is not None:
        if isinstance(one, (NoRoom, MemoryError)) or (isinstance(one, OSError) and one.errno is not None):
            return NoRoom()
        one = one.__cause__ or one.__context__
    return NotBuilt()


def uids(metadata: object) -> tuple[str, str]:
    """SOP class and instance UIDs, for a report; '' where there is none."""
    sop_class, sop_instance = (_uid(metadata, tag) for tag in (_CLASS, _INSTANCE))
    return sop_class, sop_instance


def _check(model: DicomJson, bulk: Bulk) -> None:
    """Raises NotBuilt where bulk data did not come, or would have to be in memory and are too large for that."""
    in_memory = 0
    for depth, tag, vr, uri in _references(model, 0):
        parts = bulk.of(uri)
        if not parts or (len(parts) > 1 and (depth or tag != _PIXELS)):
            raise NotBuilt
        if depth or vr not in BUFFERABLE_VRS:
            in_memory += parts[0].size
        if in_memory > _IN_MEMORY or max(part.size for part in parts) > _LONGEST:
            raise NotBuilt


def _references(model: DicomJson, depth: int) -> Iterator[tuple[int, str, str, str]]:
    """Depth, tag, VR and URI of what is bulk data."""
    if depth > DEEPEST:
        raise NotBuilt
    for tag, element in model.items():
        if "BulkDataURI" in element:
            yield depth, tag.upper(), element["vr"], element["BulkDataURI"]
        elif element["vr"] == "SQ":
            for item in element.get("Value", ()):
                yield from _references(item or {}, depth + 1)


def _compressed(model: DicomJson, bulk: Bulk) -> tuple[BulkPart, ...]:
    """The frames, when they came compressed; () otherwise."""
    parts = tuple(bulk.of(model.get(_PIXELS, {}).get("BulkDataURI", "")))
    kinds = {(part.media_type, part.transfer_syntax) for part in parts}
    if not any(media_type.startswith(("image/", "video/")) for media_type, _ in kinds):
        if len(parts) > 1:
            raise NotBuilt
        return ()
    video = parts[0].media_type.startswith("video/")
    frames = 1 if video or _FRAMES not in model else int(_first(model, _FRAMES))
    if len(kinds) > 1 or len(parts) != frames:
        raise NotBuilt
    return parts


def _syntax(metadata: DicomJson, frames: tuple[BulkPart, ...]) -> str:
    """What the part says; else what the metadata say; else the media type's default."""
    stated = _first(metadata, _STATED_SYNTAX) if _STATED_SYNTAX in metadata else ""
    syntax = UID(frames[0].transfer_syntax or stated or _DEFAULTS[frames[0].media_type])
    if not syntax.is_encapsulated:
        raise NotBuilt
    return str(syntax)


def _encapsulate(dataset: Dataset, frames: tuple[BulkPart, ...], bulk: Bulk) -> None:
    """The frames as items, a fragment each, behind an empty offset table (PS3.5 Annex A.4)."""
    pieces: list[Piece] = [_ITEM + bytes(4)]
    for frame in frames:
        even = frame.size + frame.size % 2
        pieces += [_ITEM + even.to_bytes(4, "little"), *_even(frame)]
    dataset.add_new(int(_PIXELS, 16), "OB", bulk.splice(pieces))
    dataset[int(_PIXELS, 16)].is_undefined_length = True


def _even(part: BulkPart) -> list[Piece]:
    return [part.where, _PADDING[: part.size % 2]]


class _Values:
    """Gives pydicom the values of bulk data."""

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def __call__(self, tag: str, vr: str, uri: str) -> Any:
        part = self._bulk.of(uri)[0]
        if vr in BUFFERABLE_VRS:
            return self._bulk.splice(_even(part))
        raw = RawDataElement(Tag(int(tag, 16)), vr, part.size, self._bulk.read(part), 0, False, True)
        return convert_value(vr, raw, ["utf8"])


class _Out(io.BufferedIOBase):
    """What pydicom writes to."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self._write = write
        self._written = 0
        self.failed: Exception | None = None

    def write(self, data: Any, /) -> int:
        try:
            self._written += self._write(bytes(data))
        except Exception as failed:
            self.failed = failed
            raise
        return len(data)

    def tell(self) -> int:
        return self._written


def _speak_utf_8(dataset: Dataset) -> None:
    """JSON is in UTF-8, whatever its values were in before (PS3.18 Section F.2.1)."""

    def relabel(_: Dataset, element: DataElement) -> None:
        if element.tag == int(_CHARACTERS, 16):
            element.value = "ISO_IR 192"

    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.walk(relabel)


def _uid(metadata: object, tag: str) -> str:
    try:
        found = _first(metadata, tag)  # type: ignore[arg-type]
    except (AttributeError, KeyError, TypeError, IndexError):
        return ""
    return found if _UID.fullmatch(found) else ""


def _first(model: DicomJson, tag: str) -> str:
    return str(model[tag]["Value"][0])
