"""Each way in which an original value may still stand in a finished object is seen, and named by its place."""

import base64
from functools import cache

import pytest
from pydicom.charset import convert_encodings, encode_string

from services.anonymiser.dataset.reading import syntax_of
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.dataset.writing import encoded
from services.anonymiser.gate.residue import Detector, Expect, Residue, Severity, decides
from services.anonymiser.gate.witness import Witness

EXPLICIT, IMPLICIT, BIG = (
    syntax_of(uid) for uid in ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2")
)
CODE = "IC-ABCDEFGHIJKLMNOPQRSTU"
STUDY, SERIES = "1.2.276.0.7230010.3.1.2.8323329.4711", "1.3.12.2.1107.5.1.4.73021.30000"
COMMENTS, DESCRIPTION, PRIVATE = 0x00204000, 0x0008103E, 0x00291010


def text(tag: int, vr: str, value: str | bytes, encoding: str = "latin-1") -> Element:
    return Element(tag, vr, value if isinstance(value, bytes) else value.encode(encoding))


def ordered(*elements: Element) -> Item:
    merged = {element.tag: element for element in elements}
    return tuple(merged[tag] for tag in sorted(merged))


def original(*extra: Element) -> Item:
    return ordered(
        text(0x00080005, "CS", "ISO_IR 100"),
        text(0x00080020, "DA", "20200203"),
        text(0x00080050, "SH", "ACC-778899"),
        text(0x00080080, "LO", "Marienhospital Entenhausen"),
        text(0x00080081, "ST", "Quakgasse 13, 98765 Entenhausen"),
        text(0x00080090, "PN", "Käßmüller^Jörg^^Dr."),
        text(0x00081010, "SH", "CTAWP73021"),
        text(0x00081030, "LO", "CT Thorax vom 03.02.2020"),
        text(0x00100010, "PN", "Smithson^Jane^Mary"),
        text(0x00100020, "LO", "MRN-0012345"),
        text(0x00100030, "DA", "19600315"),
        text(0x00101040, "LO", "Erpelweg 7"),
        text(0x00102154, "SH", "+49 30 901820-17"),
        text(0x00102160, "SH", "Entenhausener"),
        text(0x0020000D, "UI", STUDY),
        text(0x0020000E, "UI", SERIES),
        *extra,
    )


def finished(*extra: Element) -> Item:
    """What a good engine leaves; `extra` is what a bad one leaves besides."""
    return ordered(
        text(0x00080005, "CS", "ISO_IR 100"),
        text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2"),
        text(0x00080018, "UI", "2.25.310462351248936457812964728364827364"),
        text(0x00080020, "DA", "20170211"),
        text(0x00080060, "CS", "CT"),
        text(DESCRIPTION, "LO", "Thorax 1.0 B30f"),
        text(0x00100010, "PN", CODE),
        text(0x00100020, "LO", CODE),
        text(0x00120063, "LO", "Isocentre\\PS3.15 2026d Table E.1-1\\profile research-0a1b2c3d4e5f"),
        text(0x0020000D, "UI", "2.25.204817365481723648172364817236481"),
        text(0x0020000E, "UI", "2.25.104817365481723648172364817236482"),
        text(0x00280010, "US", b"\0\x02"),
        *extra,
    )


@cache
def witness() -> Witness:
    return Witness.of(original())


def look(
    item: Item, between: bytes = b"", expect: Expect | None = None, seen: Witness | None = None
) -> tuple[Residue, ...]:
    raw = encoded(item, EXPLICIT) + between
    return (seen or witness()).look(item, raw, expect or Expect())


def found(residues: tuple[Residue, ...], severity: Severity | None = Severity.STRONG) -> set[tuple[str, str]]:
    return {(r.detector.value, r.place) for r in residues if severity is None or r.severity == severity}


def test_a_clean_object_is_silent():
    assert look(finished()) == ()


def test_the_original_itself_is_full_of_residues():
    residues = look(original())
    assert decides(residues)
    assert {residue.detector for residue in residues} > {
        Detector.NAME, Detector.IDENTIFIER, Detector.INSTITUTION, Detector.DEVICE, Detector.UID, Detector.DATE,
        Detector.BIRTH_DATE, Detector.CONTACT, Detector.CHARACTERISTIC,
    }  # fmt: skip


FORMS = {
    "original-name": (
        "Smithson", "SMITHSON", "Seen by smithson", "Jane Smithson", "Smithson, Jane", "JaneSmithson", "smithson_jane",
        "SMITHSON^JANE^MARY", "J.Smithson", "jsmithson2", "Smith-son", "Käßmüller", "KÄSSMÜLLER", "Kassmuller",
        "Kaessmueller", "Jörg Käßmüller", "JOERG KAESSMUELLER",
    ),
    "original-identifier": (
        "MRN-0012345", "mrn 0012345", "MRN0012345", "0012345", "12345", "ID=12345;", "MRN.001.2345", "acc778899",
        "ACC 778899", "No 778899",
    ),
    "original-institution": ("Entenhausen", "MARIENHOSPITAL", "KH Entenhausen CT2", "Quakgasse"),
    "original-contact": ("Erpelweg 7", "ERPELWEG", "030 / 901820-17", "+493090182017"),
    "original-device": ("CTAWP73021", "ctawp-73021"),
    "original-birth-date": (
        "19600315", "15.03.1960", "15.3.1960", "1960-03-15", "03/15/1960", "15031960", "15 Mar 1960", "15. März 1960",
        "March 15, 1960", "15 de marzo de 1960", "1960/03/15", "19600315101112", "le 15 mars 1960",
    ),
    "original-uid": (STUDY, f"see {SERIES}."),
}  # fmt: skip


