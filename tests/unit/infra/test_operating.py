"""What acts of operators share: names and ids."""

import pytest

from infra.operating.actor import named
from infra.operating.ids import AmbiguousId, UnknownId, by_id

IDS = ["abcdef01", "abcdef02", "0a0b0c0d"]


def test_a_name_never_stands_without_the_one_that_the_system_knows() -> None:
    assert named(None, "root (eva)") == "root (eva)"
    assert named("eva", "eva") == "eva"
    assert named("eva", "root") == "eva (root)"
    assert len(named("x" * 500, "root")) == 128
    assert named("x" * 500, "root").endswith("x (root)")
    assert len(named("x", "y" * 500)) <= 128


def test_an_id_may_be_given_by_its_beginning() -> None:
    assert by_id(IDS, ["0a0b0c0d", " ABCDEF01 ", "0a0b0c"], str) == ["0a0b0c0d", "abcdef01"]
    for unknown in ("ffffffff", "0a0b0"):
        with pytest.raises(UnknownId):
            by_id(IDS, [unknown], str)
    with pytest.raises(AmbiguousId):
        by_id(IDS, ["abcdef"], str)
