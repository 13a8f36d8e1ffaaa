"""Things to be imported, made of the pydicom wheel's files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pydicom
from pydicom.fileset import FileSet

from infra.importing.entries import Source
from infra.importing.entry import Entry, Passed

FILES = Path(pydicom.__file__).parent / "data" / "test_files"
CT, MR = FILES / "CT_small.dcm", FILES / "MR_small.dcm"


def listed(source: Source) -> dict[str, str]:
    """By key, `entry` or why there is none."""
    return {one.key: "entry" if isinstance(one, Entry) else f"{one.result}/{one.reason}" for one in source}


def content(source: Source, key: str) -> bytes:
    """The bytes of one entry."""
    (entry,) = (one for one in source if not isinstance(one, Passed) and one.key == key)
    with entry.opened() as file:
        return file.read()


def zipped(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def file_set(folder: Path) -> Path:
    """A File-set of two instances; answers its DICOMDIR."""
    made = FileSet()
    made.add(CT)
    made.add(MR)
    made.write(folder)
    return folder / "DICOMDIR"
