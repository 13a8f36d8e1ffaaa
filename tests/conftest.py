"""Fixtures for all layers. The real components start once per session, and only when a test asks for them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import stack
from infra.local.state import Stack

TESTS = Path(__file__).resolve().parent
BUILD = TESTS.parent / "build" / "test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, one of them has all that start components; the pure ones are shared."""
    for item in items:
        if TESTS / "unit" not in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("components"))


@pytest.fixture(scope="session")
def components() -> Iterator[Stack]:
    """Kafka, the S3 server, PostgreSQL and the trace store, without our services. Tests use names of their own."""
    home = BUILD / f"components-{os.getpid()}"
    try:
        with stack.running(home, services=False) as running:
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)
