"""Hours and rates, on a clock that stands still unless somebody waits."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from infra.fetching.pace import STEP, Pace, Window
from shared.misconfigured import Misconfigured

NIGHT, LUNCH = Window.parse("20:00-06:00"), Window.parse("12:00-13:30")


class Clock:
    def __init__(self, at: str) -> None:
        self.now = datetime.fromisoformat(f"2026-01-15T{at}").replace(tzinfo=UTC)
        self.pauses: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("window", "at", "hours"),
    [
        (NIGHT, "20:00", 0),
        (NIGHT, "23:59", 0),
        (NIGHT, "00:00", 0),
        (NIGHT, "05:59", 0),
        (NIGHT, "06:00", 14),
        (NIGHT, "19:00", 1),
        (LUNCH, "12:00", 0),
        (LUNCH, "13:29", 0),
        (LUNCH, "13:30", 22.5),
        (LUNCH, "00:00", 12),
    ],
)
def test_how_long_it_is_until_the_window_opens(window: Window, at: str, hours: float) -> None:
    assert window.opens_in(Clock(at).now) == hours * 3600


@pytest.mark.parametrize("text", ["", "20-06", "24:00-06:00", "20:00-06:60", "20:00-20:00", "20:00"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(Misconfigured):
        Window.parse(text)


def test_waits_for_the_hour_and_says_so_once() -> None:
    clock, told = Clock("19:00"), list[float]()
    pace = Pace(NIGHT, clock=clock, pause=clock.pause)
    assert pace.turn(told.append)
    assert clock.now.hour == 20
    assert told == [3600]
    assert max(clock.pauses) <= STEP
    assert pace.turn(told.append)
    assert len(told) == 1


def test_a_window_that_closes_while_a_rate_is_waited_for_is_waited_for_too() -> None:
    clock = Clock("05:59:50")
    pace = Pace(NIGHT, studies=1, clock=clock, pause=clock.pause)
    assert pace.turn()
    assert pace.turn()
    assert clock.now.hour == 20


def test_studies_a_minute() -> None:
    clock = Clock("00:00")
    pace = Pace(studies=6, clock=clock, pause=clock.pause)
    began = clock.now
    assert all(pace.turn() for _ in range(7))
    assert (clock.now - began).total_seconds() == 60


def test_instances_a_second_on_average() -> None:
    clock = Clock("00:00")
    pace = Pace(instances=10, clock=clock, pause=clock.pause)
    began = clock.now
    assert pace.turn()
    clock.now += timedelta(seconds=5)
    pace.took(100, 5.0)
    assert pace.turn()
    assert (clock.now - began).total_seconds() == 10
    pace.took(10, 5.0)  # slower than it might
    assert pace.turn()
    assert (clock.now - began).total_seconds() == 10


def test_the_stricter_of_two_rates_holds() -> None:
    clock = Clock("00:00")
    pace = Pace(studies=6, instances=10, clock=clock, pause=clock.pause)
    began = clock.now
    assert pace.turn()
    pace.took(1, 0)
    assert pace.turn()
    assert (clock.now - began).total_seconds() == 10


def test_told_to_stop_it_waits_no_more() -> None:
    stop = threading.Event()
    clock = Clock("10:00")

    def pause(seconds: float) -> None:
        clock.pause(seconds)
        stop.set()

    pace = Pace(NIGHT, stop=stop, clock=clock, pause=pause)
    assert not pace.turn()
    assert not pace.opened()
    assert len(clock.pauses) == 1
