"""One form for one content, pixels uncopied, and others can read it."""

from dataclasses import replace
from io import BytesIO

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.anonymiser.dataset.reading import read, syntax_of
from services.anonymiser.dataset.tree import BULK_BYTES, Element, Item, Syntax
from services.anonymiser.dataset.vrs import BYTES_VRS, NUMBER_VRS
from services.anonymiser.dataset.walking import walk
from services.anonymiser.dataset.writing import encoded, parts
from tests.unit.anonymiser.building import part10
from tests.unit.anonymiser.generating import data_sets
from tests.unit.anonymiser.raw import (
    BIG_UID,
    DEFLATED_UID,
    EXPLICIT,
    EXPLICIT_UID,
    FORMS,
    IMPLICIT_UID,
    RLE_UID,
    Fragments,
    Items,
    Node,
    Value,
    data_set,
)

SYNTAXES = [EXPLICIT_UID, IMPLICIT_UID, BIG_UID, DEFLATED_UID]
UIDS = ("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4")
PIXELS = 0x7FE00010
ITEM = (Element(0x00080060, "CS", b"CT"), Element(0x00100020, "LO", b"17"))
SMALL: Item = (Element(0x00080016, "UI", b"1.2"), Element(0x00081115, "SQ", items=(ITEM, (), ITEM)))


def even(elements: Item) -> Item:
    """The tree as it is after writing: odd values are padded."""
    return tuple(
        replace(
            element,
            value=element.content + padding(element.vr) * (len(element.value) % 2),
            items=tuple(even(item) for item in element.items),
        )
        for element in elements
    )


def padding(vr: str) -> bytes:
    return b"\0" if vr in BYTES_VRS | NUMBER_VRS | {"UI"} else b" "


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_again(name: str, data: st.DataObject):
    form, syntax = FORMS[name]
    elements = even(walk(data_set(data.draw(data_sets(encapsulated=form.little)), form), syntax))
    body = encoded(elements, syntax)
    if not syntax.implicit:  # where no VR is written, private sequences are not known again
        assert walk(body, syntax) == elements
    assert encoded(walk(body, syntax), syntax) == body


def test_lengths_are_defined_whatever_they_were():
    inner: list[Node] = [Value(0x00080060, "CS", b"CT")]
    forms = [[Items(0x00081115, [inner, []], open_, items)] for open_ in (True, False) for items in (True, False)]
    syntax = syntax_of(EXPLICIT_UID)
    written = {encoded(walk(data_set(nodes, EXPLICIT), syntax), syntax) for nodes in forms}
    assert written == {data_set([Items(0x00081115, [inner, []])], EXPLICIT)}


def test_reserved_bytes_are_zero_and_a_preamble_too():
    body = bytearray(data_set([Value(0x0040A160, "UT", b"text")], EXPLICIT))
    body[6:8] = b"\xca\xfe"
    syntax = syntax_of(EXPLICIT_UID)
    assert encoded(walk(bytes(body), syntax), syntax)[6:8] == b"\0\0"
    assert part10(SMALL, syntax, *UIDS)[:132] == bytes(128) + b"DICM"


@pytest.mark.parametrize("uid", SYNTAXES)
def test_pydicom_reads_it(uid: str):
    elements = (*SMALL, Element(PIXELS, "OW", bytes(range(16))))
    dataset = pydicom.dcmread(BytesIO(part10(elements, syntax_of(uid), *UIDS)))
    assert [item.get("PatientID") for item in dataset.ReferencedSeriesSequence] == ["17", None, "17"]
    assert dataset.PixelData == bytes(range(16))
    assert dataset.file_meta.TransferSyntaxUID == uid
    assert (dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID) == UIDS


def test_fragments_keep_their_undefined_length():
    body = data_set([Fragments(PIXELS, "OB", [b"", b"frame1", b"frame2"])], EXPLICIT)
    syntax = syntax_of(RLE_UID)
    assert encoded(walk(body, syntax), syntax) == body


@pytest.mark.parametrize("uid", [EXPLICIT_UID, IMPLICIT_UID, BIG_UID, RLE_UID])
def test_large_values_are_parts_of_their_own_and_not_copied(uid: str):
    encapsulated = uid == RLE_UID
    content = EXPLICIT.mark(0xE000, BULK_BYTES) + bytes(BULK_BYTES) if encapsulated else bytes(2 * BULK_BYTES)
    large = memoryview(content)
    behind = Element(0xFFFCFFFC, "OB", bytes(4))
    elements = (*SMALL, Element(PIXELS, "OW", large, encapsulated=encapsulated), behind)
    chunks = parts(elements, syntax_of(uid), *UIDS)
    assert [chunk is large for chunk in chunks] == [False, True, False]
    assert read(b"".join(chunks))[1] == even(elements)


def test_a_large_odd_value_is_padded_behind():
    large = memoryview(bytes(BULK_BYTES + 1))
    chunks = parts((Element(PIXELS, "OB", large),), syntax_of(EXPLICIT_UID), *UIDS)
    assert [len(chunk) for chunk in chunks[1:]] == [BULK_BYTES + 1, 1]
    assert len(read(b"".join(chunks))[1][0].value) == BULK_BYTES + 2


def test_deflated_output_is_even_and_the_same_each_time():
    syntax = syntax_of(DEFLATED_UID)
    for length in range(8):
        elements = (Element(0x00100020, "LO", b"x" * length),)
        whole = part10(elements, syntax, *UIDS)
        assert len(whole) % 2 == 0
        assert whole == b"".join(parts(elements, syntax, *UIDS))
        assert read(whole)[1] == even(elements)


@pytest.mark.parametrize("vr", ["LO", "UI", "DS", "US", "OB", "OF", "UT", "UN", "AT"])
def test_odd_values_are_padded_as_their_vr_wants(vr: str):
    assert encoded((Element(0x00091001, vr, b"odd"),), Syntax(EXPLICIT_UID))[-4:] == b"odd" + padding(vr)


def test_what_outgrows_a_short_length_is_written_as_un():
    text = b"x" * 70_000
    for uid, vr in ((EXPLICIT_UID, b"UN"), (BIG_UID, b"UN")):
        assert encoded((Element(0x00091001, "LO", text),), syntax_of(uid))[4:6] == vr
    assert encoded((Element(0x00091001, "LO", b"x" * 65535),), syntax_of(EXPLICIT_UID))[4:6] == b"UN"
    assert encoded((Element(0x00091001, "LO", b"x" * 65534),), syntax_of(EXPLICIT_UID))[4:6] == b"LO"
