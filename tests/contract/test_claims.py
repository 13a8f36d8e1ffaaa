"""What a log may expect of the claims to its partitions: one suite for those in memory and in the database."""

import pytest

from infra.local.state import Stack
from services.indexer.claims import PartitionClaims
from services.indexer.database import Database
from services.indexer.migrate import migrate
from shared.kafka import Claims
from shared.outcome import Fenced
from tests.support import postgres
from tests.support.memory_claims import MemoryClaims

ONE, TWO = ("topic", 0), ("topic", 1)

Pair = tuple[Claims, Claims]


@pytest.fixture(params=["memory", "database"])
def workers(request: pytest.FixtureRequest) -> Pair:
    """Two workers of one stage."""
    if request.param == "memory":
        shared = MemoryClaims()
        return shared, shared
    components: Stack = request.getfixturevalue("components")
    url = postgres.fresh(components.database).url("indexer")
    migrate(url)
    return PartitionClaims(Database(url), "a"), PartitionClaims(Database(url), "b")


def test_who_claims_first_begins_with_one(workers: Pair) -> None:
    one, other = workers
    assert one.newest([ONE, TWO]) == {ONE: 0, TWO: 0}
    one.take({ONE: 0})
    assert other.newest([TWO, ONE]) == {TWO: 0, ONE: 1}


def test_each_claim_is_the_next_one(workers: Pair) -> None:
    one, other = workers
    one.take({ONE: 0, TWO: 0})
    other.take({TWO: 1})
    one.take({ONE: 1})
    assert one.newest([ONE, TWO]) == {ONE: 2, TWO: 2}


@pytest.mark.parametrize("seen", [{ONE: 0}, {ONE: 2}, {ONE: 0, TWO: 0}, {TWO: 0, ONE: 0}])
def test_a_claim_on_what_was_seen_before_another_takes_nothing(workers: Pair, seen: dict[tuple[str, int], int]) -> None:
    one, other = workers
    one.take({ONE: 0})
    with pytest.raises(Fenced):
        other.take(seen)
    assert other.newest([ONE, TWO]) == {ONE: 1, TWO: 0}
