"""A tree of files as the keys of a bucket, in the order of the keys."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

DRAFTS = ".sgwtmp"
"""versitygw's own folder for what is on its way, in each bucket: it lists nothing of it."""

_NEVER = {"", ".", "..", DRAFTS}
"""No part of a key: these lead out of the bucket, or nowhere."""

Found = tuple[str, os.DirEntry[str]]
"""A key, or what the keys in a folder begin with, and the file or folder."""


def is_path(path: str) -> bool:
    """Whether this can be (the first part of) a key."""
    return _NEVER.isdisjoint(path.split("/")) and "\0" not in path


def files(bucket: Path, prefix: str) -> Iterator[Found]:
    """The objects whose key begins with `prefix`. In memory is one folder of each level.

    Folders that others remove meanwhile are passed over.
    """
    start, slash, _ = prefix.rpartition("/")
    if not slash or is_path(start):
        yield from _below(bucket / start, start + slash, prefix)


def _below(folder: Path, path: str, prefix: str) -> Iterator[Found]:
    for key, entry in _in_order(folder, path):
        if not key.endswith("/"):
            if key.startswith(prefix):
                yield key, entry
        elif entry.name != DRAFTS and (key.startswith(prefix) or prefix.startswith(key)):
            yield from _below(folder / entry.name, key, prefix)


def _in_order(folder: Path, path: str) -> list[Found]:
    """A folder stands where the keys in it do: `a/b` behind `a.b`."""
    found: list[Found] = []
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            found.append((f"{path}{entry.name}/" if entry.is_dir(follow_symlinks=False) else path + entry.name, entry))
    return sorted(found, key=lambda each: each[0])
