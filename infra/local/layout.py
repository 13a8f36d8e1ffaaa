"""Where the parts lie: the checkout, the cache, and one stack's home. Standard library only."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_HOME = ROOT / "build" / "stack"
KAFKA_POM = ROOT / "infra" / "kafka" / "pom.xml"
ZIPKIN_POM = ROOT / "infra" / "local" / "zipkin" / "pom.xml"
VERSITYGW_VERSION = "v1.8.0"


def default_cache() -> Path:
    """The cache's folder: `$XDG_CACHE_HOME/isocentre`, or `~/.cache/isocentre`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "isocentre"


def digest(*parts: bytes) -> str:
    """A short name for these inputs."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def pom_key(pom: Path) -> str:
    """`<version>-<digest>` of a Maven pom: another dependency, another folder."""
    project = ElementTree.parse(pom).getroot()  # noqa: S314 - a file of our own
    version = project.findtext("{http://maven.apache.org/POM/4.0.0}version")
    return f"{version}-{digest(pom.read_bytes())}"


@dataclass(frozen=True)
class Cache:
    """What several checkouts share: downloads and builds, keyed by version."""

    folder: Path

    @cached_property
    def kafka(self) -> Path:
        return self.folder / "kafka" / pom_key(KAFKA_POM)

    @cached_property
    def zipkin(self) -> Path:
        return self.folder / "zipkin" / pom_key(ZIPKIN_POM)

    @property
    def versitygw(self) -> Path:
        return self.folder / "go" / "bin" / f"versitygw-{VERSITYGW_VERSION}" / "versitygw"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def kafka_classpath(self) -> str:
        """All jars in a fixed order: a class-data archive is valid for one class path only."""
        return ":".join(str(jar) for jar in sorted((self.kafka / "libs").glob("*.jar")))

    def zipkin_jar(self) -> Path:
        return next((self.zipkin / "libs").glob("zipkin-server-*-exec.jar"))


@dataclass(frozen=True)
class Home:
    """One stack's folder: everything that it writes lies in here."""

    folder: Path

    @property
    def state_file(self) -> Path:
        return self.folder / "stack.json"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def lock_file(self) -> Path:
        return self.run / "supervisor.lock"

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def make(self) -> None:
        """Create the folders; closed to others, since the data are patients'."""
        for folder in (self.folder, self.logs, self.secrets, self.data, self.run):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
