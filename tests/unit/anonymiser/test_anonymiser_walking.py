"""The walker reads what the reference reads: real files, generated ones, and what senders get wrong."""

import mmap
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.anonymiser.dataset import reading
from services.anonymiser.dataset.limits import Unreadable
from services.anonymiser.dataset.reading import read, read_by_reference, syntax_of
from services.anonymiser.dataset.reference import read_elements
from services.anonymiser.dataset.tree import BULK_BYTES, Element, Item, Syntax, find
from services.anonymiser.dataset.walking import NotWalked, walk, walk_sequence
from shared.dicom.part10 import front
from shared.outcome import Reason
from tests.support import corpus
from tests.unit.anonymiser.generating import data_sets
from tests.unit.anonymiser.raw import (
    BIG,
    EXPLICIT,
    EXPLICIT_UID,
    FORMS,
    IMPLICIT,
    IMPLICIT_UID,
    RLE_UID,
    Form,
    Fragments,
    Items,
    Node,
    Value,
    data_set,
)

PIXELS = Value(0x7FE00010, "OW", bytes(range(32)))
PRIVATE, CREATOR = 0x00091001, Value(0x00090010, "LO", b"ACME 1.1")


def outcome(reader: Callable[..., tuple[Syntax, Item]], data: bytes) -> tuple[Syntax, Item] | Reason:
    try:
        return reader(data, corpus.syntax_of(data))
    except Unreadable as unreadable:
        return unreadable.reason


def check(path: Path) -> None:
    data = path.read_bytes()
    assert outcome(read, data) == outcome(read_by_reference, data)


@corpus.wheel
def test_files_of_the_pydicom_wheel(path: Path):
    check(path)


@corpus.larger
def test_files_of_a_larger_corpus(path: Path):
    check(path)


class Needed(Exception):
    """The reference was asked."""


