"""Each of these tests has a stack of its own: what one has broken is nobody else's trouble."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.canaries import Canaries
from tests.support.door import new_home
from tests.support.pipeline import Pipeline
from tests.support.session import started


@pytest.fixture
def store() -> str:
    """How the services write objects; a test may be parametrised with another."""
    return "tree"


@pytest.fixture
def pipeline(request: pytest.FixtureRequest, store: str) -> Iterator[Pipeline]:
    with started(request, Canaries("chaos"), Canaries("more chaos"), store) as stack:
        yield Pipeline(stack)


@pytest.fixture
def home() -> Path:
    """A folder that nobody uses."""
    return new_home()
