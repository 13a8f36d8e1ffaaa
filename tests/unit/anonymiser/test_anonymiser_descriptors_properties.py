"""Names, numbers and dates of random people, planted in any form into descriptors: none is ever left, the rest is."""

import re
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.anonymiser.dataset.tree import Element
from services.anonymiser.descriptors.cleaning import clean
from services.anonymiser.descriptors.folding import fold, key
from services.anonymiser.descriptors.known import Known
from services.anonymiser.descriptors.vocabulary import Trust, shipped
from tests.unit.anonymiser.european_names import first_names, last_names

DESCRIPTORS = (
    "AX T2 FLAIR", "t1_mprage_sag_p2_iso", "CT Thorax/Abdomen mit KM", "MR Schädel nativ", "XR CHEST PA AND LATERAL",
    "Thorax 5.0 B31f", "IRM du genou droit", "RM encefalo senza mdc", "TK klatki piersiowej z kontrastem", "PET WB",
    "Follow-up after chemotherapy", "Suspected pulmonary embolism", "DWI b1000", "Liver segment VII", "MG CC",
)  # fmt: skip
WORDS = [*DESCRIPTORS, "T2_TSE_SAG 4mm", "Gated, short axis", "ADC"]
FIRST = [name for name in first_names() if shipped().written(name) is not Trust.PLAIN and len(name) > 2]
LAST = [name for name in last_names() if shipped().written(name) is not Trust.PLAIN]
MOVE = timedelta(days=1234)

days = st.dates(date(1920, 1, 1), date(2024, 12, 31)).filter(lambda day: day.day > 12)
numbers = st.from_regex(r"[A-Z]{0,3}[1-9][0-9]{4,8}", fullmatch=True)


def object_of(last: str, first: str, number: str, day: date) -> Known:
    values = (
        (0x00080005, "CS", "ISO_IR 192"),
        (0x00080020, "DA", day.strftime("%Y%m%d")),
        (0x00100010, "PN", f"{last}^{first}"),
        (0x00100020, "LO", number),
    )
    return Known.of(tuple(Element(tag, vr, value.encode("utf-8")) for tag, vr, value in values))


def written(last: str, first: str) -> list[str]:
    forms = [
        f"{first} {last}", f"{last}, {first}", f"{last}^{first}", f"{last}_{first}", f"{first}{last}",
        f"{last}-{first}",
        f"{first[0]}. {last}", f"{last} {first[0]}.", f"{last}{first}", f"Dr. {last}", f"Patient: {first} {last}",
        f"ref by {last}", f"({last})", last,
    ]  # fmt: skip
    return [*forms, *(form.upper() for form in forms), *(form.lower() for form in forms), *map(fold, forms)]


def keys(text: str) -> set[str]:
    return {key(word) for word in re.findall(r"[^\W_]+", text)}


@settings(max_examples=400, deadline=None)
@given(data=st.data(), last=st.sampled_from(LAST), first=st.sampled_from(FIRST), descriptor=st.sampled_from(WORDS))
def test_no_name_is_left_and_the_descriptor_is(data, last: str, first: str, descriptor: str) -> None:
    known = object_of(last, first, "PX-4711-08", date(1970, 1, 13))
    form = data.draw(st.sampled_from(written(last, first)))
    gap = data.draw(st.sampled_from([" ", "_", " - ", ", ", " / "]))
    planted = data.draw(st.sampled_from([f"{descriptor}{gap}{form}", f"{form}{gap}{descriptor}"]))
    left = clean(planted, known, shipped(), lambda day: day + MOVE).text
    names = {key(word) for word in re.findall(r"[^\W\d_]+", f"{last} {first}") if len(word) > 2}
    assert not (names - keys(descriptor)) & keys(left), planted
    if not names & keys(descriptor):
        assert keys(descriptor) <= keys(left), (planted, left)
    redacted = known.redact(planted)[0]
    assert not (names - keys(descriptor)) & keys(redacted), planted


@settings(max_examples=200, deadline=None)
@given(
    number=numbers,
    form=st.sampled_from(["{}", "MRN {}", "ID:{}", "Acc# {}", "({})", "000{}", "{}_2", "pat {}"]),
    descriptor=st.sampled_from(WORDS),
)
def test_no_number_is_left(number: str, form: str, descriptor: str) -> None:
    known = object_of("Kowalski", "Ewa", number, date(1970, 1, 13))
    planted = f"{descriptor} {form.format(number)}"
    for left in (clean(planted, known, shipped(), lambda day: day + MOVE).text, known.redact(planted)[0]):
        digits = re.sub(r"\D", "", number)
        assert digits not in re.sub(r"\D", "", left.removeprefix(descriptor)), (planted, left)
        assert keys(descriptor) <= keys(left), (planted, left)


DATES = [
    "%Y%m%d",
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%y",
    "%d %b %Y",
    "%d%b%Y",
    "%B %d, %Y",
    "%Y/%m/%d",
]


@settings(max_examples=300, deadline=None)
@given(day=days, form=st.sampled_from(DATES), descriptor=st.sampled_from(WORDS), known_date=st.booleans())
def test_every_date_moves_or_goes(day: date, form: str, descriptor: str, known_date: bool) -> None:
    known = object_of("Kowalski", "Ewa", "PX-4711-08", day if known_date else date(1970, 1, 13))
    planted = f"{descriptor} {day.strftime(form)}"
    left = clean(planted, known, shipped(), lambda known_day: known_day + MOVE).text
    assert day.strftime(form) not in left
    moved = day + MOVE
    assert left in (descriptor, f"{descriptor} {moved.strftime(form)}", f"{descriptor} {moved.isoformat()}")


@settings(max_examples=300, deadline=None)
@given(value=st.text(max_size=80))
def test_any_text_is_cleaned_to_words_that_were_in_it(value: str) -> None:
    left = clean(value, Known.of(()), shipped(), lambda day: None).text
    assert keys(left) <= keys(value)


@settings(max_examples=200, deadline=None)
@given(value=st.text(alphabet="abcdefgh ÄöéŁ0123456789.,-_/()^@:", max_size=60))
def test_cleaning_twice_is_cleaning_once(value: str) -> None:
    known = Known.of(())
    once = clean(value, known, shipped(), lambda day: None).text
    assert len(clean(once, known, shipped(), lambda day: None).text) <= len(once)
