"""What `stack.json` says: where everything of one stack is, and how it is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from infra.local.credentials import keep_private

ProcessCondition = Literal["waiting", "starting", "ready", "backing-off", "stopped", "failed"]
StackCondition = Literal["starting", "ready", "stopping", "stopped", "failed"]


class Frozen(BaseModel):
    """A value from a file that we wrote ourselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Keys(Frozen):
    """One S3 user."""

    access_key: str
    secret_key: str


StoreWay = Literal["tree", "s3"]
"""How the services that write objects do it: as files of the tree, on the disk when done, or through the server."""


class ObjectStore(Frozen):
    """The S3 server; `tree` is the folder whose files it serves, `way` the one that the services were told to take."""

    endpoint: str
    root: Keys
    users: dict[str, Keys]
    tree: Path
    way: StoreWay = "tree"


class Database(Frozen):
    """The PostgreSQL server; `postgres` among the roles is its superuser.

    `name`: the clean side's database; `identified`: that of the other one.
    """

    host: str
    port: int
    name: str
    identified: str = "identified"
    passwords: dict[str, str]

    def url(self, role: str, database: str | None = None) -> str:
        return f"postgresql://{role}:{self.passwords[role]}@{self.host}:{self.port}/{database or self.name}"


class ServiceAddress(Frozen):
    """Where one of our services answers."""

    health_url: str
    http_url: str | None = None
    dicom_port: int | None = None


class Process(Frozen):
    """One process, as its supervisor sees it."""

    name: str
    state: ProcessCondition = "waiting"
    pid: int | None = None
    restarts: int = 0
    address: str | None = None
    log: Path


class Stack(Frozen):
    """The whole file."""

    home: Path
    supervisor_pid: int
    state: StackCondition
    error: str | None = None
    ports: dict[str, int]
    kafka_bootstrap_servers: str
    object_store: ObjectStore
    database: Database
    trace_store_url: str
    project_key_file: Path
    sites_file: Path
    services: dict[str, ServiceAddress]
    processes: tuple[Process, ...] = ()

    def process(self, name: str) -> Process:
        return next(process for process in self.processes if process.name == name)

    @property
    def failed(self) -> Process | None:
        """The process that kept the stack from starting, if one did."""
        return next((process for process in self.processes if process.state == "failed"), None)


def read(file: Path) -> Stack:
    """What the file says; it may be of a stack that has ended."""
    return Stack.model_validate_json(file.read_text())


def write(file: Path, stack: Stack) -> None:
    """Replace the file at once, readable by us only."""
    keep_private(file, stack.model_dump_json(indent=2) + "\n")
