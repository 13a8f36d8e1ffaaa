"""Whether a record takes too long."""

from shared.runner.under_way import LONGEST, UnderWay

A, B = ("topic", 0, 0), ("topic", 0, 1)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now

    def run(self, under_way: UnderWay, seconds: float) -> None:
        """Let time go by, with somebody looking."""
        for _ in range(int(seconds / 0.5)):
            self.now += 0.5
            under_way.late(1e9)


def test_a_record_is_late_after_its_time() -> None:
    clock = Clock()
    under_way = UnderWay(clock)
    with under_way.handling([A]):
        clock.run(under_way, 4)
        with under_way.handling([B]):
            clock.run(under_way, 2)
            assert under_way.late(5) == [A]
            assert under_way.late(1) == [A, B]
            assert under_way.late(7) == []


def test_what_is_done_is_not_late() -> None:
    clock = Clock()
    under_way = UnderWay(clock)
    with under_way.handling([A]):
        clock.run(under_way, 4)
    clock.run(under_way, 100)
    assert under_way.late(1) == []


def test_what_failed_is_done() -> None:
    clock = Clock()
    under_way = UnderWay(clock)
    try:
        with under_way.handling([A]):
            raise KeyError
    except KeyError:
        clock.run(under_way, 100)
    assert under_way.late(1) == []


def test_a_new_try_has_all_its_time() -> None:
    clock = Clock()
    under_way = UnderWay(clock)
    for _ in range(3):
        with under_way.handling([A]):
            clock.run(under_way, 4)
            assert under_way.late(5) == []
        clock.run(under_way, 10)


def test_a_process_that_was_stopped_has_not_worked_meanwhile() -> None:
    clock = Clock()
    under_way = UnderWay(clock)
    with under_way.handling([A]):
        clock.now += 3600
        assert under_way.late(LONGEST + 0.1) == []
