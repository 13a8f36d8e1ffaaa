"""Real files stay what they were: no error of dciodvfy that was not there before, and the same pixels."""

from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest

from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tree import Item, find
from services.anonymiser.engine import Cleaned
from services.anonymiser.findings import Code
from tests.support import corpus
from tests.support.dciodvfy import INSTALLED, MISSING, errors, errors_of
from tests.unit.anonymiser.building import verdict

pytestmark = pytest.mark.skipif(not INSTALLED, reason=MISSING)

# As research, but nobody looks at pixels here: that takes seconds an image, and is tested elsewhere.
RESEARCH = "name: own\nbase: research\ntitle: Own\npixels: {unexamined: pass}\n"
# Errors that cleaning may add, each with the reason why it has to. Reviewed: none at present.
EXCEPTIONS: dict[str, str] = {}
PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
DESCRIPTION = (0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x00280103)
LARGEST = 32 * 1024**2
"""Bytes; larger ones are not decoded here, their bytes are compared."""


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    return Counter()


@pytest.mark.parametrize("path", corpus.files(), ids=lambda path: path.name)
def test_a_cleaned_file_is_as_valid_as_before_and_has_the_same_pixels(path: Path, counted: Counter[str]):
    data = path.read_bytes()
    syntax = corpus.syntax_of(data)
    result = verdict(data, RESEARCH, syntax)
    counted[type(result).__name__] += 1
    if not isinstance(result, Cleaned):
        return  # there is nothing that could be invalid
    check_pixels(path, result, syntax)
    before, after = errors(path), errors_of(result.part10)
    if before is None:
        counted["dciodvfy crashed"] += 1  # on the original: there is nothing to compare with
        return
    assert after is not None
    counted["errors before"] += before.total()
    counted["errors after"] += after.total()
    assert {error for error in after if error not in before and error not in EXCEPTIONS} == set()


def check_pixels(path: Path, result: Cleaned, syntax: str | None) -> None:
    rewritten = any(finding.code == Code.PIXELS_BLANKED for finding in result.findings)
    if not rewritten:  # else there was something beside the picture, such as a comment in a JPEG stream
        same_pixels(read(path.read_bytes(), syntax)[1], read(result.part10)[1])
    if rewritten or path.stat().st_size < LARGEST:
        same_picture(path, result.part10)


def same_pixels(before: Item, after: Item) -> None:
    for tag in PIXELS:
        one, other = find(before, tag), find(after, tag)
        assert (one is None) is (other is None)
        if one is not None and other is not None:
            assert bytes(one.value).rstrip(b"\0") == bytes(other.value).rstrip(b"\0")
    described = [[(one.tag, bytes(one.value)) for one in level if one.tag in DESCRIPTION] for level in (before, after)]
    assert described[0] == described[1]


def same_picture(before: Path, after: bytes) -> None:
    try:
        expected = pydicom.dcmread(before, force=True).pixel_array
    except Exception:  # whatever is wrong with it, it was so before
        return
    assert np.array_equal(pydicom.dcmread(BytesIO(after)).pixel_array, expected)


def test_enough_files_were_cleaned_and_none_of_them_got_worse(counted: Counter[str]):
    """Reads what the tests above have counted, so it runs after them."""
    print(dict(counted))
    assert counted["Cleaned"] >= 140
    assert counted["dciodvfy crashed"] <= counted["Cleaned"] / 20
    assert counted["errors after"] <= counted["errors before"]


# --- the check itself can fail


def spoiled(**values: object) -> Counter[str]:
    dataset = pydicom.dcmread(next(path for path in corpus.files() if path.name == "CT_small.dcm"))
    for keyword, content in values.items():
        delattr(dataset, keyword) if content is GONE else setattr(dataset, keyword, content)
    content = BytesIO()
    dataset.save_as(content)
    found = errors_of(content.getvalue())
    assert found is not None
    return found


GONE = object()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ({"Rows": GONE}, "Missing attribute Type 1 Required Element=<Rows>"),
        ({"Rows": None}, "Empty attribute (no value) Type 1 Required Element=<Rows>"),
        ({"PhotometricInterpretation": "GREEN"}, "Unrecognized enumerated value"),
    ],
)
def test_a_missing_an_empty_and_a_wrong_attribute_are_seen(spoil: dict[str, object], error: str):
    assert not any(error in one for one in spoiled())
    assert any(error in one for one in spoiled(**spoil))


def test_messages_that_differ_by_values_only_are_the_same():
    one, other = (
        spoiled(StudyInstanceUID=uid, FrameOfReferenceUID=uid, SoftwareVersions=uid + "x" * 70)
        for uid in ("1.2.3.4.5", "2.25.46")
    )
    assert one == other
    assert any("StudyInstanceUID has same value as FrameOfReferenceUID" in error for error in one)