@pytest.mark.parametrize(("detector", "form"), [(kind, form) for kind, forms in FORMS.items() for form in forms])
def test_every_form_is_seen_in_text(detector: str, form: str):
    residues = look(finished(text(COMMENTS, "LT", form)))
    assert (detector, "(0020,4000)") in found(residues)
    assert decides(residues)


def nested(element: Element) -> Element:
    inner = Element(0x0040A730, "SQ", items=((element,),))
    return Element(0x0040A730, "SQ", items=((text(0x0040A040, "CS", "TEXT"),), (inner,)))


PLACES = {
    "short text": (text(DESCRIPTION, "LO", "t2 Smithson tra"), "(0008,103E)"),
    "nested": (nested(text(0x0040A160, "UT", "Mrs. Smithson")), "(0040,A730)[2](0040,A730)[1](0040,A160)"),
    "person": (text(0x00081070, "PN", "Smithson^J"), "(0008,1070)"),
    "private text": (text(PRIVATE, "LO", "Smithson"), "(0029,1010)"),
    "private of unknown kind": (text(PRIVATE, "UN", b"\x01\x02Smithson\0"), "(0029,1010)"),
    "private bytes": (text(PRIVATE, "OB", b"\0\0\xffSmithson^Jane\0\0"), "(0029,1010)"),
    "application entity": (text(0x00080055, "AE", "SMITHSON"), "(0008,0055)"),
    "URL": (text(0x00081190, "UR", "http://pacs/smithson/1"), "(0008,1190)"),
    "code meaning": (
        Element(0x00081032, "SQ", items=((text(0x00080100, "SH", "1"), text(0x00080104, "LO", "Smithson")),)),
        "(0008,1032)[1](0008,0104)",
    ),
    "words of a look-up table": (text(0x00281201, "OW", b"\x01\0Smithson\xff"), "(0028,1201)"),
}  # fmt: skip


@pytest.mark.parametrize(("element", "place"), PLACES.values(), ids=PLACES)
def test_every_place_is_searched(element: Element, place: str):
    residues = look(finished(element))
    assert ("original-name", place) in found(residues)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("form", ["Käßmüller", "KÄSSMÜLLER", "Smithson"])
@pytest.mark.parametrize("vr", ["LT", "UN", "OB"])
def test_every_encoding_is_seen(encoding: str, form: str, vr: str):
    element = text(PRIVATE, vr, form.encode(encoding))
    assert ("original-name", "(0029,1010)") in found(look(finished(element)))


@pytest.mark.parametrize("padding", ["", " ", "xy"])
def test_base64_is_seen(padding: str):
    packed = base64.b64encode((padding + "Jane Smithson").encode())
    assert ("original-name", "(0029,1010)") in found(look(finished(text(PRIVATE, "LT", packed))))


def written(value: str, declared: str) -> bytes:
    return encode_string(value, convert_encodings(declared.split("\\")))


@pytest.mark.parametrize(
    ("declared", "name", "forms"),
    [
        ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう", ("山田", "太郎", "やまだ", "YAMADA TAROU")),
        ("GB18030", "Wangxiao^Dong=王小东", ("王小东", "wangxiao")),
        ("\\ISO 2022 IR 149", "Gildong^Hong=洪^吉洞=홍^길동", ("길동", "吉洞", "Gildong Hong")),
        ("ISO_IR 144", "Люксембург^Роза", ("Люксембург", "ЛЮКСЕМБУРГ")),
        ("ISO_IR 192", "Łęczyńska^Zofia", ("Łęczyńska", "LECZYNSKA", "łęczyńska")),
        ("ISO_IR 101", "Dvořáček^Jiří", ("Dvořáček", "DVORACEK", "Jiří")),
        ("ISO_IR 126", "Παπαδόπουλος^Γιώργος", ("Παπαδόπουλος", "ΓΙΏΡΓΟΣ")),
    ],
)  # fmt: skip
def test_names_of_all_scripts_are_seen(declared: str, name: str, forms: tuple[str, ...]):
    seen = Witness.of((text(0x00080005, "CS", declared), text(0x00100010, "PN", written(name, declared))))
    for form in forms:
        for own in {"ISO_IR 192", declared}:
            element = text(COMMENTS, "LT", written(f"von {form}", own))
            residues = look(finished(text(0x00080005, "CS", own), element), seen=seen)
            assert ("original-name", "(0020,4000)") in found(residues), (form, own)


