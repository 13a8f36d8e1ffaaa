"""Objects that are cut, damaged, too deep or none at all: a verdict, never a crash."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate

from services.anonymiser.dataset.tree import Element
from services.anonymiser.engine import Cleaned, Held, Rejected
from shared.outcome import Reason
from tests.unit.anonymiser.building import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    RLE,
    body_of,
    cleaned,
    instance,
    sequence,
    text,
    verdict,
)

PIXELS = Element(0x7FE00010, "OW", bytes(range(256)) * 2)
FRAGMENTS = encapsulate([b"one!", b"two two!"], has_bot=True)
ENCAPSULATED = Element(0x7FE00010, "OB", FRAGMENTS, encapsulated=True)


def test_bare_data_sets_need_their_syntax():
    body = body_of(instance(syntax=IMPLICIT))
    assert verdict(body) == Rejected(Reason.NOT_DICOM)
    assert verdict(body, syntax=IMPLICIT) == cleaned(instance(syntax=IMPLICIT))


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (b"", Rejected(Reason.NOT_DICOM)),
        (b"%PDF" * 100, Rejected(Reason.NOT_DICOM)),
        (bytes(128) + b"DICM", Rejected(Reason.NOT_DICOM)),
        (instance(text(0x0020000D, "UI", "")), Rejected(Reason.MISSING_UID)),
        (instance(PIXELS)[:-10], Rejected(Reason.UNDECODABLE)),
        (instance(ENCAPSULATED, syntax=RLE)[:-10], Rejected(Reason.UNDECODABLE)),
        (
            instance(Element(0x7FE00010, "OB", b"no fragments", encapsulated=True), syntax=RLE),
            Rejected(Reason.UNDECODABLE),
        ),
        (instance(syntax=DEFLATED)[:-10], Rejected(Reason.UNDECODABLE)),
        (instance().replace(EXPLICIT.encode(), b"1.2.840.10008.9.9.9"), Rejected(Reason.UNDECODABLE)),
    ],
)
def test_broken_objects_are_rejected(data: bytes, result: Rejected):
    assert verdict(data) == result


@pytest.mark.parametrize("depth", [40, 3000])
@pytest.mark.parametrize("undefined", [True, False])
def test_too_deep_is_held_or_rejected_and_never_a_crash(depth: int, undefined: bool):
    value = b""
    for _ in range(depth):
        item = b"\xfe\xff\x00\xe0" + (
            b"\xff" * 4 + value + b"\xfe\xff\x0d\xe0\0\0\0\0" if undefined else len(value).to_bytes(4, "little") + value
        )
        head = b"\x08\x00\x15\x11SQ\0\0"
        end = b"\xfe\xff\xdd\xe0\0\0\0\0" if undefined else b""
        value = head + (b"\xff" * 4 if undefined else len(item).to_bytes(4, "little")) + item + end
    assert verdict(instance() + value) in (Held(Reason.UNCLEANABLE), Rejected(Reason.UNDECODABLE))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([EXPLICIT, IMPLICIT, BIG]))
def test_damaged_bytes_never_crash(data: st.DataObject, syntax: str):
    whole = bytearray(instance(sequence(0x00081115, (text(0x00080020, "DA", "20240102"),)), PIXELS, syntax=syntax))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(132, len(whole) - 1))] = data.draw(st.integers(0, 255))
    result = verdict(bytes(whole))
    assert isinstance(result, Cleaned | Held | Rejected)
    if isinstance(result, Cleaned):
        json.dumps(result.header, allow_nan=False)
        assert verdict(bytes(whole)) == result
