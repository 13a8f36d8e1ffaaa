"""Puts this checkout into its environment as `pip install -e .` would, without a build and without a network."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

from infra.local.install.work import Work, set_stamp, stamped
from infra.local.layout import ROOT, digest

CONSOLE_SCRIPT = """\
#!{python}
import sys

from {module} import {function}

sys.exit({function}())
"""
SITE = "lib/python3.*/site-packages"
METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
"""


def linked(work: Work) -> bool:
    """Whether the environment knows this checkout as its project file has it now."""
    return any(stamped(folder, _key()) for folder in work.venv.glob(f"{SITE}/isocentre-*.dist-info"))


def link(work: Work) -> None:
    """Its path, its metadata (services tell their version from it) and its commands."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    site = next(work.venv.glob(SITE))
    for stale in site.glob(f"{project['name']}-*.dist-info"):
        shutil.rmtree(stale)
    (site / f"{project['name']}.pth").write_text(f"{ROOT}\n")
    for command, target in project["scripts"].items():
        _write_script(work.venv / "bin", command, target)
    metadata = site / f"{project['name']}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(METADATA.format(**project))
    set_stamp(metadata, _key())


def _write_script(folder: Path, command: str, target: str) -> None:
    module, _, function = target.partition(":")
    script = folder / command
    script.write_text(CONSOLE_SCRIPT.format(python=folder / "python", module=module, function=function))
    script.chmod(0o755)


def _key() -> str:
    return digest((ROOT / "pyproject.toml").read_bytes(), Path(__file__).read_bytes(), str(ROOT).encode())
