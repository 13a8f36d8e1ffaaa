"""Each of these tests has a file system of its own, or is skipped where none can be mounted."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.support.power import Disk, NotPossible
from tests.support.session import BUILD


@pytest.fixture(params=["ext4", "xfs"])
def disk(request: pytest.FixtureRequest) -> Iterator[Disk]:
    made = Disk(request.param, BUILD / f"power-cut-{os.getpid()}-{request.param}")
    try:
        made.make()
    except NotPossible as why:
        shutil.rmtree(made.folder, ignore_errors=True)
        pytest.skip(str(why))
    yield made
    made.remove()
