"""Connections of any kind, from when they come until all have gone."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from services.receiver.accounts import Account
from services.receiver.upper.porch import UNASKED_OF_ONE
from services.receiver.visits import Visits
from shared.metrics.registry import gauge
from tests.support.waiting import until


class Guest:
    """Stays until he is told to go, or is done by himself."""

    def __init__(self, address: str = "10.0.0.1") -> None:
        self.address = address
        self.told: list[str] = []
        self.done = threading.Event()

    def run(self) -> None:
        self.done.wait(60)

    def end(self) -> None:
        self.told.append("end")
        self.done.set()

    def cut(self) -> None:
        self.told.append("cut")
        self.done.set()


class House:
    def __init__(self) -> None:
        self.kept: list[Account] = []
        self.left: list[int] = []
        self.visits = Visits("guest", self.kept.append, lambda: self.left.append(1))
        self.guests: list[Guest] = []

    def take(self, address: str = "10.0.0.1") -> Guest:
        guest = Guest(address)
        self.guests.append(guest)
        self.visits.take(guest)
        return guest

    def drained(self, seconds: float) -> threading.Thread:
        thread = threading.Thread(target=self.visits.drain, args=(seconds,))
        thread.start()
        return thread


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    for guest in made.guests:
        guest.done.set()
    until(lambda: len(made.left) == len(made.guests), "all have gone", 10)


def test_who_is_done_is_forgotten(house: House) -> None:
    house.take().done.set()
    until(lambda: house.left == [1], "he has left", 10)
    assert (house.visits._present, house.visits._porch._callers) == (set(), {})


def test_whom_no_thread_serves_leaves_nothing_behind(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError

    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            house.take()
    assert (house.visits._present, house.visits._porch._callers, house.left) == (set(), {}, [1])
    assert house.guests[0].told == [], "his connection is the caller's"


def test_of_too_many_who_only_wait_the_oldest_goes(house: House) -> None:
    inside, first, second = house.take(), house.take(), house.take()
    house.visits.comes_in(inside)
    for _ in range(UNASKED_OF_ONE - 2):
        house.take()
    house.take("10.0.0.2")
    assert first.told == []
    house.take()
    assert (inside.told, first.told, second.told) == ([], ["end"], [])
    house.visits.waits(inside)
    assert (inside.told, second.told) == ([], ["end"])


def test_what_is_under_way_is_counted_until_it_has_ended(house: House) -> None:
    told = gauge("isocentre_receive_open_associations").labels("site-v")
    one = Account("one", "site-v", "dicom", datetime.now(UTC))
    house.visits.begun(one)
    assert (house.visits.accounts(), told._value.get(), house.kept) == ([one], 1, [])
    house.visits.ended(one, "released")
    assert (house.visits.accounts(), told._value.get(), house.kept) == ([], 0, [one])
    assert (one.end, one.ended is None) == ("released", False)


def test_drains_at_once_when_nobody_is_there(house: House) -> None:
    assert seconds_of(lambda: house.visits.drain(60.0)) < 10
    assert house.visits.draining


def test_drains_in_phases(house: House) -> None:
    """Who is done by himself, who is done when he may not go on, and who has to be cut."""
    early, late, never = (house.take() for _ in range(3))
    drained = house.drained(2.0)
    until(lambda: house.visits.draining, "it drains", 10)
    assert not house.visits.ending
    early.done.set()
    until(lambda: house.visits.ending, "those who are left are to end", 10)
    assert [guest.told for guest in house.guests] == [[], [], []]
    late.done.set()
    until(lambda: never.told == ["cut"], "the last one is cut", 10)
    drained.join(10)
    assert not drained.is_alive()
    assert (early.told, late.told) == ([], [])


def test_waits_no_longer_than_for_the_last(house: House) -> None:
    guest = house.take()
    drained = house.drained(60.0)
    until(lambda: house.visits.draining, "it drains", 10)
    guest.done.set()
    drained.join(10)
    assert not drained.is_alive()
    assert guest.told == []


def seconds_of(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