def test_real_files_hardly_need_the_reference(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> Item:
        raise Needed

    readable = [path for path in corpus.files_of_the_wheel() if is_readable(path)]
    monkeypatch.setattr(reading, "read_elements", refuse)
    needing = [path.name for path in readable if not is_readable(path)]
    assert len(readable) > 150
    assert needing == ["DICOMDIR-nooffset"]  # an item ends where its sequence has long ended


def is_readable(path: Path) -> bool:
    try:
        read(path.read_bytes())
    except (Unreadable, Needed):
        return False
    return True


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_generated_data_sets_are_walked_as_the_reference_reads_them(name: str, data: st.DataObject):
    form, syntax = FORMS[name]
    nodes = data.draw(data_sets(encapsulated=form.little))
    body = data_set(nodes, form)
    expected = read_elements(body, syntax)
    assert walk(body, syntax) == expected
    assert walk(memoryview(body), syntax) == expected
    assert walk(b"before" + body, syntax, start=6) == expected


@settings(max_examples=150, deadline=None)
@given(nodes=data_sets(unknown=True))
def test_sequences_of_unknown_vr_are_read_alike(nodes: list[Node]):
    form, syntax = FORMS["explicit"]
    body = data_set(nodes, form)
    try:
        walked = walk(body, syntax)
    except NotWalked:
        return
    assert walked == read_elements(body, syntax)


def both(nodes: Sequence[Node] | bytes, form: Form = EXPLICIT) -> Item:
    """What walker and reference read alike."""
    syntax = next(syntax for known, syntax in FORMS.values() if known == form)
    body = nodes if isinstance(nodes, bytes) else data_set(nodes, form)
    walked = walk(body, syntax)
    assert walked == read_elements(body, syntax)
    return walked


def vrs(elements: Item) -> dict[int, str]:
    return {element.tag: element.vr for element in elements}


def test_implicit_elements_get_their_vr_from_the_dictionary():
    tags = (0x00080000, 0x00080060, 0x0008FFF0, 0x00090010, 0x00091001, 0x60003000, 0x7FE00010)
    elements = both([Value(tag, "", b"ab") for tag in tags], IMPLICIT)
    assert list(vrs(elements).values()) == ["UL", "CS", "UN", "LO", "UN", "OW", "OW"]


def test_what_was_sent_as_un_gets_its_vr_too_but_not_in_big_endian():
    nodes = [Value(0x00080060, "UN", b"CT"), Value(0x00090010, "UN", b"ACME"), Value(PRIVATE, "UN", b"ab")]
    assert vrs(both(nodes)) == {0x00080060: "CS", 0x00090010: "LO", PRIVATE: "UN"}
    assert set(vrs(both(nodes, BIG)).values()) == {"UN"}


@pytest.mark.parametrize("signed", [0, 1])
def test_pixel_representation_decides_between_signed_and_unsigned_down_to_the_next_one(signed: int):
    smallest = Value(0x00280106, "", b"\0\0")
    other = [Value(0x00280103, "", bytes([1 - signed, 0])), smallest]
    nodes = [
        Items(0x00081140, [[smallest], other, [Items(0x00081115, [[smallest]])]]),
        Value(0x00280103, "", bytes([signed, 0])),
        smallest,
    ]
    mine, others = ("SS", "US") if signed else ("US", "SS")
    sequence, _, at_the_top = both(nodes, IMPLICIT)
    same, different, deeper = sequence.items
    assert [at_the_top.vr, same[0].vr, different[1].vr, deeper[0].items[0][0].vr] == [mine, mine, others, mine]


@pytest.mark.parametrize("open_", [True, False])
def test_a_sequence_that_was_sent_as_un_is_in_implicit_vr(open_: bool):
    (sequence,) = both([Items(0x00081115, [[Value(0x00080060, "CS", b"CT")]], open_, open_, vr="UN")])
    assert sequence == Element(0x00081115, "SQ", items=((Element(0x00080060, "CS", b"CT"),),))


def test_a_private_sequence_in_implicit_vr_shows_when_its_length_is_undefined():
    items = [[Value(0x00080060, "CS", b"CT")]]
    (known,) = both([Items(0x00091001, items, open_=True)], IMPLICIT)
    (opaque,) = both([Items(0x00091001, items)], IMPLICIT)
    assert (known.vr, opaque.vr) == ("SQ", "UN")
    assert walk_sequence(opaque.value) == known.items
    assert both([Items(0x00091001, [], open_=True)], IMPLICIT) == (Element(0x00091001, "SQ"),)


def test_walk_sequence_takes_nothing_else():
    with pytest.raises(NotWalked):
        walk_sequence(b"no items")


def test_private_elements_stay_with_their_creators():
    elements = both([CREATOR, Value(PRIVATE, "FD", bytes(8))])
    assert [(element.tag, element.value) for element in elements] == [(CREATOR.tag, CREATOR.value), (PRIVATE, bytes(8))]


def test_a_broken_private_sequence_stays_as_bytes():
    nodes = [CREATOR, Value(PRIVATE, "SQ", b"broken"), Value(0x00100020, "LO", b"17")]
    _, elements = read(data_set(nodes, EXPLICIT), EXPLICIT_UID)
    assert find(elements, PRIVATE) == Element(PRIVATE, "UN", b"broken")
    with pytest.raises(Unreadable):
        read(data_set([Value(0x00081115, "SQ", b"broken")], EXPLICIT), EXPLICIT_UID)


def test_the_last_of_two_elements_counts_and_order_is_made():
    nodes = [Value(0x00100020, "LO", b"17"), Value(0x00080060, "CS", b"CT"), Value(0x00100020, "LO", b"18")]
    assert [element.value for element in both(nodes)] == [b"CT", b"18"]


@pytest.mark.parametrize("form", [EXPLICIT, IMPLICIT])
def test_elements_behind_the_pixel_data_are_read(form: Form):
    behind = [Value(0x7FE11001, "LO", b"ACME"), Value(0xFFFCFFFC, "OB", bytes(6))]
    assert len(both([PIXELS, *behind], form)) == 3


GARBAGE = {
    "zeros": bytes(64),
    "a few zeros": bytes(3),
    "text": b"DOE^JANE 17.3.1965",
    "half a head": b"\xfc\xff\xfc\xffOB\0\0\x06\0",
    "more than there is": Value(0xFFFCFFFC, "OB", bytes(6)).written(EXPLICIT)[:-1],
    "what belongs before": Value(0x00100020, "LO", b"17").written(EXPLICIT),
    "the same again": PIXELS.written(EXPLICIT),
    "a delimiter": EXPLICIT.mark(0xE0DD),
}


@pytest.mark.parametrize("name", GARBAGE)
@pytest.mark.parametrize("pixels", [PIXELS, Fragments(PIXELS.tag, "OB", [b"", b"frame"])], ids=["native", "fragments"])
def test_what_follows_the_pixel_data_and_is_no_element_is_left_out(name: str, pixels: Value | Fragments):
    body = pixels.written(EXPLICIT) + GARBAGE[name]
    assert both(body) == both(pixels.written(EXPLICIT))


def test_without_pixel_data_nobody_knows_where_the_end_is():
    whole = data_set([Value(0x00100020, "LO", b"17")], EXPLICIT)
    assert len(read(whole + bytes(3), EXPLICIT_UID)[1]) == 1
    for behind in (b"DOE", b"DOE^JANE 17.3.1965", EXPLICIT.mark(0xE00D) + whole):
        with pytest.raises(Unreadable):
            read(whole + behind, EXPLICIT_UID)


NESTED = [Items(0x00081140, [[Items(0x00081115, [[Value(0x00080060, "CS", b"CT")]], True, True)]], True, True)]


@pytest.mark.parametrize("form", [EXPLICIT, IMPLICIT, BIG])
@pytest.mark.parametrize("nodes", [NESTED, [PIXELS], [Value(0x00100020, "LO", b"17")]], ids=["items", "pixels", "text"])
def test_whatever_is_cut_off_is_unreadable(form: Form, nodes: list[Node]):
    body = data_set(nodes, form)
    uid = next(syntax.uid for known, syntax in FORMS.values() if known == form)
    for end in range(len(body)):
        with pytest.raises(Unreadable):
            read(body[:end], uid)


def test_broken_fragments_are_unreadable():
    for inside in (b"no fragments", EXPLICIT.mark(0xE000, 99) + b"short", EXPLICIT.mark(0xE000, 0xFFFFFFFF)):
        body = EXPLICIT.head(PIXELS.tag, "OB", 0xFFFFFFFF) + inside + EXPLICIT.mark(0xE0DD)
        with pytest.raises(Unreadable):
            read(body, EXPLICIT_UID)


def test_the_form_that_was_written_counts_not_the_one_that_was_named():
    nodes = [Value(0x00080060, "CS", b"CT"), Value(0x00100020, "LO", b"17")]
    for written, named in ((EXPLICIT, IMPLICIT_UID), (IMPLICIT, EXPLICIT_UID)):
        body = data_set(nodes, written)
        assert walk(body, syntax_of(named)) == read_elements(body, syntax_of(named)) == both(nodes)


def test_large_values_are_views_of_the_input_where_bytes_are_expected():
    large = bytes(BULK_BYTES + 2)
    nodes = [Value(0x00080018, "OB", large), Value(0x0040A160, "UT", large), Value(PRIVATE, "OB", large), PIXELS]
    body = data_set([*nodes[:-1], Value(PIXELS.tag, "OW", large)], EXPLICIT)
    elements = walk(memoryview(body), FORMS["explicit"][1])
    assert [isinstance(element.value, memoryview) for element in elements] == [False, True, False, True]
    assert [element.tag for element in elements if element.vr == "UT"] == [0x0040A160]
    assert elements == read_elements(body, FORMS["explicit"][1])
    assert all(element.content == large for element in elements)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux to tell which pages were touched")
@pytest.mark.parametrize("encapsulated", [False, True])
def test_pixels_of_4_gb_are_not_touched(tmp_path: Path, encapsulated: bool):
    path, size = tmp_path / "large.dcm", 2**30
    head = front(RLE_UID if encapsulated else EXPLICIT_UID, "1", "2") + Value(0x00100020, "LO", b"17").written(EXPLICIT)
    with path.open("wb") as file:
        file.write(head)
        if encapsulated:
            file.write(EXPLICIT.head(PIXELS.tag, "OB", 0xFFFFFFFF))
            for _ in range(4):
                file.write(EXPLICIT.mark(0xE000, size))
                file.seek(size, os.SEEK_CUR)
            file.write(EXPLICIT.mark(0xE0DD))
        else:
            file.write(EXPLICIT.head(PIXELS.tag, "OW", 4 * size - 2))
            file.truncate(file.tell() + 4 * size - 2)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        elements = read(memoryview(mapped))[1]
        assert len(elements[-1].value) >= 4 * size - 2
        assert resident(path) < 2**20
        del elements


def resident(path: Path) -> int:
    """Bytes of the mapped file that are in memory because somebody looked at them."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    sizes = (next(line for line in lines if line.startswith("Rss:")) for line in lines if line.endswith(str(path)))
    return sum(int(line.split()[1]) * 1024 for line in sizes)
