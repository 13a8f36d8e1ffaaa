"""Two ways, one result: the engine on what the walker reads and on what pydicom reads, byte for byte."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.anonymiser import engine
from services.anonymiser.dataset.limits import BeyondLimits, Limits
from services.anonymiser.dataset.reading import read, read_by_reference
from services.anonymiser.dataset.text import encodings
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.engine import Verdict
from tests.support import corpus
from tests.unit.anonymiser.building import BIG, DEFLATED, EXPLICIT, IMPLICIT, flat, instance, sequence, text, verdict

REFERENCE_READS = 128 * 1024 * 1024
WORDS = st.text(st.characters(codec="ascii", exclude_characters="\\\0\r\n\f"), min_size=1, max_size=16)


def odd_character_sets(elements: Item) -> bool:
    """pydicom refuses some declarations that the walker reads (dataset/reference.py)."""
    return any(one.tag == 0x00080005 and encodings(one.content) == () for one in flat(elements))


def both(data: bytes, monkeypatch: pytest.MonkeyPatch, syntax: str | None = None) -> tuple[Verdict, Verdict]:
    walked = verdict(data, "research", syntax)
    with monkeypatch.context() as patched:
        patched.setattr(engine, "read", read_by_reference)
        return walked, verdict(data, "research", syntax)


def check(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = path.read_bytes()
    syntax = corpus.syntax_of(data)
    walked, reference = both(data, monkeypatch, syntax)
    if walked != reference:
        assert len(data) > REFERENCE_READS or odd_character_sets(read(data, syntax)[1])


@corpus.wheel
def test_files_of_the_pydicom_wheel(path: Path, monkeypatch: pytest.MonkeyPatch):
    check(path, monkeypatch)


@corpus.larger
def test_files_of_a_larger_corpus(path: Path, monkeypatch: pytest.MonkeyPatch):
    check(path, monkeypatch)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from([(0x0008103E, "LO"), (0x00104000, "LT"), (0x00180010, "LO"), (0x00081090, "LO")]),
        WORDS,
        max_size=4,
    ),
    st.lists(st.tuples(WORDS, WORDS), max_size=3),
)
def test_generated_objects(syntax: str, words: dict[tuple[int, str], str], items: list[tuple[str, str]]):
    elements = [text(tag, vr, word) for (tag, vr), word in words.items()]
    nested = [
        (text(0x00080100, "SH", code), text(0x00080104, "LO", meaning), sequence(0x00081140, ()))
        for code, meaning in items
    ]
    data = instance(*elements, sequence(0x00081032, *nested), syntax=syntax)
    with pytest.MonkeyPatch.context() as monkeypatch:
        walked, reference = both(data, monkeypatch)
    assert walked == reference


def test_a_difference_would_be_seen(monkeypatch: pytest.MonkeyPatch):
    def forgetful(data: bytes, syntax: str | None, limits: Limits):
        found, elements = read_by_reference(data, syntax, limits)
        return found, tuple(element for element in elements if element.tag != 0x00080060)

    walked = verdict(instance(), "research")
    monkeypatch.setattr(engine, "read", forgetful)
    assert verdict(instance(), "research") != walked


def test_what_the_reference_cannot_take_is_held(monkeypatch: pytest.MonkeyPatch):
    def refuses(data: bytes, syntax: str | None, limits: Limits):
        raise BeyondLimits

    monkeypatch.setattr(engine, "read", refuses)
    assert verdict(instance(), "research") == engine.Held(engine.Reason.UNCLEANABLE)


def test_names_with_accents_end():
    """Once they searched for an empty word for ever."""
    named = (
        Element(0x00080005, "CS", b"ISO_IR 100"),
        Element(0x00100010, "PN", "Müller^Jörg".encode("latin-1")),
        Element(0x00080080, "LO", "Städtisches Klinikum 李".encode("latin-1", "replace")),
        Element(0x0008103E, "LO", "Schädel für Jörg Müller".encode("latin-1")),
    )
    result = verdict(instance(*named), "research")
    assert isinstance(result, engine.Cleaned)
    assert result.header["0008103E"]["Value"] == ["Schädel für"]
