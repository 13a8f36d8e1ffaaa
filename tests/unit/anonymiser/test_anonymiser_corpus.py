"""Real files: every one has an outcome, nothing of its patient is left, pixels are the same bytes."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom

from services.anonymiser.cleaning.uids import KINDS
from services.anonymiser.cleaning.values import dummy, registered
from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tree import Item
from services.anonymiser.engine import Cleaned, Held, Rejected
from tests.support import corpus
from tests.unit.anonymiser.building import flat, verdict

PIXELS = 0x7FE00010
MANUFACTURERS = {0x00080070, 0x00081090}  # with the model: some call themselves an institution, too
# Institution, physicians, station, descriptions, accession number, addresses, serial number.
TELLING = {0x00080050, 0x00080080, 0x00080081, 0x00081010, 0x00081040, 0x00100020, 0x00101040, 0x00181000, 0x00204000}


def secrets(elements: Item) -> Iterator[bytes]:
    """Identifying values that are long enough to be recognised."""
    for element in flat(elements):
        value = element.content.strip(b" \0")
        if element.vr == "PN":
            yield from (part for part in re.split(rb"[\^= ,\\]", value) if len(part) > 4)
        elif element.vr == "UI" and element.tag not in KINDS:
            yield from (uid for uid in value.split(b"\\") if len(uid) > 3 and not registered(uid.decode("latin-1")))
        elif element.vr in ("DA", "DT") and re.match(rb"(19|20)\d{6}", value) and value[:8] != dummy("DA"):
            yield value[:8]
        elif element.tag in TELLING and len(value) > (6 if value.isdigit() else 4):
            yield value


def even(value: bytes) -> bytes:
    return value + b"\0" * (len(value) % 2)


def check(path: Path) -> None:
    data = path.read_bytes()
    syntax = corpus.syntax_of(data)
    result = verdict(data, syntax=syntax)
    assert isinstance(result, Cleaned | Held | Rejected)
    if isinstance(result, Cleaned):
        assert verdict(data, syntax=syntax) == result
        check_cleaned(data, syntax, result)


def check_cleaned(data: bytes, syntax: str | None, result: Cleaned) -> None:
    dataset = pydicom.dcmread(BytesIO(result.part10))
    str(dataset)  # decodes every value
    assert dataset.SOPInstanceUID == result.instance_uid
    before = read(data, syntax)[1]
    after = read(result.part10)[1]
    if [even(e.content) for e in before if e.tag == PIXELS] != [e.value for e in after if e.tag == PIXELS]:
        # What stood around the image in its codestream has gone; the image has not changed.
        assert pydicom.dcmread(BytesIO(data)).pixel_array.tobytes() == dataset.pixel_array.tobytes()
    header = bytes(result.part10)
    for element in flat(after):
        if element.vr.startswith("O") and len(element.value) > 256:
            header = header.replace(element.value, b"")
    public = b"".join(e.value for e in flat(before) if e.tag in MANUFACTURERS)
    left = {secret for secret in secrets(before) if secret in header and secret not in public}
    assert left == set()
    text = json.dumps(result.header, allow_nan=False)
    assert sorted(element.tag for element in pydicom.Dataset.from_json(text)) == [int(tag, 16) for tag in result.header]


@corpus.wheel
def test_files_of_the_pydicom_wheel(path: Path):
    check(path)


def test_enough_of_the_wheel_is_cleaned():
    verdicts = [verdict(path.read_bytes()) for path in corpus.files_of_the_wheel()]
    assert sum(isinstance(one, Cleaned) for one in verdicts) > 80
    assert sum(isinstance(one, Held) for one in verdicts) > 30


@corpus.larger
def test_files_of_a_larger_corpus(path: Path):
    check(path)
