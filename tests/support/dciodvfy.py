"""dciodvfy (dicom3tools), the validator of IODs by David Clunie, with limits, and its errors in comparable form."""

import re
import resource
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

COMMAND = "dciodvfy"
SECONDS, CPU_SECONDS, MEMORY, OUTPUT = 60, 30, 1024**3, 4 * 1024**2
INSTALLED = shutil.which(COMMAND) is not None
MISSING = "needs dciodvfy (Debian: apt-get install dicom3tools)"
# What a message says of one object only: values, UIDs, numbers of values, lengths.
_OWN = (
    (re.compile(r"= <.*>"), "= <…>"),
    (re.compile(r"Value=<[^>]*>"), "Value=<…>"),
    (re.compile(r"<[\d.]*>"), "<…>"),
    (re.compile(r"\b\d+(\.\d+){2,}|(?<=UID )\d+$"), "…"),
    (re.compile(r"\[\d+\]"), "[…]"),
    (re.compile(r"= \d+"), "= …"),
)


def _limits() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def errors(file: Path) -> Counter[str] | None:
    """The errors that dciodvfy sees, without what is of this object only; warnings do not count.

    None when it crashed or met a limit, which is no praise. Raises TimeoutExpired.
    """
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run(
            [COMMAND, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            preexec_fn=_limits,
            check=False,
        )
        said.seek(0)
        told = said.read().decode("latin-1")
    if ended.returncode < 0:
        return None
    assert told.strip(), "it says at least which IOD it is"
    return Counter(_common(line) for line in told.splitlines() if line.startswith("Error"))


def errors_of(content: bytes) -> Counter[str] | None:
    """`errors` of an object in memory."""
    with tempfile.NamedTemporaryFile(suffix=".dcm") as file:
        file.write(content)
        file.flush()
        return errors(Path(file.name))


def _common(message: str) -> str:
    for pattern, instead in _OWN:
        message = pattern.sub(instead, message)
    return message
