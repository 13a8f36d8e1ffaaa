"""Small data sets for all tests here."""

from pathlib import Path

import pytest

from tests.bench.deid import dataset
from tests.bench.deid.score import Output
from tests.unit.bench_deid import perfect


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine patients, without real objects: all kinds are in it."""
    folder = tmp_path_factory.mktemp("bench-deid") / "data"
    dataset.make(folder, seed=7, patients=9, with_real=False)
    return folder


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients, for what has to be scored often."""
    folder = tmp_path_factory.mktemp("bench-deid-few") / "data"
    dataset.make(folder, seed=11, patients=2, with_real=False)
    return folder


@pytest.fixture(scope="session")
def perfect_few(few: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Output]:
    """What a perfect tool makes of them."""
    return perfect.outputs(few, tmp_path_factory.mktemp("perfect"))
