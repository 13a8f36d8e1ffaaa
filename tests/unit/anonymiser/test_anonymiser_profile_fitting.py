"""Rules of profiles that cannot be carried out: refused when read, and the others break no object."""

import json

import pytest

from services.anonymiser.dataset.tree import Element, replaced
from services.anonymiser.engine import Rejected
from services.anonymiser.passage import Passage
from services.anonymiser.profile.load import BadProfile, load, shipped
from shared.outcome import Reason
from tests.unit.anonymiser.building import IMPLICIT, cleaned, instance, sequence, text, value_of, verdict

ROWS, STATION, SERIES_NUMBER, THICKNESS = 0x00280010, 0x00081010, 0x00200011, 0x00180050
REPORT = "gate: report\n"


def rule(path: str, action: str, value: str | None = None, vr: str = "") -> str:
    told = "" if value is None else f", value: {json.dumps(value)}"
    return f"{{path: '{path}', action: {action}{told}, vr: [{vr}], why: a test}}"


def own(*rules: str, base: str = "basic", options: str = "") -> str:
    chosen = f"options: [{options}]\n" if options else ""
    return f"name: own\nbase: {base}\ntitle: Own\n{chosen}attributes: [{', '.join(rules)}]\n{REPORT}"


def load_own(text: str) -> None:
    load("own", {**shipped(), "own": text})


