"""Cleaning and the gate end when their time is over: the object is held, and nothing else depends on the time."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.anonymiser.cleaning.cleaner import Cleaner
from services.anonymiser.cleaning.private import staying
from services.anonymiser.dataset import walking
from services.anonymiser.dataset.limits import LIMITS, BeyondLimits, Deadline
from services.anonymiser.dataset.text import DEFAULT
from services.anonymiser.dataset.tree import PUBLIC_VRS, Element
from services.anonymiser.descriptors.attributes import Fact
from services.anonymiser.descriptors.known import Known
from services.anonymiser.descriptors.vocabulary import shipped
from services.anonymiser.engine import Cleaned, Engine, Held
from services.anonymiser.gate.searching import Index
from services.anonymiser.gate.witness import Witness
from services.anonymiser.profile.load import load
from shared.dicom.patients import Patients
from shared.outcome import Reason
from tests.unit.anonymiser.building import PSEUDONYMS, SITE, instance, sequence, text
from tests.unit.anonymiser.raw import IMPLICIT, Items, Value

NAME = text(0x00100010, "PN", "Quaddlebacher^Zo")


class Clock:
    """A second passes at every look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return float(self.looks)


OF_ALL_KINDS = (
    text(0x00081030, "LO", "Abdomen of Jane"),
    sequence(
        0x00081115, *((text(0x00080020, "DA", "20240102"), text(0x00081155, "UI", f"2.77.{n}")) for n in range(20))
    ),
    text(0x00090010, "LO", "ACME"),
    text(0x00091001, "LO", "private"),
    sequence(0x0040A730, *((text(0x0040A160, "UT", f"seen by Dr. {'Zyx' + 'abcde'[n]}"),) for n in range(5))),
)


def timed(cleaning_seconds: float, clock: Callable[[], float]) -> Engine:
    limits = replace(LIMITS, cleaning_seconds=cleaning_seconds)
    return Engine(load("research"), PSEUDONYMS, Patients.of(SITE), limits=limits, clock=clock)


def test_the_time_decides_about_held_or_not_and_about_nothing_else():
    data, unhurried = instance(*OF_ALL_KINDS), Clock()
    whole = timed(1e9, unhurried).anonymise(data, SITE)
    assert isinstance(whole, Cleaned)
    enough = unhurried.looks - 2  # two looks begin the times for pixels and for the rest
    for allowed in itertools.chain(range(0, enough, 7), [enough - 1]):
        assert timed(allowed, Clock()).anonymise(data, SITE) == Held(Reason.UNCLEANABLE), allowed
    assert timed(enough, Clock()).anonymise(data, SITE) == whole


def looks(*elements: Element) -> int:
    clock = Clock()
    timed(1e9, clock).anonymise(instance(*elements), SITE)
    return clock.looks


def test_the_clock_is_looked_at_for_every_element_that_is_not_remembered_and_every_item():
    numbers = [
        Element(tag, "FD", bytes(8)) for tag, vr in sorted(PUBLIC_VRS.items()) if vr == "FD" and tag >> 16 == 0x18
    ]
    assert looks(*numbers[:100]) - looks() == 100
    items = [(text(0x00180050, "DS", "1"), text(0x00180088, "DS", f"{n}")) for n in range(100)]
    assert looks(sequence(0x00081115, *items)) - looks(sequence(0x00081115)) >= 200
    assert looks(sequence(0x00081115, *items[:1] * 100)) - looks(sequence(0x00081115)) >= 100
    private = [text(0x20050010, "LO", "Philips MR Imaging DD 001"), Element(0x2005100D, "FL", bytes(4))]
    assert looks(*private) - looks() == 1, "what may stay"


class Late:
    """Hours pass while it is `late`."""

    late = False

    def __call__(self) -> float:
        return 1e6 if self.late else 0.0


@pytest.mark.parametrize(("part", "name"), [(Known, "of"), (Cleaner, "clean"), (Witness, "look")])
def test_each_part_of_the_work_is_watched(part: type, name: str, monkeypatch: pytest.MonkeyPatch):
    clock, work = Late(), getattr(part, name)

    def slowly(*arguments: Any, **others: Any) -> Any:
        clock.late = True
        try:
            return work(*arguments, **others)
        finally:
            clock.late = False

    ready = timed(100, clock)
    assert isinstance(ready.anonymise(instance(*OF_ALL_KINDS), SITE), Cleaned)
    monkeypatch.setattr(part, name, staticmethod(slowly) if name == "of" else slowly)
    assert ready.anonymise(instance(*OF_ALL_KINDS), SITE) == Held(Reason.UNCLEANABLE)


def test_who_lets_through_what_took_too_long_has_not_made_it_quicker():
    released = frozenset({Reason.UNCLEANABLE})
    assert timed(1, Clock()).anonymise(instance(), SITE, released=released) == Held(Reason.UNCLEANABLE)


OVER = {
    "gathering what the object knows": lambda late: Known.of((NAME,), late),
    "making its forms": lambda late: Known(((Fact.NAME, DEFAULT, b"Doe^Jane"),), shipped(), late),
    "the quick look of the gate": lambda late: Witness.of((NAME,)).look((), b"", deadline=late),
    "few forms": lambda late: Index([b"1", b"2"]).within(b"0", late),
    "many forms": lambda late: Index([b"%020d" % number for number in range(300)]).within(b"%020d" % 7, late),
}


@pytest.mark.parametrize("work", OVER.values(), ids=OVER)
def test_every_part_of_the_work_knows_when_it_is_over(work: Callable[[Deadline], object]):
    with pytest.raises(BeyondLimits):
        work(Deadline(1 if work is OVER["many forms"] else 0, Clock()))


@pytest.mark.parametrize("words", ["Quaddlebacher", "Dr. Smith"], ids=["what the original held", "what has the form"])
def test_the_close_look_ends_too(words: str):
    """The quick one looks at the clock once for each kind of value, so it is long over when this one begins."""
    left = tuple(text(0x00091000 + number, "LO", f"{words} {number}") for number in range(200))
    raw = b" ".join(element.content for element in left)
    assert len(Witness.of((NAME,)).look(left, raw)) == len(left)
    with pytest.raises(BeyondLimits):
        Witness.of((NAME,)).look(left, raw, deadline=Deadline(100, Clock()))


def test_the_close_look_at_dates_ends_too():
    clock, day = Clock(), text(0x00080020, "DA", "20240102")
    left = (day, *(text(0x00091000 + number, "DS", "1") for number in range(100)))
    assert Witness.of((day,)).look(left, b"", deadline=Deadline(1e9, clock))
    assert clock.looks > 200, "at each element twice, for values and for dates"


def test_a_private_sequence_is_not_left_out_because_reading_it_took_long(monkeypatch: pytest.MonkeyPatch):
    inner = Items(0x00211101, [[Value(0x00211109, "LO", b"p2")]]).written(IMPLICIT)[8:]
    item = (text(0x00210010, "LO", "SIEMENS MR SDS 01"), Element(0x002110FE, "UN", inner))

    def kept() -> list[str]:
        found = staying(item, DEFAULT, little=True, safe=True, ruled=lambda tag, vr: None)
        return [one.element.vr for one in found]

    assert kept() == ["SQ"]
    clock = itertools.count(0, 1000)
    monkeypatch.setattr(walking.time, "monotonic", lambda: next(clock))
    assert kept() == ["SQ"]
