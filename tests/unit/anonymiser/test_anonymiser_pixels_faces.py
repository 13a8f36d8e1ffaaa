"""Which objects may show a face."""

import pytest

from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.pixels.faces import may_show_face
from tests.unit.anonymiser.building import sequence, text
from tests.unit.anonymiser.pictures import with_elements

STORAGE = "1.2.840.10008.5.1.4.1.1."


def _object(kind: str = "4", *extra: Element) -> Item:
    return with_elements((text(0x00080016, "UI", STORAGE + kind), text(0x00080060, "CS", "MR")), *extra)


@pytest.mark.parametrize("part", ["HEAD", "BRAIN", "HEADNECK", "Head", "WHOLEBODY", "SKULL ", "PARANASAL_SINUS"])
@pytest.mark.parametrize("kind", ["2", "2.1", "4", "4.1", "128"])
def test_heads_by_body_part(kind: str, part: str) -> None:
    assert may_show_face(_object(kind, text(0x00180015, "CS", part)))


@pytest.mark.parametrize("code", ["69536005", "T-D1100", "12738006", "38266002"])
def test_heads_by_code(code: str) -> None:
    region = sequence(0x00082218, (text(0x00080100, "SH", code), text(0x00080102, "SH", "SCT")))
    assert may_show_face(_object("4", region))


@pytest.mark.parametrize("tag", [0x00081030, 0x0008103E, 0x00181030, 0x00400254, 0x00321060])
@pytest.mark.parametrize(
    "words",
    ["MR BRAIN W/O", "t1_mprage_sag", "NEURO^Routine", "CT Head", "Kopf nativ", "cerebral perfusion", "IRM crâne"],
)
def test_heads_by_description(tag: int, words: str) -> None:
    said = Element(tag, "LO", words.encode("latin-1"))
    assert may_show_face(_object("4", text(0x00080005, "CS", "ISO_IR 100"), said))


@pytest.mark.parametrize("words", ["脳 MRA", "头部平扫", "두부 MR", "исследование головного мозга"])
def test_heads_in_other_scripts(words: str) -> None:
    said = Element(0x00081030, "LO", words.encode())
    assert may_show_face(_object("4", text(0x00080005, "CS", "ISO_IR 192"), said))


@pytest.mark.parametrize("words", ["CT ABDOMEN", "HEADER", "T2 TSE COR", "冠状面 腹部", "Knee PD FS", "SURFACE COIL"])
def test_other_parts_are_none(words: str) -> None:
    said = Element(0x00081030, "LO", words.encode())
    assert not may_show_face(_object("4", text(0x00080005, "CS", "ISO_IR 192"), said))
    assert not may_show_face(_object("4", text(0x00180015, "CS", "ABDOMEN")))
    assert not may_show_face(_object("4"))


def test_a_portrait_is_one_whatever_is_said() -> None:
    assert may_show_face(_object("77.1.4"))


def test_what_is_no_volume_is_none() -> None:
    head = text(0x00180015, "CS", "HEAD")
    assert not may_show_face(_object("1", head))
    assert not may_show_face(_object("66.4", head))
    assert not may_show_face(_object("4", head, text(0x00180050, "DS", "40.0")))
    assert may_show_face(_object("4", head, text(0x00180050, "DS", "5.0")))
    assert may_show_face(_object("4", head, text(0x00180050, "DS", "thick")))
    scout = text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER")
    assert not may_show_face(_object("2", head, scout, text(0x00080060, "CS", "CT")))
    assert may_show_face(_object("4", head, scout))
