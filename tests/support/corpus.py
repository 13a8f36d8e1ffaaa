"""Real files: those in the pydicom wheel, and a folder of more where the environment names one."""

import os
from pathlib import Path

import pytest
from pydicom.data import get_testdata_files

FOLDER = "ISOCENTRE_CORPUS_DIR"
MISSING = f"{FOLDER} names no folder of real files"
_IMPLICIT = "1.2.840.10008.1.2"


def folder() -> Path | None:
    """The folder that is named."""
    named = os.environ.get(FOLDER)
    return Path(named) if named else None


def needed() -> Path:
    """The folder that is named; without one the test is skipped."""
    return folder() or pytest.skip(MISSING)


def files_of_the_wheel() -> list[Path]:
    return sorted(Path(name) for name in get_testdata_files() if Path(name).is_file())


def files_of_the_folder() -> list[Path]:
    named = folder()
    return sorted(path for path in named.rglob("*") if path.is_file()) if named else []


def files() -> list[Path]:
    """Of the wheel and the folder that is named."""
    return sorted({*files_of_the_wheel(), *files_of_the_folder()})


wheel = pytest.mark.parametrize("path", files_of_the_wheel(), ids=lambda path: path.name)
"""Gives the test each file of the wheel as `path`."""
larger = pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.name) for path in files_of_the_folder()]
    or [pytest.param(None, id="none", marks=pytest.mark.skip(reason=MISSING))],
)
"""Gives the test each file of the folder that is named as `path`."""


def syntax_of(data: bytes) -> str | None:
    """What has to be said of the transfer syntax: a Part 10 file says it itself, others are taken for implicit VR."""
    return None if data[128:132] == b"DICM" else _IMPLICIT
