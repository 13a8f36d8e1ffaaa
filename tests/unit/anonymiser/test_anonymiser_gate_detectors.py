"""What identifies by its form is found without the original, and what only looks like it is not."""

import pytest

from services.anonymiser.gate.days import days_in, short_days_in
from services.anonymiser.gate.detectors import found_in, silent
from services.anonymiser.gate.folding import folded, tokens
from services.anonymiser.gate.people import person
from services.anonymiser.gate.residue import Detector, Severity

STRONG, WEAK = Severity.STRONG, Severity.WEAK

TELLING = {
    Detector.EMAIL: ("jane.doe@hospital.example", "<J_D+x@mail.kh-x.example.org>"),
    Detector.PHONE: (
        "+49 30 901820", "+33.1.23.45.67.89", "+44 (0)20 7946 0958", "00 39 06 1234567", "Tel. 030/901820",
        "phone: 5550100",
        "Fax 0043 1 58900", "(555) 123-4567",
    ),
    Detector.ADDRESS: ("Hauptstraße 12", "HAUPTSTR. 5", "Lange Gasse 3", "12 Green Oak Avenue", "Kerkstraat 114"),
    Detector.LABELLED: (
        "MRN: 48151", "MRN48151", "Patient ID 4815162", "Pat.-Nr. 48151", "DOB 3/4/1960", "geb. 03.04.1960",
        "Fall-Nr: A-48151",
        "accession no 99887",
    ),
    Detector.PERSON: (
        "Jane Miller", "MILLER, JANE", "miller jane", "Jane^Miller", "Thomas Müller",
        "Jean-Luc MARTIN et Anne Dupont",
        "Dr. Zweiglein", "dr zweiglein and Mr. Miller", "Frau Zweiglein", "Prof. Dr. Schmidt", "Jürgen Schröder",
        "O'Brien, Sean",
    ),
}  # fmt: skip
SILENT = (
    "Thorax 1.0 B30f", "t2_tse_tra_p2_320", "AX T1 FS POST GAD", "Dose 12.5 mGy", "MR HEAD W/O CONTRAST",
    "DR CHEST AP",
    "syngo MR E11 / N4_VE11C_LATEST_20160120", "1.3.6.1.4.1.5962.99.1", "+1.2345678 -0.70710678",
    "2.25.1234567890123",
    "Patient no. 12", "case 3", "Long axis view", "Head^Routine", "ABDOMEN^MARK", "Young Adult", "John Deere",
    "IEC 60601-2-44",
    "Series 3 of 12", "St. Mary", "May 2 be repeated", "GRASS/SPGR 30 deg", "PS3.15 2026d Table E.1-1",
    "Isocentre", "Rose bengal",
    "version 10.20.30.40", "512x512x300", "TE 4.6\\9.2\\13.8", "Test Phantom 2",
)  # fmt: skip


@pytest.mark.parametrize(("detector", "text"), [(kind, text) for kind, texts in TELLING.items() for text in texts])
def test_it_is_found(detector: Detector, text: str):
    assert (detector, STRONG) in found_in(text)
    assert (detector, STRONG) in found_in(f"CT Thorax {text}, 3 mm")


@pytest.mark.parametrize("text", SILENT)
def test_what_only_looks_like_it_is_no_strong_finding(text: str):
    assert not {detector for detector, severity in found_in(text) if severity == STRONG}


@pytest.mark.parametrize("text", [text for texts in TELLING.values() for text in texts])
def test_the_quick_look_does_not_pass_over_it(text: str):
    data = f"CT\n{folded(text)}\nx".encode()
    assert not silent(data, set(tokens(data)))


def test_the_quick_look_passes_over_ordinary_words():
    for revision in (b"0a1b2c3d4e5f", b"d3241815e031", b"123456789012"):
        data = b"CT\nThorax 1.0 B30f\nIsocentre\\PS3.15 2026d Table E.1-1\\profile research-" + revision + b" \nMR"
        assert silent(data, set(tokens(data)))


@pytest.mark.parametrize(
    "text",
    [
        "K. Campbell",
        "Miller^Zweig",
        "seen by zweiglein otterbach",
        "Reported by Miller",
        "SIGNED BY ZWEIGLEIN, OTTERBACH",
    ],
)
def test_initials_carets_and_what_somebody_did_point_to_names(text: str):
    assert (Detector.PERSON, STRONG) in found_in(text)


@pytest.mark.parametrize("text", ["reviewed by the radiologist", "referred to surgery", "called to ward", "M. gluteus"])
def test_what_was_done_by_nobody_in_particular(text: str):
    assert STRONG not in {severity for _, severity in found_in(text)}


def test_a_name_that_is_not_listed_is_weak():
    assert found_in("Zweiglein^Otterbach") == {(Detector.PERSON, WEAK)}
    assert found_in("SCHMIDT, OTTERBACH") == {(Detector.PERSON, WEAK)}
    assert found_in("Thomas Zweiglein") == {(Detector.PERSON, WEAK)}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020-02-03", "20200203"), ("3.2.2020", "20200203"), ("20200203", "20200203"),
        ("20200203101112", "20200203"),
        ("02/03/2020", "20200203"), ("3 Feb 2020", "20200203"), ("3. Februar 2020", "20200203"),
        ("February 3rd, 2020", "20200203"),
        ("3 de febrero de 2020", "20200203"), ("le 3 février 2020", "20200203"), ("3 lutego 2020", "20200203"),
        ("2020-Feb-03", "20200203"), ("US20200203T10", "20200203"),
    ],
)  # fmt: skip
def test_dates_are_read(text: str, day: str):
    assert day in days_in(text)
    assert day in days_in(f"CT {text} x")


@pytest.mark.parametrize(
    "text", ["20201340", "1.2.2020.5", "12345678901", "99.99.2020", "3 Foo 2020", "1850", "x", "2020"]
)
def test_what_is_no_date(text: str):
    assert days_in(text) == set()


def test_short_dates_are_read_both_ways():
    assert short_days_in("03.02.20") == {"200203", "200302", "030220"}
    assert short_days_in("version 1.2.3.4") == set()


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("Miller^Jane", STRONG),
        ("SCHMIDT", STRONG),
        ("Zweiglein^Q", WEAK),
        ("", None),
        ("ANONYMOUS", None),
        ("Test^Patient", None),
    ],
)
def test_a_person_s_name_is_not_expected(name: str, severity: Severity | None):
    assert person(name) == severity
