"""Records that are handled several at a time, and what of them is kept in order."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from shared.events import InstanceReceived
from shared.outcome import Done, Outcome, Reason, Skip, Transient
from shared.runner import Each, Incoming, Load
from tests.support.events import received

SKIPPED = Skip(Reason.ALREADY_DONE)


def _incoming(arrivals: Sequence[str], size: int = 10) -> list[Incoming]:
    return [
        Incoming(received(arrival=arrival, size=size), "topic", 0, offset, datetime(2026, 1, 1, tzinfo=UTC))
        for offset, arrival in enumerate(arrivals)
    ]


def _arrival(record: Incoming) -> str:
    assert isinstance(record.event, InstanceReceived)
    return record.event.arrival


def _in_line(handle: Callable[[Incoming], Outcome], workers: int = 4) -> Each:
    return Each("stage", handle, workers, line=lambda event: getattr(event, "arrival"))  # noqa: B009


def test_answers_come_in_the_order_of_the_records() -> None:
    def handle(record: Incoming) -> Outcome:
        return Done() if _arrival(record) == "a" else SKIPPED

    for each in (Each("stage", handle, 4), _in_line(handle)):
        answers = [handled.result for handled in each(_incoming("abcabcaac"))]
        assert answers == [Done() if name == "a" else SKIPPED for name in "abcabcaac"]


def test_those_of_one_line_go_one_after_the_other_and_others_beside_them() -> None:
    """The first of `a` waits for one of `b`, so lines go side by side; and no two of a line do."""
    other = threading.Event()
    lock = threading.Lock()
    begun: dict[str, list[int]] = {"a": [], "b": []}
    under_way: set[str] = set()
    together: list[str] = []

    def handle(record: Incoming) -> Outcome:
        name = _arrival(record)
        with lock:
            together.extend(under_way & {name})
            under_way.add(name)
            begun[name].append(record.offset)
        if name == "b":
            other.set()
        assert other.wait(60)
        with lock:
            under_way.remove(name)
        return Done()

    results = [handled.result for handled in _in_line(handle)(_incoming("aaabab"))]
    assert results == [Done()] * 6
    assert begun == {"a": [0, 1, 2, 4], "b": [3, 5]}
    assert together == []


def test_behind_one_that_is_tried_again_none_of_its_line_is_begun() -> None:
    begun: list[int] = []

    def handle(record: Incoming) -> Outcome:
        begun.append(record.offset)
        if record.offset == 1:
            raise Transient("store")
        return Done()

    results = [handled.result for handled in _in_line(handle, workers=1)(_incoming("abab"))]
    assert [type(result) for result in results] == [Done, Transient, Done, Transient]
    assert sorted(begun) == [0, 1, 2]


def test_one_that_fails_for_good_holds_up_nobody() -> None:
    def handle(record: Incoming) -> Outcome:
        if record.offset == 0:
            raise KeyError
        return Done()

    results = [handled.result for handled in _in_line(handle)(_incoming("aa"))]
    assert [type(result) for result in results] == [KeyError, Done]


def test_no_more_is_in_hand_than_may_be() -> None:
    load = Load(25, lambda event: getattr(event, "size"))  # noqa: B009
    carried: list[int] = []

    def handle(record: Incoming) -> Outcome:
        carried.append(load.carried)
        return Done()

    each = Each("stage", handle, 8, load=load)
    assert len(each(_incoming("abcdefgh" * 8))) == 64
    assert max(carried) <= 20
    assert load.carried == 0
