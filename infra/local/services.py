"""Our eight services: what each is told through its environment, and when it is ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from infra.local.components import minimal_environment
from infra.local.layout import Home
from infra.local.probes import answers
from infra.local.process import Spec
from infra.local.state import ServiceAddress, Stack
from shared.durable import is_volatile

Zone = Literal["clean", "identified"]


@dataclass(frozen=True)
class Service:
    """What one service needs. Nobody is told more: the clean side holds no identified credentials.

    `writes`: it may write the store's tree itself; on the identified side only: who sees the files sees all buckets.
    `shown`: the buckets of the tree that it may write instead, without being told where the others are.
    `audits`: it holds the books against all that can witness: it is told the store's files, if there are, the index as
    who may read it, and where the receiver's accounts lie.
    `database`: which one it works on.
    """

    name: str
    store: bool = True
    writes: bool = False
    shown: tuple[str, ...] = ()
    audits: bool = False
    database: Zone | None = None
    project_key: bool = False
    sites: bool = False
    state_folder: bool = False
    dicom: bool = False
    http: bool = False

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of the ports that it listens on."""
        own = {"health": True, "dicom": self.dicom, "http": self.http}
        return tuple(f"{self.name}-{kind}" for kind, wanted in own.items() if wanted)


SERVICES = (
    Service("anonymiser", writes=True, project_key=True, sites=True, state_folder=True),
    Service("validator", state_folder=True),
    Service("indexer", database="clean", state_folder=True),
    Service("thumbnailer", shown=("derived",), state_folder=True),
    Service("tracker", store=False, state_folder=True),
    Service("gateway", database="clean", http=True),
    Service("bookkeeper", audits=True, database="identified"),
    Service("receiver", writes=True, project_key=True, sites=True, state_folder=True, dicom=True, http=True),
)
BY_NAME = {service.name: service for service in SERVICES}


def address(service: Service, ports: Mapping[str, int]) -> ServiceAddress:
    """Where a service answers."""
    http = ports.get(f"{service.name}-http")
    return ServiceAddress(
        health_url=f"http://127.0.0.1:{ports[f'{service.name}-health']}",
        http_url=f"http://127.0.0.1:{http}" if http else None,
        dicom_port=ports.get(f"{service.name}-dicom"),
    )


def environment(service: Service, stack: Stack, settings: Mapping[str, str]) -> dict[str, str]:
    """The service's own part of its environment; `settings` are the caller's, and win."""
    name, ports = service.name, stack.ports
    told = {
        "ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS": stack.kafka_bootstrap_servers,
        "ISOCENTRE_TRACE_STORE_URL": stack.trace_store_url,
        "ISOCENTRE_HEALTH_PORT": str(ports[f"{name}-health"]),
        "ISOCENTRE_INSTANCE": "0",
        "ISOCENTRE_LOG_LEVEL": "INFO",
    }
    if service.store:
        told |= _store(service, stack)
    if service.database:
        database = stack.database.identified if service.database == "identified" else stack.database.name
        told["ISOCENTRE_DATABASE_URL"] = stack.database.url(name, database)
    if service.audits:
        told["ISOCENTRE_INDEX_URL"] = stack.database.url("auditor")
        told["ISOCENTRE_ACCOUNTS_DIR"] = str(accounts_folder(stack.home))
    if service.project_key:
        told["ISOCENTRE_PROJECT_KEY_FILE"] = str(stack.project_key_file)
    if service.sites:
        told["ISOCENTRE_SITES_FILE"] = str(stack.sites_file)
    if service.state_folder:
        told["ISOCENTRE_STATE_DIR"] = str(state_folder(service, stack.home))
    if service.dicom:
        told["ISOCENTRE_DICOM_PORT"] = str(ports[f"{name}-dicom"])
        # The local S3 server never fsyncs; who chooses it knows and accepts that. So does who works in memory.
        if stack.object_store.way == "s3" or is_volatile(stack.home):
            told["ISOCENTRE_ACCEPT_VOLATILE_STORE"] = "true"
    if service.http:
        told["ISOCENTRE_HTTP_PORT"] = str(ports[f"{name}-http"])
    return {**told, **settings}


def _store(service: Service, stack: Stack) -> dict[str, str]:
    """The way into the store: those that write, or hold the books against it, may be told the files themselves."""
    store = stack.object_store
    by_files = store.way == "tree"
    if (service.writes or service.audits) and by_files:
        return {"ISOCENTRE_STORE_TREE": str(store.tree)}
    keys = store.users[service.name]
    part = {"ISOCENTRE_STORE_TREE": str(part_of_tree(service, stack.home))} if service.shown and by_files else {}
    return part | {
        "ISOCENTRE_S3_ENDPOINT": store.endpoint,
        "ISOCENTRE_S3_ACCESS_KEY": keys.access_key,
        "ISOCENTRE_S3_SECRET_KEY": keys.secret_key,
    }


def state_folder(service: Service, home: Path) -> Path:
    """The folder that a service has for itself."""
    return Home(home).data / service.name


def accounts_folder(home: Path) -> Path:
    """Where the receiver notes what each association was told."""
    return state_folder(BY_NAME["receiver"], home) / "accounts"


def part_of_tree(service: Service, home: Path) -> Path:
    """The folder with the buckets that it is shown."""
    return Home(home).data / f"{service.name}-tree"


def _show(service: Service, stack: Stack) -> None:
    folder = part_of_tree(service, stack.home)
    folder.mkdir(mode=0o700, exist_ok=True)
    for bucket in service.shown:
        with suppress(FileExistsError):
            (folder / bucket).symlink_to(os.path.relpath(stack.object_store.tree / bucket, folder))


def spec(service: Service, stack: Stack, settings: Mapping[str, str]) -> Spec:
    """How to run a service."""
    where = stack.services[service.name]

    def prepare() -> None:
        if service.state_folder:
            state_folder(service, stack.home).mkdir(mode=0o700, exist_ok=True)
        if service.shown:
            _show(service, stack)

    return Spec(
        name=service.name,
        argv=(sys.executable, "-m", f"services.{service.name}"),
        env=process_environment(service, stack, settings),
        prepare=prepare,
        ready=partial(answers, f"{where.health_url}/readyz"),
        address=f"dicom://127.0.0.1:{where.dicom_port}" if where.dicom_port else where.http_url or where.health_url,
        grace_seconds=40 if service.dicom else 20,  # a store may take its time for what has landed
        start_seconds=90,
    )


def process_environment(service: Service, stack: Stack, settings: Mapping[str, str]) -> dict[str, str]:
    """All of it: the minimum that every process gets, telemetry's way out, and its own part."""
    outlet = "OTEL_EXPORTER_OTLP_ENDPOINT"
    passed = {outlet: os.environ[outlet]} if outlet in os.environ else {}
    return {**minimal_environment(Home(stack.home)), **passed, **environment(service, stack, settings)}


def parse_settings(pairs: Sequence[str]) -> dict[str, dict[str, str]]:
    """`service.NAME=value`, repeated, by service. Raises ValueError on anything else."""
    settings: dict[str, dict[str, str]] = {}
    for pair in pairs:
        target, equals, value = pair.partition("=")
        service, dot, name = target.partition(".")
        if not (equals and dot and name) or service not in BY_NAME:
            raise ValueError(f"expected SERVICE.NAME=VALUE with one of {', '.join(BY_NAME)}, not {pair!r}")
        settings.setdefault(service, {})[name] = value
    return settings