def test_wrong_declarations_do_not_hide_a_name():
    seen = Witness.of((text(0x00080005, "CS", "ISO_IR 100"), text(0x00100010, "PN", "Käßmüller^Jörg", "utf-8")))
    for encoding in ("utf-8", "latin-1"):
        element = text(COMMENTS, "LT", "Dr. Käßmüller", encoding)
        assert ("original-name", "(0020,4000)") in found(look(finished(element), seen=seen))


@pytest.mark.parametrize(
    "value", [b"Smithson^Jane", STUDY.encode(), "Käßmüller".encode(), b"ACC-778899", b"CTAWP73021"]
)
def test_what_is_in_no_element_is_seen(value: bytes):
    assert {place for _, place in found(look(finished(), between=b"\0\0" + value + b"\0"))} == {"bytes"}


@pytest.mark.parametrize("vr", ["DA", "DT"])
def test_a_date_that_was_not_moved_is_seen(vr: str):
    residues = look(finished(text(0x00080020, vr, "20200203")))
    assert found(residues) == {("original-date", "(0008,0020)")}


def test_an_unmoved_date_in_text_is_seen():
    moved = Expect(moved=True)
    assert found(look(finished(text(0x00081030, "LO", "Thorax 03.02.2020")), expect=moved)) == {
        ("original-date", "(0008,1030)")
    }
    assert look(finished(text(0x00081030, "LO", "Thorax 11.02.2017")), expect=moved) == ()


def test_a_moved_date_may_meet_another_date_of_the_object():
    seen = Witness.of(original(text(0x00080021, "DA", "20170211")))
    assert look(finished(text(0x00080021, "DA", "20140219")), seen=seen) == ()


def test_a_birth_date_in_an_element_that_was_not_there_is_seen():
    assert found(look(finished(text(0x00101000, "DA", "19600315")))) == {("original-birth-date", "(0010,1000)")}


@pytest.mark.parametrize("name", ["Doe^Jane", "Poe^Edna"])
def test_short_names_count_as_words_of_a_text(name: str):
    family, given = name.split("^")
    seen = Witness.of((text(0x00100010, "PN", name),))
    for form in (f"ct {family} thorax", f"{given} {family}", f"{given}{family}".upper(), name):
        assert ("original-name", "(0020,4000)") in found(look(finished(text(COMMENTS, "LT", form)), seen=seen)), form
    assert look(finished(text(COMMENTS, "LT", f"x{family.lower()}y")), seen=seen) == ()


def test_names_of_no_length_are_seen_together():
    seen = Witness.of((text(0x00100010, "PN", "Li^Xiu"),))
    assert ("original-name", "(0020,4000)") in found(look(finished(text(COMMENTS, "LT", "LI, XIU")), seen=seen))


def test_identity_known_from_nested_and_private_elements_is_seen():
    nested_id = Element(0x00101002, "SQ", items=((text(0x00100020, "LO", "ZZ-554433"),),))
    observer = Element(
        0x0040A730,
        "SQ",
        items=(
            (
                Element(0x0040A043, "SQ", items=((text(0x00080100, "SH", "121008"),),)),
                text(0x0040A160, "UT", "Grünspan"),
            ),
        ),
    )
    person = Element(0x00401101, "SQ", items=((text(0x00080100, "SH", "arzt-4242"),),))
    private = text(0x00091010, "UN", b"\x01Newman^Augusta\0\xff")
    seen = Witness.of(original(nested_id, observer, person, private))
    for detector, form in (
        ("original-identifier", "zz554433"), ("original-name", "Grunspan"), ("original-identifier", "Arzt 4242"),
        ("original-name", "A. Augusta"),
    ):  # fmt: skip
        assert (detector, "(0020,4000)") in found(look(finished(text(COMMENTS, "LT", form)), seen=seen)), form


def test_a_residue_never_shows_its_value():
    residues = look(finished(text(COMMENTS, "LT", "Jane Smithson 19600315 MRN-0012345")))
    assert len(residues) >= 3
    told = repr(residues) + repr(witness())
    assert not any(value in told.lower() for value in ("smithson", "jane", "1960", "12345"))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG], ids=["explicit", "implicit", "big endian"])
def test_bytes_of_elements_are_no_second_residue(syntax):
    item = finished(text(COMMENTS, "LT", "Smithson"))
    assert found(witness().look(item, encoded(item, syntax))) == {("original-name", "(0020,4000)")}


def test_items_with_a_character_set_of_their_own_are_read_in_it():
    seen = Witness.of((text(0x00080005, "CS", "GB18030"), text(0x00100010, "PN", "Wang=王小东", "gb18030")))
    own = (text(0x00080005, "CS", "GB18030"), text(0x0040A160, "UT", "见王小东", "gb18030"))
    residues = look(finished(Element(0x0040A730, "SQ", items=(own,))), seen=seen)
    assert ("original-name", "(0040,A730)[1](0040,A160)") in found(residues)
