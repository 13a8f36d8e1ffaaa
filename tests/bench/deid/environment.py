"""The peers' own Python environment: made once from the lock, apart from ours, and kept in the cache."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from infra.local.layout import default_cache, digest

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
DRIVER = HERE / "peer.py"
PEERS = ("dicognito", "dicom-anonymizer", "deid")


class NoEnvironment(Exception):
    """It cannot be made; the text says why."""


def python(tool: str) -> Path:
    """The Python that has the peer, made when it is not there. Raises NoEnvironment."""
    home = default_cache() / "bench-deid" / f"{tool}-{digest(LOCK.read_bytes(), sys.version.encode())}"
    found = home / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        _make(home)
        (home / "complete").touch()
    return found


def _make(home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    base = Path(sys.base_prefix) / "bin" / f"python{sysconfig.get_python_version()}"
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    for command in (
        [str(base if base.exists() else sys.executable), "-m", "venv", str(home)],
        [*pip, "--require-hashes", "-r", str(LOCK)],
    ):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise NoEnvironment(ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else "it failed")


def run(tool: str, *arguments: str | Path) -> str:
    """What the driver prints in the peer's environment. Raises NoEnvironment and subprocess.CalledProcessError."""
    with tempfile.TemporaryDirectory() as home:  # matplotlib and others write into somebody's home
        ended = subprocess.run(
            [str(python(tool)), str(DRIVER), tool, *map(str, arguments)],
            env={"PATH": os.defpath, "HOME": home, "LANG": "C.UTF-8", "MPLCONFIGDIR": home},
            capture_output=True,
            text=True,
            check=True,
        )
    return ended.stdout


def versions(tool: str) -> str:
    """The peer's version."""
    code = f"from importlib.metadata import version; print(version({tool!r}))"
    return subprocess.run([str(python(tool)), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
