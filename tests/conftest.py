"""Fixtures for all layers. The real components start once per session, and only when a test asks for them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from infra.local import stack
from infra.local.state import Stack

TESTS = Path(__file__).resolve().parent
BUILD = TESTS.parent / "build" / "test"


class Apart(LoadScopeScheduling):
    """Where several processes share the tests, one of them has all that start components; the pure ones are shared."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith("tests/unit/") else "components"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Apart:
    """How `--numprocesses` deals the tests out."""
    return Apart(config, log)


@pytest.fixture(scope="session")
def components() -> Iterator[Stack]:
    """Kafka, the S3 server, PostgreSQL and the trace store, without our services. Tests use names of their own."""
    home = BUILD / f"components-{os.getpid()}"
    try:
        with stack.running(home, services=False) as running:
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)
