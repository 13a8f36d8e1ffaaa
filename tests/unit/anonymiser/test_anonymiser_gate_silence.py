"""What is no residue: what profiles retain, public words, coincidences of numbers, what we wrote ourselves."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.anonymiser.dataset.reading import syntax_of
from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.dataset.writing import encoded
from services.anonymiser.gate import words
from services.anonymiser.gate.examining import Examination, Suspicion
from services.anonymiser.gate.judging import Bytes, Needle
from services.anonymiser.gate.marks import KINDS
from services.anonymiser.gate.residue import Detector, Expect, Residue, Severity, decides
from services.anonymiser.gate.sources import Kind
from services.anonymiser.gate.witness import Witness

EXPLICIT = syntax_of("1.2.840.10008.1.2.1")
CODE = "IC-ABCDEFGHIJKLMNOPQRSTU"
WEAK, STRONG = Severity.WEAK, Severity.STRONG
DESCRIPTION, COMMENTS, PATIENT_ID, NAME = 0x0008103E, 0x00204000, 0x00100020, 0x00100010


def text(tag: int, vr: str, value: str) -> Element:
    return Element(tag, vr, value.encode("utf-8"))


def item(*elements: Element) -> Item:
    merged = {element.tag: element for element in elements}
    return tuple(merged[tag] for tag in sorted(merged))


def look(original: Item, cleaned: Item, expect: Expect | None = None) -> tuple[Residue, ...]:
    return Witness.of(original).look(cleaned, encoded(cleaned, EXPLICIT), expect or Expect())


def pair(tag: int, vr: str, value: str, kept: Element) -> tuple[Item, Item]:
    """An original with one identifying value, and a finished object with one element."""
    return item(text(tag, vr, value)), item(text(NAME, "PN", CODE), text(PATIENT_ID, "LO", CODE), kept)


@pytest.mark.parametrize(
    ("tag", "vr", "value", "kept"),
    [
        (0x00080080, "LO", "CT", text(DESCRIPTION, "LO", "CT Thorax")),
        (0x00080080, "LO", "University Medical Center", text(DESCRIPTION, "LO", "Medical imaging center")),
        (0x00081010, "SH", "MR", text(DESCRIPTION, "LO", "MR Schädel")),
        (NAME, "PN", "Brain", text(DESCRIPTION, "LO", "MR Brain")),
        (NAME, "PN", "ANONYMISED", text(COMMENTS, "LT", "ANONYMISED")),
        (NAME, "PN", "Test^Patient", text(COMMENTS, "LT", "test of the patient table")),
        (NAME, "PN", "QIN-HEADNECK-01", text(0x00180015, "CS", "HEADNECK")),
        (NAME, "PN", "Schul^Erich", text(COMMENTS, "LT", "shoulder, Schulter")),
        (PATIENT_ID, "LO", "512", text(0x00280010, "IS", "512")),
        (PATIENT_ID, "LO", "1", text(DESCRIPTION, "LO", "Series 1")),
        (PATIENT_ID, "LO", "12345", text(0x0020000D, "UI", "2.25.1123454567812345987")),
        (PATIENT_ID, "LO", "12345678", text(0x00180050, "DS", "0.12345678")),
        (PATIENT_ID, "LO", "101112", text(0x00080030, "TM", "101112.000000")),
        (0x00101040, "LO", "UNKNOWN", text(COMMENTS, "LT", "unknown")),
        (0x00080070, "LO", "SIEMENS", text(0x00080070, "LO", "SIEMENS")),
        (0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2", text(0x00081150, "UI", "1.2.840.10008.5.1.4.1.1.2")),
        (0x00081150, "UI", "1.3.12.2.1107.5.9.1", text(0x00081150, "UI", "1.3.12.2.1107.5.9.1")),
        (0x00080020, "DA", "19000101", text(0x00080020, "DA", "19000101")),
    ],
)
def test_it_is_no_residue(tag: int, vr: str, value: str, kept: Element):
    assert look(*pair(tag, vr, value, kept)) == ()


@pytest.mark.parametrize(
    ("tag", "vr", "value", "kept"),
    [
        (PATIENT_ID, "LO", "512", text(DESCRIPTION, "LO", "matrix 512")),
        (PATIENT_ID, "LO", "123456", text(0x00200011, "IS", "123456")),
        (0x00081010, "SH", "MRC1", text(DESCRIPTION, "LO", "Knie MRC1")),
        (NAME, "PN", "Young^Jo", text(DESCRIPTION, "LO", "Young adult")),
        (NAME, "PN", "Erpelow", text(COMMENTS, "LT", "xerpelowx")),
        (0x00100030, "DA", "19600315", text(0x00181020, "LT", "version 60.03.15")),
    ],
)
def test_a_coincidence_is_weak_and_decides_nothing(tag: int, vr: str, value: str, kept: Element):
    residues = look(*pair(tag, vr, value, kept))
    assert {residue.severity for residue in residues} <= {WEAK}
    assert not decides(residues)


def test_makers_who_call_themselves_a_hospital_are_makers():
    original = item(text(0x00080070, "LO", "Quantix Systems"), text(0x00080080, "LO", "Quantix"))
    assert look(original, item(text(0x00080070, "LO", "Quantix Systems"))) == ()


RETAINED = (
    ("dates", 0x00080020, "DA", "20200203", Expect(dates=True)),
    ("uids", 0x0020000D, "UI", "1.2.276.0.7230010.3.1.2.4711", Expect(uids=True)),
    ("device", 0x00081010, "SH", "CTAWP73021", Expect(device=True)),
    ("institution", 0x00080080, "LO", "Marienhospital Entenhausen", Expect(institution=True)),
    ("characteristics", 0x00102160, "SH", "Entenhausener", Expect(characteristics=True)),
)


@pytest.mark.parametrize(("option", "tag", "vr", "value", "expect"), RETAINED, ids=[row[0] for row in RETAINED])
def test_what_the_profile_retains_is_no_residue(option: str, tag: int, vr: str, value: str, expect: Expect):
    original = item(text(tag, vr, value))
    assert look(original, original, expect) == ()
    assert decides(look(original, original))


def test_a_retained_hospital_may_be_named_after_its_doctor_but_text_may_not():
    original = item(text(0x00080080, "LO", "Praxis Dr. Zweiglein"), text(0x00080090, "PN", "Zweiglein^Otto"))
    expect = Expect(institution=True)
    assert look(original, item(text(0x00080080, "LO", "Praxis Dr. Zweiglein")), expect) == ()
    assert decides(look(original, item(text(COMMENTS, "LT", "Dr. Zweiglein")), expect))


def test_a_retained_station_does_not_excuse_the_patient():
    original = item(text(0x00081010, "SH", "SMITHSON1"), text(NAME, "PN", "Smithson"))
    assert decides(look(original, original[:1], Expect(device=True)))


def test_the_birth_date_is_never_expected():
    original = item(text(0x00100030, "DA", "19600315"))
    assert decides(look(original, original, Expect(dates=True, moved=True, characteristics=True)))


def test_dates_cut_to_their_month_may_be_what_they_were():
    original = item(text(0x00080020, "DA", "20200201"), text(0x00100030, "DA", "19600301"))
    assert look(original, original, Expect(months=True)) == ()
    assert decides(look(original, original))


def test_a_date_in_text_is_something_only_where_none_was_moved():
    original, cleaned = pair(0x00080020, "DA", "20200203", text(DESCRIPTION, "LO", "Thorax 11.02.2017"))
    assert [residue.detector for residue in look(original, cleaned)] == [Detector.TEXT_DATE]
    assert look(original, cleaned, Expect(moved=True)) == ()


def test_codes_and_versions_of_vocabularies_tell_nothing():
    code = item(
        text(0x00080100, "SH", "11914-9"),
        text(0x00080102, "SH", "LN"),
        text(0x00080103, "SH", "20200203"),
        text(0x00080104, "LO", "CRL, Robinson 1975"),
    )
    original = item(text(NAME, "PN", "Robinson^Anne"), text(0x00080020, "DA", "20200203"))
    residues = look(original, item(Element(0x00081032, "SQ", items=(code,))), Expect(moved=True))
    assert not decides(residues)


@pytest.mark.parametrize(
    ("value", "meaning", "decided"),
    [
        ("11914-9", "by Robinson", True),
        ("111222333", "CRL, Robinson 1975", True),
        ("ROBINSON", "CRL", True),
        ("A1234567", "CRL", True),
        ("12345", "CRL", False),
        ("108369006", "Neoplasm", False),
    ],
)
def test_that_a_scheme_is_said_to_be_published_excuses_only_what_the_standard_lists_and_short_forms(
    value: str, meaning: str, decided: bool
):
    scheme = "LN" if value == "11914-9" else "SCT"
    code = item(text(0x00080100, "SH", value), text(0x00080102, "SH", scheme), text(0x00080104, "LO", meaning))
    original = item(text(NAME, "PN", "Robinson^Anne"), text(PATIENT_ID, "LO", "A1234567\\12345\\108369006"))
    residues = look(original, item(Element(0x00081032, "SQ", items=(code,))))
    assert decides(residues) is decided
    assert bool(residues) is True


def test_a_name_beside_a_local_code_is_a_residue():
    code = item(text(0x00080100, "SH", "1"), text(0x00080102, "SH", "99LOCAL"), text(0x00080104, "LO", "Robinson"))
    original = item(text(NAME, "PN", "Robinson^Anne"))
    assert decides(look(original, item(Element(0x00081032, "SQ", items=(code,)))))


def residue(detector: Detector, severity: Severity, place: str = "(0008,103E)") -> Residue:
    return Residue(detector, place, severity)


def test_one_strong_residue_decides_and_weak_ones_do_by_two_kinds():
    assert not decides(())
    assert decides((residue(Detector.NAME, STRONG),))
    assert not decides((residue(Detector.IDENTIFIER, WEAK), residue(Detector.IDENTIFIER, WEAK, "(0020,4000)")))
    assert decides((residue(Detector.IDENTIFIER, WEAK), residue(Detector.DEVICE, WEAK)))


def test_the_quick_look_sees_whatever_the_close_one_would():
    """Suspects everything, as if the quick look had, and compares."""
    values = (
        "Smithson",
        "Käßmüller",
        "MRN 0012345",
        "CTAWP73021",
        "Jane",
        "19600315",
        "Entenhausen",
        "x",
        "1.2.276.0.723",
    )
    original = item(
        text(0x00080005, "CS", "ISO_IR 192"),
        text(0x00080080, "LO", "KH Entenhausen"),
        text(0x00080090, "PN", "Käßmüller^Jörg"),
        text(0x00081010, "SH", "CTAWP73021"),
        text(NAME, "PN", "Smithson^Jane"),
        text(PATIENT_ID, "LO", "MRN-0012345"),
        text(0x00100030, "DA", "19600315"),
        text(0x0020000D, "UI", "1.2.276.0.7230010.3.1.2.4711"),
    )
    witness = Witness.of(original)
    marks = witness._marks
    suspicion = Suspicion(
        needles=[Needle(Kind(kind), form.decode()) for kind in range(KINDS) for form in marks.long[kind]]
        + [Needle(Kind(kind), form.decode(), short=True) for kind in range(KINDS) for form in marks.short[kind]],
        foreign=[Bytes(kind, form) for form, kind in marks.foreign.items()],
        uids=list(marks.uids),
        dates=True,
        texts=True,
    )
    for vr in ("LT", "LO", "OB", "CS", "UN", "IS"):
        for value in values:
            for form in (value, value.upper(), f"a {value}, b", f"{value}2"):
                cleaned = item(text(0x00080005, "CS", "ISO_IR 192"), text(COMMENTS, vr, form))
                raw = encoded(cleaned, EXPLICIT)
                close = Examination(original, cleaned, raw, marks, Expect()).residues(suspicion)
                assert set(witness.look(cleaned, raw)) == set(close), (vr, form)


def test_words_of_the_standard_are_no_names():
    names = {name.encode() for name in words.first_names() | words.surnames()}
    standard = {word.encode() for word in words.listed("standard_words")}
    assert len(standard) > 6000
    assert names.isdisjoint(standard)
    assert {b"robinson", b"smith", b"miller"} <= names
    assert not {b"robinson", b"smith", b"miller"} & words.public()


@pytest.mark.parametrize("name", ["first_names", "surnames", "standard_words", "common_words"])
def test_without_one_of_its_lists_the_gate_looks_at_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(words.DATA, tmp_path / "data")
    monkeypatch.setattr(words, "DATA", tmp_path / "data")
    assert words.listed(name)
    (tmp_path / "data" / f"{name}.json").write_text('{"source": "", "words": {"all": []}}', encoding="utf-8")
    with pytest.raises(ValueError, match=name):
        words.listed(name)
    (tmp_path / "data" / f"{name}.json").unlink()
    reading = {"first_names": words.first_names, "surnames": words.surnames}.get(name, words.public)
    with pytest.raises(FileNotFoundError, match=name):
        reading.__wrapped__()


def test_generated_words_are_those_of_the_installed_pydicom(tmp_path: Path):
    generate = pytest.importorskip("services.anonymiser.gate.generate_words")
    if json.loads(generate.OUTPUT.read_text(encoding="utf-8"))["source"] != generate.SOURCE:
        pytest.skip("data/standard_words.json was made with another pydicom")
    # In a process of its own: other tests bring libraries that add to pydicom's dictionaries.
    made = tmp_path / "words.json"
    subprocess.run([sys.executable, "-m", generate.__name__, str(made)], check=True)
    assert generate.OUTPUT.read_text(encoding="utf-8") == made.read_text(encoding="utf-8")


def test_a_long_header_costs_little():
    """Far above what is measured (0.2 ms), so that only a change of kind is seen, not a busy machine."""
    many = tuple(text(0x00091010 + number, "LO", f"private val {number}") for number in range(150))
    original = item(text(NAME, "PN", "Smithson^Jane"), text(PATIENT_ID, "LO", "MRN-0012345"), *many)
    cleaned = item(text(NAME, "PN", CODE), text(PATIENT_ID, "LO", CODE), *many)
    raw = encoded(cleaned, EXPLICIT)
    spent = []
    for _ in range(50):
        start = time.process_time()
        Witness.of(original).look(cleaned, raw)
        spent.append(time.process_time() - start)
    assert sorted(spent)[len(spent) // 2] < 0.003


def coded(value: str) -> Element:
    return Element(0x00081032, "SQ", items=(item(text(0x00080100, "SH", value), text(0x00080102, "SH", "99RIS")),))


STEP = text(0x00400009, "SH", "RC301")


@pytest.mark.parametrize(
    ("original", "kept", "found"),
    [
        (item(STEP, coded("RC301")), coded("RC301"), False),
        (item(STEP, coded("RC301")), text(DESCRIPTION, "LO", "RC301"), True),
        (item(STEP), coded("RC301"), True),
        (item(STEP, coded("RC301"), text(PATIENT_ID, "LO", "RC301")), coded("RC301"), True),
        (item(STEP, coded("RC301"), text(0x00080050, "SH", "rc 301")), coded("RC301"), True),
    ],
    ids=["code", "text", "no-code", "patient-id", "accession-number"],
)
def test_the_code_of_a_procedure_identifies_nobody_where_its_steps_are_numbered_by_it(original, kept, found) -> None:
    assert bool(look(original, item(text(NAME, "PN", CODE), text(PATIENT_ID, "LO", CODE), kept))) is found
