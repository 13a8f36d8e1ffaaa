"""Builds Part 10 objects element by element, so that tests can write what no toolkit would."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO

from pydicom.filereader import _read_file_meta_info, read_preamble

from services.anonymiser.dataset.reading import read, syntax_of
from services.anonymiser.dataset.tree import Element, Item, Syntax, find, word
from services.anonymiser.dataset.writing import parts
from services.anonymiser.engine import Cleaned, Engine, Verdict
from services.anonymiser.profile.load import load, shipped
from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Patients

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED, RLE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
NATIVE = (IMPLICIT, EXPLICIT, BIG, DEFLATED)
MR, CT, SC = ("1.2.840.10008.5.1.4.1.1." + kind for kind in ("4", "2", "7"))
METHOD_CODES = 0x00120064
SITE, PSEUDONYMS = "s1", Pseudonyms(bytes(range(32)))
# The strictest that keeps a patient's time line, so that little is left but what every profile does.
LONGITUDINAL = """
name: longitudinal
base: basic
title: Basic, with modified dates
options: [retain-longitudinal-modified-dates]
"""


def text(tag: int, vr: str, value: str) -> Element:
    return Element(tag, vr, value.encode("ascii"))


def sequence(tag: int, *items: Item) -> Element:
    return Element(tag, "SQ", items=items)


def part10(elements: Item, syntax: Syntax, sop_class: str, sop_instance: str) -> bytes:
    """The file in one piece."""
    return b"".join(parts(elements, syntax, sop_class, sop_instance))


def instance(*extra: Element, sop_class: str = MR, syntax: str = EXPLICIT) -> bytes:
    """A small object with `extra` elements, which replace those that every object has."""
    common = (
        text(0x00080016, "UI", sop_class),
        text(0x00080018, "UI", "1.2.3.4.5"),
        text(0x00080060, "CS", "MR"),
        text(0x00100010, "PN", "Doe^Jane"),
        text(0x00100020, "LO", "4711-A"),
        text(0x0020000D, "UI", "1.2.3.4"),
        text(0x0020000E, "UI", "1.2.3.4.1"),
    )
    pixels = next((element for element in extra if element.tag == 0x7FE00010), None)
    described = description(len(pixels.value), syntax) if pixels else ()
    merged = {element.tag: element for element in (*common, *described, *extra)}
    elements = tuple(merged[tag] for tag in sorted(merged))
    return part10(elements, syntax_of(syntax), sop_class, "1.2.3.4.5")


@cache
def engine(profile: str = "longitudinal") -> Engine:
    """An engine without processes for pixels; `profile` is shipped, or YAML."""
    texts = {**shipped(), "longitudinal": LONGITUDINAL}
    if "\n" in profile:
        texts["own"], profile = profile, "own"
    return Engine(load(profile, texts), PSEUDONYMS, Patients.of(SITE))


def description(length: int, syntax: str) -> Item:
    """One row of grey pixels of 16 bits, straight from a detector, so that nobody has to look at them."""
    numbers = {0x00280002: 1, 0x00280010: 1, 0x00280011: length // 2, 0x00280100: 16, 0x00280101: 16, 0x00280102: 15}
    order = "big" if syntax == BIG else "little"
    return (
        text(0x00080008, "CS", "ORIGINAL\\PRIMARY"),
        text(0x00280004, "CS", "MONOCHROME2"),
        *(Element(tag, "US", number.to_bytes(2, order)) for tag, number in (numbers | {0x00280103: 0}).items()),
    )


def verdict(data: bytes, profile: str = "longitudinal", syntax: str | None = None) -> Verdict:
    return engine(profile).anonymise(data, SITE, syntax)


def cleaned(data: bytes, profile: str = "longitudinal") -> Cleaned:
    result = verdict(data, profile)
    assert isinstance(result, Cleaned), result
    return result


def elements_of(result: Cleaned) -> Item:
    return read(result.part10)[1]


def body_of(part10: bytes) -> bytes:
    """The data set of a file."""
    buffer = BytesIO(part10)
    read_preamble(buffer, force=False)
    _read_file_meta_info(buffer)
    return buffer.read()


def flat(elements: Item) -> Iterator[Element]:
    """All elements at every depth."""
    for element in elements:
        yield element
        for item in element.items:
            yield from flat(item)


def claimed(result: Cleaned) -> list[str]:
    """The codes by which the object says what was done to it (PS3.16 CID 7050)."""
    element = find(elements_of(result), METHOD_CODES)
    return [] if element is None else [word(item, 0x00080100) for item in element.items]


def value_of(result: Cleaned, tag: int) -> bytes | None:
    """The value without padding; None if the element is absent."""
    element = find(elements_of(result), tag)
    return None if element is None else element.value.rstrip(b" \0")
