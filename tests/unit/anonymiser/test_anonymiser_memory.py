"""What cleaning remembers of a series, and that no result depends on it."""

from dataclasses import replace
from typing import Any

import pytest

from services.anonymiser.cleaning.memory import MOST_BYTES, MOST_ELEMENTS, MOST_INSIDE, MOST_LEVELS, Memory, Told
from services.anonymiser.dataset.tree import Element
from services.anonymiser.engine import Engine
from services.anonymiser.findings import Code, finding
from services.anonymiser.profile.load import load
from services.anonymiser.verdict import Cleaned
from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Patients, Rules
from tests.unit.anonymiser.building import instance, sequence, text

SITE, DESCRIPTION = "site-a", 0x0008103E
PSEUDONYMS = Pseudonyms(b"k" * 32)


def engine() -> Engine:
    return Engine(load("research"), PSEUDONYMS, Patients.of(SITE))


def told(verdict: Any) -> tuple[object, ...]:
    assert isinstance(verdict, Cleaned)
    return verdict.digest, verdict.header, verdict.findings, dict(verdict.words)


def of_patient(number: str, *extra: Element) -> bytes:
    code = (text(0x00080100, "SH", "X1"), text(0x00080102, "SH", "99SITE"), text(0x00080104, "LO", "Knee of Roe"))
    common = (
        text(0x00080012, "DA", "20160620"),
        text(0x00080020, "DA", "20160517"),
        text(DESCRIPTION, "LO", "T2 axial Doe 17.05.2016 knee"),
        sequence(0x00081032, code),
        text(0x00081090, "LO", "Scanner of Roe"),
        text(0x00100020, "LO", number),
        text(0x00180050, "DS", "5 mm"),
    )
    return instance(*{one.tag: one for one in (*common, *extra)}.values())


SERIES = {
    "first": of_patient("4711"),
    "again": of_patient("4711"),
    "other patient": of_patient("4712"),
    "other day": of_patient("4711", text(0x00080020, "DA", "20160615")),
    "aged": of_patient("4711", text(0x00101010, "AS", "093Y"), text(0x00100030, "DA", "19230101")),
    "codes": of_patient("4711", text(0x00100010, "PN", "Roe^Mary")),
    "names": of_patient("4711", text(0x00080005, "CS", "ISO_IR 192"), Element(0x00100010, "PN", "Doe^Zoë".encode())),
}


@pytest.mark.parametrize("order", [tuple(SERIES), tuple(SERIES)[::-1]], ids=["forth", "back"])
def test_what_was_seen_before_changes_nothing(order: tuple[str, ...]) -> None:
    fresh = {name: told(engine().anonymise(SERIES[name], SITE)) for name in order}
    warm = engine()
    for _ in range(2):
        assert {name: told(warm.anonymise(SERIES[name], SITE)) for name in order} == fresh


def test_another_site_has_other_patients() -> None:
    sites = Patients({site: Rules(site) for site in (SITE, "site-b")})
    warm = Engine(load("research"), PSEUDONYMS, sites)
    fresh = Engine(load("research"), PSEUDONYMS, sites)
    warm.anonymise(SERIES["first"], SITE)
    assert told(warm.anonymise(SERIES["first"], "site-b")) == told(fresh.anonymise(SERIES["first"], "site-b"))


def test_the_series_differ_in_what_the_memory_depends_on() -> None:
    results = {name: told(engine().anonymise(data, SITE))[0] for name, data in SERIES.items()}
    assert len(set(results.values())) == len(SERIES) - 1
    assert results["first"] == results["again"]


def test_two_keys_do_not_share_what_they_remember() -> None:
    other = Engine(load("research"), Pseudonyms(b"o" * 32), Patients.of(SITE))
    first = told(engine().anonymise(SERIES["first"], SITE))
    assert told(other.anonymise(SERIES["first"], SITE))[0] != first[0]


def test_it_is_remembered_by_place_and_by_what_is_said() -> None:
    memory, said = Memory(), {1: "said"}
    level = memory.level("place", "code", said=said)
    assert memory.level("place", "code", said=said) is level
    assert memory.level("place", "code", said=dict(said)) is not level
    assert memory.level("place", "other", said=said) is not level


