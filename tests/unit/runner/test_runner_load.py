"""How much is in hand at once."""

import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from shared.events import Event, InstanceReceived
from shared.runner import Load
from tests.support.events import received
from tests.support.waiting import until


def _weigh(event: Event) -> int:
    assert isinstance(event, InstanceReceived)
    return event.size


@pytest.fixture
def load() -> Load:
    return Load(100, _weigh)


class Carrier(threading.Thread):
    """Carries one event until told to put it down."""

    def __init__(self, load: Load, size: int, begun: Callable[[int], None] = lambda size: None) -> None:
        super().__init__(daemon=True)
        self._load, self._size, self._begun = load, size, begun
        self.has = threading.Event()
        self.put_down = threading.Event()

    def run(self) -> None:
        with self._load.carrying(received(size=self._size)):
            self._begun(self._size)
            self.has.set()
            self.put_down.wait(60)


def _started(load: Load, *sizes: int) -> list[Carrier]:
    """One after the other, in this order."""
    carriers = []
    for size in sizes:
        known = load.waiting + load.carried
        carriers.append(Carrier(load, size))
        carriers[-1].start()
        until(lambda known=known: load.waiting + load.carried > known, "it has asked")  # type: ignore[misc]
    return carriers


def test_what_fits_goes_together(load: Load) -> None:
    with ExitStack() as stack:
        for size in (40, 30, 30):
            stack.enter_context(load.carrying(received(size=size)))
        assert load.carried == 100
    assert load.carried == 0


def test_what_does_not_fit_waits_until_it_does(load: Load) -> None:
    first, second, third = _started(load, 60, 30, 20)
    assert (load.carried, load.waiting) == (90, 1)
    first.put_down.set()
    assert third.has.wait(60)
    assert load.carried == 50
    for carrier in (second, third):
        carrier.put_down.set()


def test_what_is_larger_than_all_goes_alone(load: Load) -> None:
    first, giant, small = _started(load, 10, 1000, 10)
    assert (load.carried, load.waiting) == (10, 2)
    first.put_down.set()
    assert giant.has.wait(60)
    assert (load.carried, load.waiting) == (1000, 1)
    giant.put_down.set()
    assert small.has.wait(60)
    small.put_down.set()


def test_small_ones_do_not_overtake_a_large_one_for_ever(load: Load) -> None:
    first, large, small = _started(load, 60, 90, 10)
    assert not small.has.is_set()
    first.put_down.set()
    assert large.has.wait(60)
    assert small.has.wait(60)
    for carrier in (large, small):
        carrier.put_down.set()


def test_it_is_put_down_when_handling_fails(load: Load) -> None:
    with pytest.raises(KeyError), load.carrying(received(size=70)):
        raise KeyError
    assert load.carried == 0
