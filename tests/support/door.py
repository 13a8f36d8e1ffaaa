"""The receiver with what it stands on, and nobody behind it. Black box: imports nothing of ours."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import yaml

from tests.support.session import BUILD
from tests.support.stack import Stack, running

SITE, CALLING = "site-door", "DOOR"
COMPONENTS = "kafka,versitygw,receiver"


@contextmanager
def door(home: Path, *settings: str, store: str = "tree") -> Iterator[Stack]:
    """The receiver with what it stands on, and nobody behind it."""
    sites = [{"code": SITE, "project": "door", "calling_ae_titles": [CALLING], "called_ae_titles": ["ISOCENTRE"]}]
    home.mkdir(parents=True, exist_ok=True)
    (home / "sites.yaml").write_text(yaml.safe_dump({"sites": sites}))
    told = [f"receiver.ISOCENTRE_{setting}" for setting in settings]
    try:
        with running(home, told, store, [f"--only={COMPONENTS}"]) as stack:
            yield stack
    finally:
        shutil.rmtree(home, ignore_errors=True)


def new_home() -> Path:
    """A folder that nobody uses."""
    return BUILD / f"door-{os.getpid()}-{secrets.token_hex(2)}"


def processes(stack: Stack) -> list[psutil.Process]:
    """Those of the receiver: the one that accepts, and its workers."""
    parent = psutil.Process(stack.pid("receiver"))
    return [parent, *parent.children(recursive=True)]
