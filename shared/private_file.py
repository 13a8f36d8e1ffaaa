"""Files of the identified side that only their owner may read."""

import os
import stat
from pathlib import Path

from shared.misconfigured import Misconfigured

MOST_BYTES = 64 * 1024 * 1024


def read_private(path: Path, *, accept_open: bool = False) -> str:
    """The text of a file that nobody but its owner can read, or write.

    `accept_open`: somebody has said that the mode says nothing here, because the folder is closed or a container
    engine mounted the file. Raises Misconfigured when the file is open to others, cannot be read or is no UTF-8.
    """
    try:
        # The open file is asked, not its path: between two looks at a path it may become another file.
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(MOST_BYTES + 1)
    except OSError as failed:
        raise Misconfigured(f"{path} cannot be read: {failed.strerror}") from None
    if mode & 0o077 and not accept_open:
        raise Misconfigured(f"{path} is open to others (mode {mode:04o}): chmod 600 {path}")
    if len(data) > MOST_BYTES:
        raise Misconfigured(f"{path} is too large")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Misconfigured(f"{path} is no UTF-8 text") from None
