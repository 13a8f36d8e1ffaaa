"""Clean Descriptors: what stays of a text, and that nobody's name, number or date ever does."""

from datetime import date, timedelta

import pytest

from services.anonymiser.dataset.tree import Element, Item
from services.anonymiser.descriptors.cleaning import CleanText, clean
from services.anonymiser.descriptors.known import Known
from services.anonymiser.descriptors.vocabulary import shipped

NOBODY = Known.of(())
OBJECT: Item = (
    Element(0x00080005, "CS", b"ISO_IR 192"),
    Element(0x00080020, "DA", b"20150302"),
    Element(0x00100010, "PN", b"Hand^Rose"),
    Element(0x00100020, "LO", b"4711-A-0815"),
)


def earlier(day: date) -> date:
    return day - timedelta(days=400)


def cleaned(value: str, known: Known = NOBODY) -> str:
    return clean(value, known, shipped(), earlier).text


@pytest.mark.parametrize(
    "value",
    [
        "AX_T2_FLAIR", "t1_mprage_sag_p2_iso", "CT Thorax/Abdomen mit KM", "ep2d_diff_3scan_trace_p2_ADC", "MG CC L",
        "WB FDG PET", "Thorax p.a.", "LWS seitl.", "sT1W_3D_TFE", "eTHRIVE_BH", "*tfl2d1_11", "DWI_b50_400_800_tra",
        "Thorax 5.0 B31f", "CT Abd 0.6 Br40 S3", "5/5mm Plain", "CT 3 mm x 3 mm", "1.5T", "3D", "kV120 TE 90 TR 2000",
        "AAHead_Scout_64ch-head-coil", "L4/5", "C3-C7", "Th12", "Segment VII", "pT3N1M0", "Gleason 7 (3+4)",
        "BI-RADS 4",
        "PET/CT 18F-FDG 3 MBq/kg", "SUV max 4.5", "Ultravist 370", "ISOVUE300/100", "4D PET 30% MIP", "x-ray left foot",
        "TOF MRA circle of Willis", "white matter", "long axis", "T2 tse dixon cor 4 mm", "RGB(37, 231, 253)",
        "Lossy JPEG compression 10:1", "CT of the head", "CT HAND LEFT", "Follow-up 6 months after RFA",
        "MRT Schädel nativ + KM", "Halswirbelsäule in 2 Ebenen", "V.a. Fraktur, bitte um Ausschluss",
        "TDM thoraco-abdomino-pelvienne injectée", "IRM de l'épaule droite sans injection",
        "RM encefalo con e senza mdc",
        "RM de la rodilla izquierda sin contraste", "Angio TC de aorta", "TC do tórax com contraste",
        "CT hersenen blanco", "TK klatki piersiowej z kontrastem", "RM kręgosłupa lędźwiowego", "MR bederní páteře",
        "DT buk med kontrast", "MR hjärna utan kontrast", "CT thorax uten kontrast", "MR knæ højre",
        "Pään magneettikuvaus", "Mellkas CT kontrasztanyaggal", "CT torace cu substanță de contrast",
        "CT abdomena s kontrastom", "Slikanje kolena", "CT torakalnih organov", "MRT galvos smegenų",
        "DT krūšu kurvis ar kontrastvielu", "Toraks BT kontrastsiz", "Αξονική τομογραφία θώρακος", "axoniki thorakos",
    ],
)  # fmt: skip
def test_descriptors_stay_to_the_last_space(value: str) -> None:
    result = clean(value, NOBODY, shipped(), earlier)
    assert (result.text, result.dropped) == (value, 0)


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("CT Thorax Smithson", "CT Thorax"),
        ("Smithson", ""),
        ("Learned Hand", ""),
        ("Kopf, Anna", ""),
        ("van der Berg", ""),
        ("Maria de la Cruz", ""),
        ("A. Smithson CT", "CT"),
        ("dixon", ""),
        ("CT Thorax Smithson 45", "CT Thorax"),
        ("Ward 7B", ""),
        ("Room 214", ""),
        ("Brown", ""),
        ("Dr. Hand", ""),
        ("Post contrast, after signed consent; HAND.", "Post contrast, after signed consent"),
        ("WYSZYNSKI L4 L5", "L4 L5"),
        ("Smithson L4", ""),
        ("view of the Hand", "view of the Hand"),
        ("Patient: Rose Long, CT", "Patient: CT"),
        ("CT 4711", "CT"),
        ("CT 12345 mm", "CT mm"),
        ("A1234", ""),
        ("Study 2015", "Study"),
        ("CT (Smithson)", "CT"),
        ("CT [Smithson] axial", "CT axial"),
        ("AX_SMITHSON_T2", "AX_T2"),
        ("CT Thorax, Smithson, axial", "CT Thorax, axial"),
        ("CT Thorax\nSmithson\naxial", "CT Thorax\naxial"),
        ("?!", ""),
        ("", ""),
    ],
)
def test_what_is_no_word_of_ours_goes(value: str, left: str) -> None:
    assert cleaned(value) == left


def test_what_the_object_knows_goes_even_if_it_is_a_word_of_ours() -> None:
    known = Known.of(OBJECT)
    assert cleaned("CT Hand left") == "CT Hand left"
    assert cleaned("CT Hand left", known) == "CT left"
    assert cleaned("CT Thorax ROSE HAND 4711A0815", known) == "CT Thorax"


def test_dates_move_within_what_stays() -> None:
    assert cleaned("CT Thorax 2015-03-02 5mm") == "CT Thorax 2014-01-26 5mm"
    assert cleaned("CT_20150302_axial") == "CT_20140126_axial"
    assert clean("CT 2015-03-02", NOBODY, shipped(), lambda day: None) == CleanText("CT", 1, 1)


def test_a_date_may_move_differently_for_each_caller() -> None:
    assert clean("CT 2015-03-02", NOBODY, shipped(), lambda day: day) == CleanText("CT 2015-03-02", 2, 0)
    assert clean("CT 2015-03-02", NOBODY, shipped(), earlier).text == "CT 2014-01-26"


def test_words_are_counted() -> None:
    assert clean("CT Thorax Smithson 45", NOBODY, shipped(), earlier) == CleanText("CT Thorax", 2, 2)
    assert clean("", NOBODY, shipped(), earlier) == CleanText("", 0, 0)


def test_long_text_is_no_trouble() -> None:
    text = "The lungs are clear, no focal consolidation. " * 2000
    result = clean(text, NOBODY, shipped(), earlier)
    assert result.dropped == 0
    assert result.text == text


def test_nothing_but_digits_and_signs_is_no_trouble() -> None:
    for text in ("1" * 5000, "1 " * 2000, "-" * 5000, "a" * 5000, "1.1." * 2000, "(" * 3000 + ")" * 3000, "é" * 3000):
        clean(text, NOBODY, shipped(), earlier)
