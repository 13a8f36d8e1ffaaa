"""A DICOM File-set: which files its DICOMDIR names (PS3.10 Section 8, PS3.3 Annex F)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from infra.importing.entry import Entry, Passed
from infra.importing.files import of_file

_INACTIVE = 0x0000
"""Record In-use Flag (0004,1410) of a record that is to be taken for deleted."""


def is_dicomdir(path: Path) -> bool:
    """Whether the file is a DICOMDIR, by what it says it is."""
    try:
        meta = dcmread(path, specific_tags=[], stop_before_pixels=True).file_meta
        return bool(meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage)
    except Exception:  # whatever pydicom meets in a file that is none
        return False


def referenced(dicomdir: Path) -> Iterator[Entry | Passed]:
    """The files that its records refer to, in their order; in place of one that is not there, that it is missing."""
    try:
        records = dcmread(dicomdir).get("DirectoryRecordSequence") or []
    except Exception:  # as above
        yield Passed(dicomdir.name, "failed", "broken-dicomdir")
        return
    seen: set[tuple[str, ...]] = set()
    for record in records:
        components = _components(record)
        if components is None or components in seen:
            continue
        seen.add(components)
        path = _located(dicomdir.parent, components)
        key = "/".join(components)
        yield Passed(key, "failed", "missing") if path is None else of_file(path, key)


def _components(record: Dataset) -> tuple[str, ...] | None:
    """Referenced File ID (0004,1500); None where a record refers to no file, or counts as deleted."""
    value = record.get("ReferencedFileID")
    if not value or record.get("RecordInUseFlag") == _INACTIVE:
        return None
    return tuple(map(str, [value] if isinstance(value, str) else value))


def _located(folder: Path, components: Sequence[str]) -> Path | None:
    """Where the file is; burners and file systems change the case of names. Never outside the file-set."""
    for component in components:
        if component in ("", ".", "..") or "/" in component or "\0" in component:
            return None
        named = folder / component
        folder = named if named.exists() else _in_other_case(folder, component)
    return folder if folder.is_file() else None


def _in_other_case(folder: Path, name: str) -> Path:
    try:
        found = [other for other in sorted(os.listdir(folder)) if other.casefold() == name.casefold()]
    except OSError:
        found = []
    return folder / (found[0] if found else name)
