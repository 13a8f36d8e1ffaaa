"""A stack before it runs: its ports, credentials and addresses, the same at every start of one home."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from infra.local import ports, state
from infra.local.components import PORTS
from infra.local.credentials import key_ring, secret, token
from infra.local.layout import ROOT, Home
from infra.local.provision.database import ROLES
from infra.local.provision.objectstore import Access
from infra.local.services import SERVICES, address
from infra.local.state import Database, Keys, ObjectStore, Stack, StoreWay
from shared.sites import read_sites

SITES_FILE = ROOT / "infra" / "local" / "sites.yaml"


def plan(home: Home, access: Access, way: StoreWay = "tree") -> Stack:
    """Choose what has not been chosen at an earlier start, and say where everything will be."""
    home.make()
    chosen = ports.assign(_port_names(), _earlier_ports(home))
    sites = home.folder / "sites.yaml"
    if not sites.exists():
        shutil.copyfile(SITES_FILE, sites)
    secret(home.secrets, "project-key", key_ring(read_sites(sites).project))
    return Stack(
        home=home.folder,
        supervisor_pid=os.getpid(),
        state="starting",
        ports=chosen,
        kafka_bootstrap_servers=f"127.0.0.1:{chosen['kafka']}",
        object_store=ObjectStore(
            endpoint=f"http://127.0.0.1:{chosen['versitygw']}",
            root=_keys(home, "root"),
            users={user: _keys(home, user) for user in access.users},
            tree=home.data / "s3",
            way=way,
        ),
        database=Database(
            host="127.0.0.1",
            port=chosen["postgres"],
            name="isocentre",
            passwords={role: secret(home.secrets, f"database-{role}", token()) for role in ("postgres", *ROLES)},
        ),
        trace_store_url=f"http://127.0.0.1:{chosen['zipkin']}",
        project_key_file=home.secrets / "project-key",
        sites_file=sites,
        services={service.name: address(service, chosen) for service in SERVICES},
    )


def _port_names() -> list[str]:
    return [*PORTS, *(port for service in SERVICES for port in service.ports)]


def _earlier_ports(home: Home) -> dict[str, int]:
    try:
        return state.read(home.state_file).ports
    except (OSError, ValueError):  # none, or one of an older form: its ports are no loss
        return {}


def _keys(home: Home, user: str) -> Keys:
    return Keys(access_key=user, secret_key=secret(home.secrets, f"s3-{user}", token()))


def home_of(folder: Path) -> Home:
    """A home by its folder, whatever the working directory becomes."""
    return Home(folder.resolve())
