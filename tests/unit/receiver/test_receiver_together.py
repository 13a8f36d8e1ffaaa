"""Work that several ask for at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.receiver.together import Together
from shared.outcome import Transient
from tests.support.waiting import until


class Slow:
    """Work that goes on when it may, and tells its how-manyeth time it was."""

    def __init__(self) -> None:
        self.begun, self.at_once, self.most_at_once = 0, 0, 0
        self.may_end = threading.Semaphore(0)
        self.away = False

    def __call__(self) -> int:
        self.begun += 1
        mine = self.begun
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.may_end.acquire(timeout=10)
        self.at_once -= 1
        if self.away:
            raise Transient("away")
        return mine


def test_who_comes_while_it_is_done_shares_the_next_time() -> None:
    work = Slow()
    together = Together(work)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(together, 10.0)
        until(lambda: work.begun == 1, "it is being done", 10)
        others = [pool.submit(together, 10.0) for _ in range(4)]
        until(lambda: all(each.running() for each in others), "they wait", 10)
        until(lambda: together._next is not None, "they wait", 10)
        work.may_end.release(1)
        assert first.result(10) == 1
        work.may_end.release(10)
        assert {each.result(10) for each in others} <= {2, 3}
    assert work.most_at_once == 1
    assert work.begun <= 3


def test_who_cannot_wait_is_told_and_the_work_goes_on() -> None:
    work = Slow()
    together = Together(work)
    with pytest.raises(Transient, match="no answer in time"):
        together(0.05)
    with pytest.raises(Transient, match="no answer in time"):
        together(-1.0)
    work.may_end.release(10)
    until(lambda: not together._working, "it has ended", 10)
    assert together(10.0) == work.begun == 3


def test_what_it_raises_is_for_all_who_asked_and_for_nobody_else() -> None:
    work = Slow()
    together = Together(work)
    work.away = True
    work.may_end.release(10)
    with pytest.raises(Transient, match="away"):
        together(10.0)
    work.away = False
    assert together(10.0) == 2
