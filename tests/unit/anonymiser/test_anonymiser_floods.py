"""Objects that hold far too much of something: the work grows with them, and not with their square."""

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.descriptors.cleaning import clean
from services.anonymiser.descriptors.forms import _ages
from services.anonymiser.descriptors.known import Known
from services.anonymiser.descriptors.vocabulary import shipped
from services.anonymiser.gate.detectors import found_in, silent
from services.anonymiser.gate.folding import tokens
from services.anonymiser.gate.marks import _NAME, Marks
from services.anonymiser.gate.searching import Index
from services.anonymiser.gate.sources import Sources
from services.anonymiser.gate.witness import Witness
from tests.unit.anonymiser.building import SITE, engine, instance, sequence, text
from tests.unit.anonymiser.effort import seconds, steps

SECONDS = 5.0
"""Of processor time; what is not repaired takes half a minute at least, and some of it hours."""
OBJECT = (text(0x00081030, "LO", "Abdomen"), text(0x00100010, "PN", "Doe^Jane^Q"), text(0x00100020, "LO", "4711123"))
KNOWN = Known.of(OBJECT)


def name(number: int) -> str:
    """A word that nobody is called, another one for each number."""
    syllables = []
    for _ in range(4):
        number, syllable = divmod(number, 60)
        syllables.append("bdfgklmprstv"[syllable % 12] + "aeiou"[syllable // 12])
    return "".join(syllables).capitalize() + "x"


def many(*items: Item) -> Element:
    return sequence(0x00081115, *items)


# --- texts

UNITS = {
    "dates": "02.01.2024 ",
    "titles": "dr ",
    "labels": "patient ",
    "labels and names": "patient name ",
    "careful words": "may ",
    "telephone numbers": "+49 30 901820 ",
}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_a_text_of_four_times_the_length_is_four_times_the_work(unit: str):
    def work(length: int) -> Callable[[], object]:
        return lambda: clean(unit * (length // len(unit)), KNOWN, shipped(), lambda day: day)

    work(1000)()  # whatever is loaded once
    assert steps(work(12_000)) < 5 * steps(work(3000))


def repeated(unit: str, end: str = "x") -> str:
    return unit * (60_000 // len(unit)) + end


TEXTS = {
    "words between a label and nothing": "id " + "is  " * 40 + "x 1",
    "dashes behind a label": "id" + "-" * 50_000 + "x 1",
    "labels and dashes": repeated("id-"),
    "chains of hyphens": repeated("abc-") + " 1",
    "one long word": repeated("a") + " ^ dr 1",
    "one long word that might be a compound": repeated("hand"),
    "one that is made of prefixes": repeated("peri"),
    "one number": repeated("1"),
    "numbers behind a word that takes them": "te " + repeated("90 "),
    "initials beside a name": repeated("doe j "),
    "signs of an address": repeated("a.") + " @",
    "spaces": "dr" + repeated(" ") + "1",
    "brackets": repeated("("),
    "numbers and stops": repeated("1.") + "1,5",
}


@pytest.mark.parametrize("value", TEXTS.values(), ids=TEXTS)
def test_no_pattern_runs_away(value: str):
    raw = value.encode()
    assert seconds(lambda: clean(value, KNOWN, shipped(), lambda day: day)) < SECONDS
    assert seconds(lambda: KNOWN.redact(value)) < SECONDS
    assert seconds(lambda: (found_in(value), silent(raw + b" ^ ", set(tokens(raw))))) < SECONDS


@pytest.mark.parametrize("value", [b"1" * 2**20 + b"x", b"." * 2**20, b"1\\" * 2**19])
@pytest.mark.parametrize("vr", ["DS", "IS", "AS"])
def test_a_number_without_end_is_refused_at_once(vr: str, value: bytes):
    tag = {"DS": 0x00180050, "IS": 0x00200013, "AS": 0x00101010}[vr]
    assert seconds(lambda: engine("research").anonymise(instance(Element(tag, vr, value)), SITE)) < SECONDS


# --- objects


def dates(number: int) -> Iterator[Element]:
    days = [f"{1900 + n % 150}{1 + n // 150 % 12:02}{1 + n % 28:02}" for n in range(number)]
    yield many(*((text(0x00080020, "DA", day), text(0x00100030, "DA", day)) for day in days))


def uids(number: int) -> Iterator[Element]:
    yield many(*((text(0x00081155, "UI", f"1.2.{n * 7919}.{n}.99"),) for n in range(number)))


def names(number: int) -> Iterator[Element]:
    """Of people whom the texts beside them name as well."""
    yield many(
        *((text(0x00081050, "PN", f"{name(n)}^{name(n + 1)}"),) for n in range(0, number, 2)),
        *((text(0x0040A160, "UT", " ".join(name(n) for n in range(at, at + 1000))),) for at in range(0, number, 1000)),
    )


def numbers(number: int) -> Iterator[Element]:
    yield sequence(0x00101002, *((text(0x00100020, "LO", str(10_000_019 * (n + 1))),) for n in range(number)))
    yield many(
        *(
            (text(0x0040A160, "UT", " ".join(str(7_654_321 * (n + 1)) for n in range(at, at + 1000))),)
            for at in range(0, number, 1000)
        ),
        *((text(0x00180050, "DS", str(n)),) for n in range(number)),
    )


def private(number: int) -> Iterator[Element]:
    for block in range(0x10, 0x10 + number // 200):
        yield text(0x00090000 | block, "LO", f"MAKER {block}")
        for low in range(200):
            yield text(0x00090000 | block << 8 | low, "LO", f"value^{name(block * 256 + low)} 1234567")


def private_words(number: int) -> Iterator[Element]:
    words = (text(0x00090010, "LO", "ACME"), text(0x00091001, "LO", "a" * 4000), text(0x00091002, "LO", "Doe^Jane"))
    yield many(*(words for _ in range(number)))


def leaks(number: int) -> Iterator[Element]:
    """Names that stand in tables which stay."""
    people = [f"{name(2 * n)}^{name(2 * n + 1)}" for n in range(number)]
    yield many(*((text(0x00081050, "PN", one),) for one in people))
    yield sequence(0x00289145, *((Element(0x00281201, "OW", one.encode()),) for one in people))


FLOODS: dict[str, tuple[Callable[[int], Iterator[Element]], int]] = {
    "dates": (dates, 6000),
    "uids": (uids, 10_000),
    "names": (names, 20_000),
    "numbers": (numbers, 8000),
    "private elements": (private, 40_000),
    "words in private elements": (private_words, 20),
    "leaks": (leaks, 3000),
}


@pytest.mark.parametrize(("flood", "number"), FLOODS.values(), ids=FLOODS)
def test_many_of_one_kind_are_no_reason_to_take_long(flood: Callable[[int], Iterator[Element]], number: int):
    data = instance(*flood(number))
    ready = engine("research")
    ready.anonymise(instance(), SITE)
    assert seconds(lambda: ready.anonymise(data, SITE)) < SECONDS


days = st.dates(date(1900, 1, 1), date(2050, 12, 31))


@given(births=st.sets(days, max_size=5), others=st.sets(days, max_size=5))
def test_ages_are_those_of_each_pair_of_dates(births: set[date], others: set[date]):
    pairs = ((birth, day) for birth in births for day in others if day > birth)
    ages = {day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)) for birth, day in pairs}
    assert _ages(births, others) == {age for age in ages if age < 90}


@given(st.data())
def test_many_forms_are_found_as_if_they_were_looked_for_one_by_one(data: st.DataObject):
    letters = st.text("ab1", min_size=1, max_size=20).map(str.encode)
    forms = {b"%05d" % number for number in range(300)} | data.draw(st.sets(letters, max_size=5))
    hay = data.draw(st.text("ab01", max_size=80)).encode()
    assert Index(forms).within(hay) == sorted(form for form in forms if form in hay)


class Counting(bytes):
    """Counts what is looked for in it."""

    searches = 0

    def __contains__(self, form: object) -> bool:
        self.searches += 1
        return super().__contains__(form)  # type: ignore[operator]


def test_what_is_not_there_is_not_looked_for():
    hay = Counting(b"x" * 1000 + b"name 00007 and 00009" + b"-" * 20)
    forms = {b"%05d" % number for number in range(5000)} | {b"%040d" % number for number in range(5000)}
    assert Index(forms).within(hay) == [b"00007", b"00009"]
    assert hay.searches == 0


@pytest.mark.parametrize(
    "value",
    [
        b"x y^z",
        b"O'Neill^Rose",
        b"a'bc^de",
        b"--ab cd^ef^gh",
        b"Doe^Jane\nabc^de",
        b"ab^c de^fg",
        b"a b c^de",
        b"'ab^cd",
    ],
)
def test_names_in_private_elements_are_those_of_the_plain_pattern(value: bytes):
    plain = re.compile(rb"[A-Za-z]{2,}[A-Za-z' -]*\^[A-Za-z]{2,}[A-Za-z' ^-]*")
    assert _NAME.findall(value) == plain.findall(value)


def test_of_leaks_no_more_is_told_than_anybody_reads():
    original = (text(0x00100010, "PN", "Quaddlebacher^Zo"),)
    left = tuple(text(0x00091000 + number, "LO", "Quaddlebacher") for number in range(1100))
    residues = Witness.of(original).look(left, b"Quaddlebacher")
    assert [one.detector for one in residues] == ["original-name"] * 1000


def test_of_a_value_without_end_the_beginning_is_looked_for():
    sources = Sources()
    sources.gather((text(0x00100010, "PN", "q" * 100_000), text(0x00200052, "UI", "1.2." + "3" * 5000)))
    marks = Marks(sources)
    assert max(len(form) for forms in (*marks.long, marks.uids) for form in forms) == 256
    left = (text(0x00204000, "LT", "of " + "q" * 100_000),)
    assert Witness.of((text(0x00100010, "PN", "q" * 100_000),)).look(left, b"q" * 100_000)
