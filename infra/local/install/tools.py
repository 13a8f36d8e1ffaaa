"""Which tools the machine must have, and how Debian is asked for those that it lacks."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.install.work import SetupError, Work

PACKAGE_GROUPS: dict[str, tuple[str, ...]] = {
    "test": ("dcmtk", "chromium", "chromium-driver", "dicom3tools", "orthanc", "orthanc-dicomweb"),
    "bench": ("orthanc", "orthanc-dicomweb", "dcmtk"),
    "chaos": ("xfsprogs", "gcc", "libc6-dev"),
}
POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Tool:
    """A command, the least major version of it, and where it comes from."""

    command: str
    version_flag: str
    least: int
    how: str
    package: str | None = None
    needed: bool = True


TOOLS = (
    Tool("java", "-version", 17, "apt-get install openjdk-17-jre-headless", "openjdk-17-jre-headless"),
    Tool("mvn", "--version", 3, "apt-get install maven", "maven"),
    Tool("go", "version", 1, "unpack a release from https://go.dev/dl and put its bin folder on PATH"),
    Tool("node", "--version", 18, "apt-get install nodejs", needed=False),
)


def check_python() -> None:
    """Refuse a Python that is too old for us."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells the user so
        raise SetupError(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")


def missing_packages(work: Work, tools: Sequence[Tool] = TOOLS) -> list[str]:
    """Debian packages for tools that are absent; raises for a tool that Debian cannot give."""
    packages = [] if importlib.util.find_spec("ensurepip") else ["python3-venv"]
    for tool in tools:
        problem = problem_with(tool, work.environment())
        if problem is None:
            continue
        if not tool.needed:
            print(f"setup  {problem} (not needed yet)", file=sys.stderr, flush=True)
        elif tool.package and not shutil.which(tool.command):
            packages.append(tool.package)
        else:
            raise SetupError(problem)
    return packages


def problem_with(tool: Tool, env: Mapping[str, str]) -> str | None:
    """One line on what is wrong with a tool, or None. (Asked its version, Go already writes telemetry.)"""
    path = shutil.which(tool.command)
    if path is None:
        return f"{tool.command} is missing: {tool.how}"
    said = subprocess.run([path, tool.version_flag], env=env, capture_output=True, text=True, check=False)
    major = major_version(said.stdout + said.stderr)
    if major is None or major < tool.least:
        return f"{tool.command} {tool.least} or newer is needed, {path} is {major}: {tool.how}"
    return None


def major_version(text: str) -> int | None:
    """The first number of the first thing that looks like a version."""
    found = re.search(r"(\d+)(?:\.\d+)+", text)
    return int(found[1]) if found else None


def installed(package: str) -> bool:
    """Whether Debian's package is there; one that was removed and left its configuration is not."""
    if shutil.which("dpkg-query") is None:
        return False
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout == "installed"


def install(packages: Sequence[str]) -> Callable[[Work], None]:
    """A step that installs Debian packages, naming them first."""

    def make(work: Work) -> None:
        command = f"apt-get install --no-install-recommends {' '.join(packages)}"
        if os.geteuid() != 0:
            raise SetupError(f"Debian packages are missing; as root: {command}")
        print(f"setup  installing Debian packages: {' '.join(packages)}", file=sys.stderr, flush=True)
        quiet = {"DEBIAN_FRONTEND": "noninteractive", "TMPDIR": "/tmp"}  # noqa: S108 - apt drops to a user that cannot enter our cache
        work.run("debian packages", ["apt-get", "-q", "update"], env=quiet, outlives=True)
        with no_daemons():
            work.run("debian packages", ["apt-get", "-qy", *command.split()[1:]], env=quiet, outlives=True)

    return make


@contextmanager
def no_daemons() -> Iterator[None]:
    """Debian starts a daemon when its package is installed; we leave nothing running."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
