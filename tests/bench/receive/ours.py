"""Our receiver with broker, store and trace store; the other services do not run."""

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from infra.demo.witness import bucket
from infra.local import stack as local
from infra.local.plan import SITES_FILE
from infra.local.state import Stack, StoreWay
from tests.bench.receive.door import Door

NEEDED = ("kafka", "versitygw", "zipkin", "receiver")
CALLED, CALLING = "ISOCENTRE", "SITE_A"
STOW_PATH = "/studies"


@contextmanager
def running(
    home: Path, name: str, store: StoreWay, associations: int, *, broker_flushes: bool = True
) -> Iterator[Door]:
    """A fresh one for the length of this block; its files stay. One site may have all places, for `associations`."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, mode=0o700)
    token = _sites(home / "sites.yaml")
    places = {"ISOCENTRE_ASSOCIATIONS": str(associations), "ISOCENTRE_SHARE_OF_SITE": "1"}
    with local.running(
        home, only=NEEDED, settings={"receiver": places}, store=store, broker_flushes=broker_flushes
    ) as stack:
        yield _door(stack, name, token)


def _sites(file: Path) -> str:
    """The stack's own sites file, with a token for STOW-RS, which is returned."""
    token = secrets.token_hex(16)
    sites = yaml.safe_load(SITES_FILE.read_text())
    sites["sites"][0]["tokens"] = [hashlib.sha256(token.encode()).hexdigest()]
    file.write_text(yaml.safe_dump(sites))
    return token


def _door(stack: Stack, name: str, token: str) -> Door:
    where = stack.services["receiver"]
    running = local.attach(stack.home)
    return Door(
        name=name,
        port=where.dicom_port or 0,
        called=CALLED,
        calling=CALLING,
        pids={process.name: process.pid for process in running.processes if process.pid},
        held=lambda: sum(key.endswith(".dcm") for key in bucket(stack, "identified").keys()),  # noqa: SIM118 - no dict
        stow=f"{where.http_url}{STOW_PATH}" if where.http_url else None,
        token=token,
    )