REFUSED = {
    "text into a binary number": (rule("Rows", "set", "512"), r"Rows, set \(a test\): .* US"),
    "a code into a number": (rule("SeriesNumber", "code"), "SeriesNumber, code .* IS"),
    "a code into a date": (rule("StudyDate", "code"), "DA"),
    "a code that is too long": (rule("StationAETitle", "code"), "AE"),
    "a code for a sequence": (rule("ContentSequence", "code"), "SQ"),
    "a value for a sequence": (rule("ContentSequence", "set", "x"), "SQ"),
    "a value for pixels": (rule("PixelData", "set", "x"), "OB or OW"),
    "text for a number": (rule("SliceThickness", "set", "thin"), "'thin' is no value of DS"),
    "a number that is too long": (rule("SliceThickness", "set", "1.2345678901234567"), "no value of DS"),
    "a number that is too large": (rule("SeriesNumber", "set", "2147483648"), "no value of IS"),
    "a broken number": (rule("SeriesNumber", "set", "1.5"), "no value of IS"),
    "a date that is none": (rule("StudyDate", "set", "20230230"), "no value of DA"),
    "a date for people": (rule("StudyDate", "set", "2023-02-03"), "no value of DA"),
    "a time that is none": (rule("StudyTime", "set", "2460"), "no value of TM"),
    "an instant that is none": (rule("AcquisitionDateTime", "set", "2023"), "no value of DT"),
    "an age that is none": (rule("PatientAge", "set", "45"), "no value of AS"),
    "a code in small letters": (rule("Modality", "set", "mr"), "no value of CS"),
    "a UID that is none": (rule("FrameOfReferenceUID", "set", "1.02"), "no value of UI"),
    "a UID that is too long": (rule("FrameOfReferenceUID", "set", "1." + "2" * 63), "no value of UI"),
    "an address with a space": (rule("RetrieveURL", "set", "a b"), "no value of UR"),
    "a name of four groups": (rule("OperatorsName", "set", "a=b=c=d"), "no value of PN"),
    "text that is too long": (rule("StationName", "set", "a" * 17), "no value of SH"),
    "the second of two is too long": (rule("StationName", "set", "a\\" + "b" * 17), "no value of SH"),
    "text with a control": (rule("StudyDescription", "set", "a\x85b"), "no value of LO"),
    "a shift of no date": (rule("PatientAge", "shift"), "AS"),
    "a shift of a sequence": (rule("ContentSequence", "shift"), "SQ"),
    "the first of the month of a time": (rule("StudyTime", "first-of-month"), "TM"),
    "an age of no age": (rule("PatientWeight", "age"), "DS"),
    "a UID of text": (rule("StudyID", "uid"), "SH"),
    "words of a number": (rule("PatientWeight", "clean"), "DS"),
    "words of a name": (rule("OperatorsName", "clean"), "PN"),
    "what identifies, of a date": (rule("StudyDate", "redact"), "DA"),
    "what identifies, of a UID": (rule("FrameOfReferenceUID", "redact"), "UI"),
    "what identifies, of bytes": (rule("EncapsulatedDocument", "redact"), "OB"),
    "a group without dates": (rule("(0028,xxxx)", "shift"), "shift"),
    "VRs that it does not fit": (rule("(0018,xxxx)", "set", "1", vr="US, FD"), "set"),
    "a value that fits none": (rule("(0018,xxxx)", "set", "a" * 99, vr="DS, CS, SH"), "no value of CS or DS or SH"),
    "a VR that is none": (rule("(0018,xxxx)", "keep", vr="XX"), "XX"),
    "SOP instance removed": (rule("SOPInstanceUID", "remove"), "only uid and keep"),
    "SOP instance empty": (rule("(0008,0018)", "empty"), "only uid and keep"),
    "SOP instance fixed": (rule("/SOPInstanceUID", "set", "1.2.3"), "only uid and keep"),
    "SOP class": (rule("SOPClassUID", "dummy"), "only uid and keep"),
    "study": (rule("StudyInstanceUID", "remove"), "only uid and keep"),
    "series": (rule("SeriesInstanceUID", "empty"), "only uid and keep"),
    "the character set": (rule("SpecificCharacterSet", "set", "ISO_IR 192"), "only keep"),
    "a group length": (rule("(0018,0000)", "keep"), "a group length"),
    "an overlay": (rule("(60xx,3000)", "keep"), "overlay"),
    "a hidden picture": (rule("IconImageSequence/PixelData", "keep"), "picture"),
    "what PS3.6 does not know": (rule("(0018,FFFx)", "keep"), "no attribute of PS3.6"),
}
ALLOWED = {
    "text": rule("StudyDescription", "set", "Übersicht, Knie"),
    "two values": rule("ImageType", "set", "DERIVED\\PRIMARY"),
    "lines": rule("ImageComments", "set", "a\tb"),
    "a backslash where it is a letter": rule("ImageComments", "set", "a\\" + "b" * 9000),
    "a name": rule("OperatorsName", "set", "Doe^Jane=X^Y"),
    "no value": rule("StudyID", "set", ""),
    "numbers": rule("PixelSpacing", "set", "1.5\\-.5e3"),
    "a whole number": rule("SeriesNumber", "set", "-2147483648"),
    "a date": rule("StudyDate", "set", "20240229"),
    "a time": rule("StudyTime", "set", "2359"),
    "an instant": rule("AcquisitionDateTime", "set", "20240229101112.5+0100"),
    "an age": rule("PatientAge", "set", "045Y"),
    "a UID": rule("FrameOfReferenceUID", "set", "1.2.840.10008.1.4.1.1"),
    "an AE title": rule("StationAETitle", "set", "MR 1"),
    "an address": rule("RetrieveURL", "set", "https://example.org/a?b=c"),
    "codes": rule("InstitutionName", "code"),
    "a code of 16 letters": rule("StationName", "code"),
    "a code in a code": rule("BodyPartExamined", "code"),
    "UIDs in a sequence": rule("ReferencedImageSequence", "uid"),
    "one of several VRs": rule("(0018,xxxx)", "set", "MR"),
    "a date in disguise": rule("StudyID", "remove", vr="DA"),
    "private": rule("(0019,xx01)", "set", "x"),
    "private, of one VR": rule("(0019,1001)", "shift", vr="DA"),
    "UIDs that are kept": ", ".join(
        rule(name, act)
        for name in ("SOPInstanceUID", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID")
        for act in ("keep", "uid")
    ),
    "UIDs inside": rule("ReferencedSeriesSequence/SeriesInstanceUID", "remove"),
    "what goes anyway": rule("(60xx,xxxx)", "remove"),
    "a layer of graphics": rule("GraphicLayer", "clean"),
}


@pytest.mark.parametrize(("attributes", "told"), REFUSED.values(), ids=REFUSED)
def test_a_rule_that_cannot_be_carried_out_is_refused_by_its_name(attributes: str, told: str):
    with pytest.raises(BadProfile, match=told):
        load_own(own(attributes))


@pytest.mark.parametrize("attributes", ALLOWED.values(), ids=ALLOWED)
def test_a_rule_that_can_be_carried_out_is_taken(attributes: str):
    load_own(own(attributes))


def test_of_many_rules_the_refusal_tells_which_one_it_is():
    bad = f"rules: [{{when: {{Modality: {{equals: [MR]}}}}, attributes: [{rule('Rows', 'set', '1')}], why: w}}]\n"
    with pytest.raises(BadProfile, match=r"profile own:\n  rules\.0\.attributes\.0: Rows, set "):
        load_own(own(rule("StudyID", "code")) + bad)
    with pytest.raises(BadProfile, match=r"  attributes\.2: StudyDate, code .*\n  attributes\.3: StudyTime, code "):
        load_own(own(*(rule(name, "code") for name in ("StudyID", "StationName", "StudyDate", "StudyTime"))))


def test_what_a_pattern_does_not_fit_is_left_to_the_table():
    data = instance(
        text(0x00180015, "CS", "KNEE"),
        text(THICKNESS, "DS", "1.5"),
        text(0x00181030, "LO", "Knee for Dr. Doe"),
        Element(0x00180020, "OB", b"ab"),
        sequence(0x00180026, (text(0x00180028, "DS", "5 "),)),
    )
    result = cleaned(data, own(rule("(0018,xxxx)", "set", "fixed text"), options="clean-descriptors"))
    assert value_of(result, 0x00181030) == b"fixed text"
    assert value_of(result, 0x00180015) == b"KNEE"
    assert value_of(result, THICKNESS) == b"1.5"
    assert value_of(result, 0x00180028) is None
    assert cleaned(data, own()).elements != result.elements


@pytest.mark.parametrize("action", ["remove", "empty", "dummy", "keep"])
def test_a_pattern_leaves_what_an_object_is_known_by(action: str):
    latin = Element(0x00080005, "CS", b"ISO_IR 100")
    result = cleaned(instance(latin), own(rule("(0008,xxxx)", action), rule("(0020,xxxx)", action)))
    assert all((result.instance_uid, result.study_uid, result.series_uid, result.sop_class_uid))
    assert value_of(result, 0x00080005) == b"ISO_IR 100"


def test_what_does_not_fit_a_private_element_as_it_was_sent_goes():
    private = (text(0x00190010, "LO", "ACME"), text(0x00191001, "LO", "spin Doe"))
    kept = own(rule("(0019,xx01)", "redact"))
    assert value_of(cleaned(instance(*private), kept), 0x00191001) == b"spin"
    assert value_of(cleaned(instance(*private, syntax=IMPLICIT), kept), 0x00191001) is None, "nobody knows its VR"


def test_a_dummy_for_a_sequence_leaves_nothing_of_what_its_items_say():
    secret = sequence(0x00400275, (text(0x00321060, "LO", "spin of the mayor"), text(0x00400007, "LO", "spin")))
    described = own(rule("RequestAttributesSequence", "dummy"), rule("(0032,1060)", "keep"))
    result = cleaned(instance(secret), described)
    assert b"mayor" not in result.part10
    assert b"spin" not in result.part10


# --- what goes, and what a pattern means


@pytest.mark.parametrize("profile", ["eucaim-compatible", own(rule("(xxxx,xxxx)", "keep"))])
def test_no_pattern_keeps_group_lengths_or_what_ps3_6_does_not_know(profile: str):
    sent = instance(
        Element(0x00180000, "UL", b"\x0a\0\0\0"),
        text(THICKNESS, "DS", "1.5 "),
        text(0x0018FFF0, "LO", "anything "),
        text(0x00190010, "LO", "ACME"),
        text(0x00191001, "LO", "anything else "),
    )
    result = cleaned(sent, profile)
    assert value_of(result, 0x00180000) is None
    assert value_of(result, THICKNESS) == b"1.5"
    assert b"anything" not in result.part10
    assert value_of(result, 0x00191001) is None


def test_an_attribute_that_ps3_6_does_not_know_stays_if_it_is_named():
    sent = instance(text(0x0018FFF0, "LO", "anything "))
    assert value_of(cleaned(sent, own(rule("(0018,FFF0)", "keep"))), 0x0018FFF0) == b"anything"


def test_a_pattern_that_removes_takes_private_elements_that_a_table_calls_safe():
    safe = (text(0x20050010, "LO", "Philips MR Imaging DD 001 "), Element(0x2005100D, "FL", b"\0\0\x80?"))
    removes = own(rule("(2xxx,xxxx)", "remove"), options="retain-safe-private")
    assert b"Philips" in cleaned(instance(*safe), own(options="retain-safe-private")).part10
    assert b"Philips" not in cleaned(instance(*safe), removes).part10


# --- the last line


@pytest.mark.parametrize("tag", [0x00080016, 0x00080018, 0x0020000D, 0x0020000E])
def test_an_object_that_loses_a_uid_on_its_way_is_refused(tag: int, monkeypatch: pytest.MonkeyPatch):
    marked = Passage.marked
    monkeypatch.setattr(Passage, "marked", lambda *told: replaced(marked(*told), {tag: Element(tag, "UI")}))
    assert verdict(instance()) == Rejected(Reason.MISSING_UID)
