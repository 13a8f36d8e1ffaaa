"""Fixtures for all layers. The real components start once per session, and only when a test asks for them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import stack
from infra.local.state import Stack

BUILD = Path(__file__).resolve().parent.parent / "build" / "test"


@pytest.fixture(scope="session")
def components() -> Iterator[Stack]:
    """Kafka, the S3 server, PostgreSQL and the trace store, without our services. Tests use names of their own."""
    home = BUILD / f"components-{os.getpid()}"
    try:
        with stack.running(home, services=False) as running:
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)
