"""Whom a worker suspects after the end of the one before it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from shared.kafka import Record
from shared.outcome import Reason
from shared.runner.suspects import Noted, Place, Suspicion, apart, suspects_after

A, B, C = (("topic", 0, offset) for offset in range(3))


def _record(offset: int, partition: int = 0) -> Record:
    return Record("topic", partition, offset, datetime(2026, 1, 1, tzinfo=UTC), "key", b"")


def _died_with(*in_hand: Place, suspects: dict[Place, Suspicion] | None = None) -> dict[Place, Suspicion]:
    return suspects_after(Noted(in_hand=in_hand, suspects=suspects or {}))


def test_nothing_in_hand_nobody_suspected() -> None:
    assert _died_with() == {}


def test_among_several_any_may_have_been_the_one_and_none_is_counted_against() -> None:
    assert _died_with(A, B) == {A: Suspicion(), B: Suspicion()}


def test_only_ends_of_workers_with_the_record_alone_in_hand_count() -> None:
    suspects: dict[Place, Suspicion] = {}
    for _ in range(9):
        suspects = _died_with(A, B, suspects=suspects)
    assert not suspects[A].is_enough
    suspects = _died_with(A, suspects=suspects)
    assert not suspects[A].is_enough
    suspects = _died_with(A, suspects=suspects)
    assert (suspects[A].is_enough, suspects[A].reason) == (True, Reason.WORKER_DIED)
    assert suspects[B] == Suspicion()


def test_of_records_in_company_only_the_one_that_hung_is_suspected() -> None:
    suspects = suspects_after(Noted(in_hand=(A, B, C), hung=(B,)))
    assert suspects == {B: Suspicion(ends=0, hung=True)}


def test_the_last_end_names_the_reason() -> None:
    hung = suspects_after(Noted(in_hand=(A,), hung=(A,), suspects={A: Suspicion(1)}))
    assert (hung[A].is_enough, hung[A].reason) == (True, Reason.WORKER_HUNG)
    assert _died_with(A, suspects=hung)[A].reason == Reason.WORKER_DIED


def test_whoever_was_suspected_and_not_in_hand_stays_so() -> None:
    assert _died_with(A, suspects={C: Suspicion(1)}) == {A: Suspicion(1), C: Suspicion(1)}


@pytest.mark.parametrize(
    ("suspected", "parts"),
    [
        ([], [[0, 1, 2, 3]]),
        ([0], [[0], [1, 2, 3]]),
        ([0, 1], [[0], [1], [2, 3]]),
        ([2], [[0, 1], [2], [3]]),
        ([3], [[0, 1, 2], [3]]),
        ([9], [[0, 1, 2, 3]]),
    ],
)
def test_each_suspect_is_a_part_by_itself_and_the_order_stays(
    suspected: Sequence[int], parts: Sequence[Sequence[int]]
) -> None:
    batch = [_record(offset) for offset in range(4)]
    suspects = {("topic", 0, offset): Suspicion() for offset in suspected}
    assert [[record.offset for record in part] for part in apart(batch, suspects)] == parts


def test_the_same_offset_of_another_partition_is_another_record() -> None:
    batch = [_record(0, partition=0), _record(0, partition=1)]
    assert [len(part) for part in apart(batch, {("topic", 1, 0): Suspicion()})] == [1, 1]
