"""Each of these tests has a stack of its own: what one has broken is nobody else's trouble."""

from collections.abc import Iterator

import pytest

from tests.support.canaries import Canaries
from tests.support.pipeline import Pipeline
from tests.support.session import started


@pytest.fixture
def pipeline(request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    with started(request, Canaries("chaos"), Canaries("more chaos")) as stack:
        yield Pipeline(stack)
