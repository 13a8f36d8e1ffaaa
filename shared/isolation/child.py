"""The worker process: runs one function after the other until its parent closes the line. See worker.py.

Started as `python -m shared.isolation.child FD PARENT MEMORY`. It has no credentials and writes nowhere; what
libraries print is thrown away, because it may quote what they read.
"""

import ctypes
import logging
import os
import resource
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from types import FrameType

from shared.isolation import plain, wire
from shared.outcome import SPOILING

_PR_SET_PDEATHSIG = 1
SPOILT = 77
"""Exit status."""
ANSWERED, RAISED = "answered", "raised"


def main(fd: int, parent: int, memory: int) -> None:
    """Serve the socket `fd` for the process `parent`, within `memory` bytes of address space."""
    _die_with(parent)
    _be_silent()
    link = socket.socket(fileno=fd)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        wire.send(link, [wire.READY])
        while True:
            job = wire.arriving(link)
            # What the function imports comes in before what it works on, while there is room: some libraries pass over
            # an import that finds no memory, and do without for as long as the process lives.
            function = _imported(next(job))
            wire.send(link, _done(function, list(job)))
    except wire.Broken:
        return


def _die_with(parent: int) -> None:
    """The kernel kills this process when its parent ends, however that ends; even in the midst of native code."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked for that
        sys.exit(1)
    # Ctrl-C and an orderly stop reach the whole process group; the parent still wants its last answers.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignore)


def _ignore(number: int, frame: FrameType | None) -> None:
    pass


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def _imported(name: bytes) -> Callable[..., object]:
    try:
        function: Callable[..., object] = wire.unpacked([name])
    except Exception:
        os._exit(SPOILT)
    return function


def _done(function: Callable[..., object], job: list[bytes]) -> list[bytes]:
    try:
        payload = wire.unpacked(job)
        return plain.encoded((ANSWERED, function(*payload)))
    except SPOILING:
        # What is left of this process is not to be trusted. The parent tries once more in a fresh one.
        os._exit(SPOILT)
    except Exception as error:
        return plain.encoded((RAISED, type(error).__name__))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
