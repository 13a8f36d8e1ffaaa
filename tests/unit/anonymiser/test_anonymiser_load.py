"""What a record weighs, and what is kept in order."""

import pytest

from services.anonymiser.handler import ALONE, line, weight
from tests.support.events import decided, received


def test_an_arrival_weighs_what_its_object_takes() -> None:
    assert weight(received(size=1000)) == 3000


@pytest.mark.parametrize("decision", ["discard", "expire"])
def test_a_decision_for_good_reads_nothing(decision: str) -> None:
    assert weight(decided(decision=decision)) == 0


@pytest.mark.parametrize("decision", ["release", "retry"])
def test_what_is_let_through_may_be_of_any_size(decision: str) -> None:
    assert weight(decided(decision=decision)) == ALONE


def test_an_arrival_and_the_decisions_about_it_are_in_line() -> None:
    first = decided()
    assert line(first) == line(decided(decision="discard")) == line(received(arrival=first.arrival))
    assert line(received(arrival="f" * 32)) != line(first)
