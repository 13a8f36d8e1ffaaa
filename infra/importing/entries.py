"""What there is to be imported, one entry for each file, from wherever it lies. Nothing is read but lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.importing.archives import Limits, is_archive, members
from infra.importing.discovery import find
from infra.importing.entry import Entry, Passed
from infra.importing.files import key_of, of_file
from infra.importing.fileset import is_dicomdir, referenced

Found = Entry | Passed


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, an archive, a DICOMDIR or a single file. `listed`: of a folder, what its DICOMDIR names and no more."""

    path: Path
    limits: Limits = field(default_factory=Limits)
    listed: bool = False

    def __iter__(self) -> Iterator[Found]:
        """In the order of folders, so that studies stay together."""
        dicomdir = self.path / "DICOMDIR" if self.listed and self.path.is_dir() else self.path
        if dicomdir.is_file() and is_dicomdir(dicomdir):
            yield from referenced(dicomdir)
        elif self.listed:
            yield Passed("DICOMDIR", "failed", "no-dicomdir")
        elif self.path.is_dir():
            yield from self._folder()
        else:
            yield from self._file(self.path, self.path.name)

    def _folder(self) -> Iterator[Found]:
        closed: list[Path] = []
        for found in find(self.path, closed.append):
            yield from self._file(found.path, key_of(found.path.relative_to(self.path)))
        for folder in closed:
            yield Passed(key_of(folder.relative_to(self.path)), "failed", "unreadable-folder")

    def _file(self, path: Path, key: str) -> Iterator[Found]:
        entry = of_file(path, key)
        if isinstance(entry, Entry) and is_archive(entry):
            yield from members(entry, self.limits)
        else:
            yield entry
