"""Each of these tests has a file system of its own, or is skipped where none can be mounted."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.support.disk import KINDS, Disk
from tests.support.disk import disk as made_disk
from tests.support.session import BUILD


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest) -> Iterator[Disk]:
    place = BUILD / f"power-cut-{os.getpid()}-{request.param}"
    with made_disk(request.param, place, mib=4096) as made:
        yield made
    shutil.rmtree(place, ignore_errors=True)
