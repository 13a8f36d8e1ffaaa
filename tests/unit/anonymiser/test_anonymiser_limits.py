"""Whatever arrives ends in a tree, in Unreadable or in BeyondLimits, and soon."""

import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.anonymiser.dataset.header import bulk, header
from services.anonymiser.dataset.limits import LIMITS, BeyondLimits, Limits, Unreadable
from services.anonymiser.dataset.reading import read, read_by_reference, syntax_of
from services.anonymiser.dataset.reference import read_elements
from services.anonymiser.dataset.tree import BULK_BYTES, Item
from services.anonymiser.dataset.walking import walk
from shared.dicom.part10 import PREAMBLE, front
from tests.support import corpus
from tests.unit.anonymiser.building import flat, part10
from tests.unit.anonymiser.raw import (
    DEFLATED_UID,
    EXPLICIT,
    EXPLICIT_UID,
    IMPLICIT,
    IMPLICIT_UID,
    UNDEFINED,
    Form,
    Fragments,
    Items,
    Node,
    Value,
    data_set,
)

SYNTAX = syntax_of(EXPLICIT_UID)
MODALITY = Value(0x00080060, "CS", b"CT")
SECONDS = 5.0
"""No input of these tests may take longer, whatever the machine is doing besides."""

Reader = Callable[[bytes, Limits], object]
READERS: dict[str, Reader] = {
    "walker": lambda body, limits: walk(body, SYNTAX, limits),
    "reference": lambda body, limits: read_elements(body, SYNTAX, limits),
}


def nested(depth: int, *, open_: bool) -> Node:
    node: Node = MODALITY
    for _ in range(depth):
        node = Items(0x00081115, [[node]], open_, open_)
    return node


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("open_", [True, False])
def test_depth(reader: str, open_: bool):
    limits = replace(LIMITS, depth=5)
    READERS[reader](data_set([nested(5, open_=open_)], EXPLICIT), limits)
    with pytest.raises(BeyondLimits):
        READERS[reader](data_set([nested(6, open_=open_)], EXPLICIT), limits)


@pytest.mark.parametrize("depth", [33, 500, 5000])
@pytest.mark.parametrize("open_", [True, False])
def test_depth_without_measure(open_: bool, depth: int):
    body = MODALITY.written(EXPLICIT)
    for _ in range(depth):
        item = EXPLICIT.mark(0xE000, UNDEFINED if open_ else len(body)) + body + EXPLICIT.mark(0xE00D) * open_
        head = EXPLICIT.head(0x00081115, "SQ", UNDEFINED if open_ else len(item))
        body = head + item + EXPLICIT.mark(0xE0DD) * open_
    with pytest.raises(BeyondLimits):
        read(body, EXPLICIT_UID)


