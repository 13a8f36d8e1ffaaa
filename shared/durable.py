"""What it takes for a name to be on the disk. Standard library only."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Return when what was made, renamed and removed in `folder` is on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