@pytest.mark.parametrize(
    ("element", "kept"),
    [
        (Element(DESCRIPTION, "LO", b"x" * MOST_BYTES), True),
        (Element(DESCRIPTION, "LO", b"x" * (MOST_BYTES + 1)), False),
        (Element(0x7FE00010, "OB", b"", encapsulated=True), False),
        (Element(0x00081140, "SQ"), True),
        (sequence(0x00081140, (text(0x00081150, "UI", "1.2"), sequence(0x00081140, (), ()))), True),
        (sequence(0x00081140, *[()] * (MOST_INSIDE - 1)), True),
        (sequence(0x00081140, *[()] * (MOST_INSIDE + 1)), False),
        (sequence(0x00081140, (text(0x00081150, "UI", "1" * (MOST_BYTES + 1)),)), False),
        (sequence(0x00081140, (text(0x00091001, "UI", "1.2"),)), False),
    ],
)
def test_only_small_values_are_remembered(element: Element, kept: bool) -> None:
    memory = Memory()
    level = memory.level("place", said=None)
    memory.remember(level, element, (element, None))
    assert (level.get(element) is not None) is kept
    assert level.get(Element(element.tag, "SH", element.value)) is None


A_UID, B_UID = text(0x00081150, "UI", "1.2"), text(0x00081155, "UI", "1.3")


@pytest.mark.parametrize(
    "other",
    [
        sequence(0x00081140, (A_UID,), (B_UID,), ()),
        sequence(0x00081140, (A_UID, B_UID)),
        sequence(0x00081140, (A_UID,), (A_UID,)),
        sequence(0x00081140, (A_UID,), (text(0x00081155, "UI", "1.4"),)),
        sequence(0x00081140, (A_UID,), (text(0x00081155, "SH", "1.3"),)),
        sequence(0x00081140, (sequence(0x00081140, (A_UID,), (B_UID,)),)),
        Element(0x00081140, "SQ"),
    ],
)
def test_a_sequence_is_known_by_all_that_it_holds(other: Element) -> None:
    memory, known = Memory(), sequence(0x00081140, (A_UID,), (B_UID,))
    level = memory.level("place", said=None)
    memory.remember(level, known, (known, None))
    assert level.get(sequence(0x00081140, (A_UID,), (B_UID,))) == (known, None)
    assert level.get(other) is None


def test_fragments_are_no_native_pixels_of_the_same_bytes() -> None:
    memory, native = Memory(), Element(0x7FE00010, "OB", b"\xfe\xff\x00\xe0\0\0\0\0")
    level = memory.level("place", said=None)
    memory.remember(level, native, (native, None))
    assert level.get(native) == (native, None)
    assert level.get(replace(native, encapsulated=True)) is None


def test_a_look_up_does_not_read_a_picture() -> None:
    class Picture(bytes):
        def __hash__(self) -> int:
            raise AssertionError

    level = Memory().level("place", said=None)
    assert level.get(Element(0x7FE00010, "OW", Picture(MOST_BYTES + 1))) is None


def test_it_does_not_grow_without_end() -> None:
    memory = Memory()
    level = memory.level("place", said=None)
    for number in range(MOST_ELEMENTS + 5):
        memory.remember(level, Element(number, "SH", b"x"), (None, None))
    assert memory.level("place", said=None) is not level
    for number in range(MOST_LEVELS + 5):
        memory.level(number, said=None)
    assert len(memory._levels) <= MOST_LEVELS


def test_names_and_numbers_of_people_are_not_remembered() -> None:
    concept = (
        text(0x00080100, "SH", "121008"),
        text(0x00080102, "SH", "DCM"),
        text(0x00080104, "LO", "Person Observer Name"),
    )
    observer = (
        text(0x0040A040, "CS", "TEXT"),
        sequence(0x0040A043, concept),
        text(0x0040A160, "UT", "Observer Quaddle^Zo"),
    )
    remembering = engine()
    named = (text(0x00100010, "PN", "Quaddle^Zo"), sequence(0x0040A730, observer))
    remembering.anonymise(of_patient("SECRET-4711", *named), SITE)
    levels = remembering._means.memory._levels.values()
    values = {bytes(value) for level in levels for _, _, value in level._found}
    assert b"T2 axial Doe 17.05.2016 knee" in values
    assert not [value for value in values if b"Quaddle^Zo" in value or b"SECRET" in value]


def test_what_is_told_adds_up() -> None:
    whole, part = Told(), Told()
    assert not whole
    part.findings.append(finding(Code.REDACTED, DESCRIPTION))
    part.words[DESCRIPTION, "kept"] += 2
    whole.add(part)
    whole.add(part)
    assert whole.findings == part.findings * 2
    assert whole.words == {(DESCRIPTION, "kept"): 4}