MANY: dict[str, list[Node]] = {
    "elements": [Value(0x00080000 + number, "LO", b"") for number in range(1, 10_001)],
    "items": [Items(0x00081115, [[]] * 10_000)],
    "open items": [Items(0x00081115, [[]] * 10_000, True, True)],
    "elements in items": [Items(0x00081115, [[MODALITY]] * 5_000)],
    "elements in an item": [Items(0x00081115, [[Value(0x00080000 + n, "LO", b"") for n in range(1, 10_001)]])],
    "fragments": [Fragments(0x7FE00010, "OB", [b""] * 10_000)],
    "repeated elements": [MODALITY] * 10_000,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", MANY)
def test_elements_in_all(reader: str, what: str):
    body = data_set(MANY[what], EXPLICIT)
    READERS[reader](body, replace(LIMITS, elements=12_000))
    with pytest.raises(BeyondLimits):
        # The reference counts reads, of which some elements need less than others.
        READERS[reader](body, replace(LIMITS, elements=9_000 if reader == "walker" else 2_000))


@pytest.mark.parametrize("reader", READERS)
def test_length_of_a_value_that_is_copied(reader: str):
    limits = replace(LIMITS, value_bytes=1000)
    READERS[reader](data_set([Value(0x0040A160, "UT", bytes(1000))], EXPLICIT), limits)
    READERS[reader](data_set([Value(0x7FE00010, "OW", bytes(BULK_BYTES + 2))], EXPLICIT), limits)
    for vr in ("UT", "OB"):
        with pytest.raises(BeyondLimits):
            READERS[reader](data_set([Value(0x0040A160, vr, bytes(1002))], EXPLICIT), limits)


@pytest.mark.parametrize("reader", READERS)
def test_seconds(reader: str):
    with pytest.raises(BeyondLimits):
        READERS[reader](data_set(MANY["elements"], EXPLICIT), replace(LIMITS, seconds=0.0))


def test_bytes_for_the_reference():
    body = data_set([MODALITY], EXPLICIT) + b"cut"
    with pytest.raises(Unreadable):
        read(body, EXPLICIT_UID)
    with pytest.raises(BeyondLimits):
        read(body, EXPLICIT_UID, replace(LIMITS, reference_bytes=10))


def deflated(body: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(body) + deflater.flush()


def test_inflation():
    body = deflated(data_set([Value(0x7FE00010, "OW", bytes(2**20))], EXPLICIT))
    assert len(body) < 2**11
    assert len(read(body, DEFLATED_UID)[1]) == 1
    for limits in (
        replace(LIMITS, inflated_bytes=2**19),
        replace(LIMITS, freely_inflated_bytes=2**10, inflation_ratio=100),
        replace(LIMITS, inflated_bytes=2**10),
    ):
        with pytest.raises(BeyondLimits):
            read(body, DEFLATED_UID, limits)
    assert len(read(body, DEFLATED_UID, replace(LIMITS, freely_inflated_bytes=0, inflation_ratio=2000))[1]) == 1


def test_deflated_data_that_are_cut_or_none():
    body = deflated(data_set([MODALITY], EXPLICIT))
    assert len(read(body + b"\0", DEFLATED_UID)[1]) == 1
    for broken in (body[:-2], b"no deflate", b""):
        with pytest.raises(Unreadable):
            read(broken, DEFLATED_UID)


def test_file_meta_without_end():
    element = Value(0x00020013, "SH", b"").written(EXPLICIT)
    with pytest.raises(BeyondLimits):
        read(PREAMBLE + element * 100_000)
    with pytest.raises(Unreadable):
        read(PREAMBLE + Value(0x00020010, "UN", bytes(10_000)).written(EXPLICIT))


SMALL = [
    data
    for path in corpus.files_of_the_wheel()
    if path.stat().st_size < 20_000
    for data in [path.read_bytes()]
    if data[128:132] == b"DICM"
]
PLANTED = [b"\xff" * 4, b"\xff\xff\xff\x7f", bytes(4), b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real file with bytes flipped, lengths and delimiters planted, parts cut out or repeated."""
    data = bytearray(draw(st.sampled_from(SMALL)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(132, max(133, min(len(data), draw(st.sampled_from([600, 2000, 20_000]))) - 1)))
        match draw(st.sampled_from(["flip", "plant", "cut", "out", "again", "zeros"])):
            case "flip":
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "plant":
                data[place : place + 4] = draw(st.sampled_from(PLANTED) | st.binary(min_size=4, max_size=4))
            case "cut":
                del data[place:]
            case "out":
                del data[place : place + draw(st.integers(1, 30))]
            case "again":
                data[place:place] = data[place : place + draw(st.integers(1, 300))]
            case "zeros":
                data[place:place] = bytes(draw(st.integers(1, 40)))
    return bytes(data)


@settings(max_examples=600, deadline=None)
@given(data=damaged())
def test_damaged_files_end_in_a_tree_or_a_verdict(data: bytes):
    began = time.monotonic()
    try:
        syntax, elements = read(data)
    except (Unreadable, BeyondLimits):
        return
    finally:
        assert time.monotonic() - began < SECONDS
    header(elements, syntax)
    bulk(elements, syntax)
    part10(elements, syntax, "1.2", "1.2.3")
    assert time.monotonic() - began < SECONDS
    try:
        assert read_by_reference(data) == (syntax, elements)
    except Unreadable:
        assert declares_a_character_set(elements)  # see reference.py


def declares_a_character_set(elements: Item) -> bool:
    return any(element.tag == 0x00080005 for element in flat(elements))


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=200), syntax=st.sampled_from([EXPLICIT_UID, IMPLICIT_UID, DEFLATED_UID, None]))
def test_any_bytes_end_in_a_tree_or_a_verdict(body: bytes, syntax: str | None):
    for data in (body, front(EXPLICIT_UID, "1.2", "1.2.3") + body):
        with suppress(Unreadable, BeyondLimits):
            read(data, syntax)


@pytest.mark.parametrize(("form", "uid"), [(EXPLICIT, EXPLICIT_UID), (IMPLICIT, IMPLICIT_UID)])
def test_sequences_that_never_end_do_not_take_for_ever(form: Form, uid: str):
    level = form.head(0x00081115, "SQ", UNDEFINED) + form.mark(0xE000, UNDEFINED)
    began = time.monotonic()
    with pytest.raises((Unreadable, BeyondLimits)):
        read(level * 20_000, uid)
    with pytest.raises(Unreadable):
        read(level * 30 + b"end", uid)
    assert time.monotonic() - began < SECONDS


def test_the_reference_reads_nothing_over_and_over():
    """Each level holds all below, and pydicom copies each."""
    body = Value(0x0040A160, "UT", bytes(2**20)).written(EXPLICIT)
    for _ in range(30):
        item = EXPLICIT.mark(0xE000, len(body)) + body
        body = EXPLICIT.head(0x00081115, "SQ", len(item)) + item
    assert len(walk(body, SYNTAX)) == 1
    with pytest.raises(BeyondLimits):
        read_elements(body, SYNTAX)
