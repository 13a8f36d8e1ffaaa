"""Types of attributes by IOD: as PS3.3 says, at every depth, the strictest of several."""

import hashlib
import json
import time

import pytest
from highdicom._standard_utils import get_iod_module_map, get_module_attribute_map, get_sop_class_iod_map
from pydicom.datadict import tag_for_keyword
from pydicom.uid import (
    ComprehensiveSRStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    MRImageStorage,
    RTPlanStorage,
    SegmentationStorage,
)

from services.anonymiser.standard.generate_types import STRICTEST_FIRST, content, generate, main
from services.anonymiser.standard.types import TYPES_FILE, attribute_type


def path(text: str) -> tuple[int, ...]:
    """The tags of 'PerFrameFunctionalGroupsSequence/FrameContentSequence'."""
    return tuple(tag for keyword in text.split("/") if (tag := tag_for_keyword(keyword)) is not None)


@pytest.mark.parametrize(
    ("sop_class", "keywords", "expected"),
    [
        (CTImageStorage, "PatientName", "2"),
        (CTImageStorage, "SOPInstanceUID", "1"),
        (CTImageStorage, "AcquisitionDate", "3"),
        (CTImageStorage, "KVP", "2"),
        (CTImageStorage, "ReferencedImageSequence/ReferencedSOPInstanceUID", "1"),
        (CTImageStorage, "RequestAttributesSequence/RequestedProcedureID", "1C"),
        (MRImageStorage, "SequenceVariant", "1"),
        (RTPlanStorage, "RTPlanDate", "2"),
        (GrayscaleSoftcopyPresentationStateStorage, "PresentationCreationDate", "1"),
        (GrayscaleSoftcopyPresentationStateStorage, "ContentDescription", "2"),
        (DigitalMammographyXRayImageStorageForPresentation, "AcquisitionContextSequence", "2"),
        (EnhancedCTImageStorage, "AcquisitionDateTime", "1C"),
        (EnhancedCTImageStorage, "ManufacturerModelName", "1"),
        (SegmentationStorage, "ContentDescription", "2"),
        (SegmentationStorage, "ContentLabel", "1"),
    ],
)
def test_types_are_those_of_ps33(sop_class: str, keywords: str, expected: str):
    assert attribute_type(sop_class, path(keywords)) == expected


@pytest.mark.parametrize("group", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
@pytest.mark.parametrize(
    ("sop_class", "macro", "expected"),
    [
        (EnhancedCTImageStorage, "FrameContentSequence", "1"),
        (EnhancedCTImageStorage, "FrameContentSequence/FrameAcquisitionDateTime", "1C"),
        (EnhancedCTImageStorage, "FrameContentSequence/FrameComments", "3"),
        (EnhancedMRImageStorage, "DerivationImageSequence", "2"),
        (EnhancedMRImageStorage, "DerivationImageSequence/SourceImageSequence/ReferencedSOPInstanceUID", "1"),
        (EnhancedMRImageStorage, "RealWorldValueMappingSequence/LUTExplanation", "1"),
    ],
)
def test_functional_group_macros_stand_in_both_sequences(group: str, sop_class: str, macro: str, expected: str):
    assert attribute_type(sop_class, path(f"{group}/{macro}")) == expected


def test_of_several_modules_the_strictest_type_counts():
    # General Equipment has type 2, Enhanced General Equipment type 1; both are in Enhanced MR.
    assert attribute_type(MRImageStorage, path("Manufacturer")) == "2"
    assert attribute_type(EnhancedMRImageStorage, path("Manufacturer")) == "1"


def test_content_items_are_known_at_every_depth():
    for depth in (1, 2, 5, 9):
        items = (tag_for_keyword("ContentSequence"),) * depth
        for keyword, expected in (("PersonName", "1C"), ("ObservationDateTime", "1C"), ("ContentSequence", "1C")):
            assert attribute_type(ComprehensiveSRStorage, (*items, tag_for_keyword(keyword))) == expected


def test_overlays_are_known_in_all_their_groups():
    for group in (0x6000, 0x6002, 0x601E):
        assert attribute_type(CTImageStorage, (group << 16 | 0x0010,)) == "1"
        assert attribute_type(CTImageStorage, (group << 16 | 0x1500,)) == "3"


def test_what_no_module_names_extends_the_iod_and_what_is_unknown_stays_unknown():
    assert attribute_type(CTImageStorage, path("RadiopharmaceuticalStartDateTime")) == "3"
    assert attribute_type("1.2.3.4", path("PatientName")) is None
    assert attribute_type("1.2.3.4", path("ReferencedImageSequence/ReferencedSOPInstanceUID")) is None
    assert attribute_type(CTImageStorage, path("RadiopharmaceuticalInformationSequence/RadionuclideTotalDose")) is None
    assert attribute_type(CTImageStorage, path("ReferencedImageSequence/PatientName")) is None
    assert attribute_type(CTImageStorage, (0x00091010, 0x00100010)) is None


def test_an_iod_with_an_unknown_module_does_not_say_what_extends_it():
    waveform_presentation_state = "1.2.840.10008.5.1.4.1.1.9.100.1"
    assert attribute_type(waveform_presentation_state, path("PatientName")) == "2"
    assert attribute_type(waveform_presentation_state, path("KVP")) is None


def test_every_attribute_of_the_source_is_found_with_its_type_or_a_stricter_one():
    attributes, iods = get_module_attribute_map(), get_iod_module_map()
    for sop_class in (EnhancedCTImageStorage, ComprehensiveSRStorage, RTPlanStorage, CTImageStorage):
        for module in iods[get_sop_class_iod_map()[sop_class]]:
            for attribute in attributes[module["key"]]:
                tags = path("/".join([*attribute["path"], attribute["keyword"]]))
                if len(tags) <= len(attribute["path"]):
                    continue  # overlays, whose keywords stand for many tags
                found = attribute_type(sop_class, tags)
                assert found is not None
                assert STRICTEST_FIRST.index(found) <= STRICTEST_FIRST.index(attribute["type"])


def test_the_file_is_what_the_generator_makes_and_stays_small(tmp_path):
    assert main([str(tmp_path / "types.json")]) == 0
    assert (tmp_path / "types.json").read_bytes() == TYPES_FILE.read_bytes()
    assert TYPES_FILE.stat().st_size < 300_000
    head = json.loads(TYPES_FILE.read_text())
    assert "NEMA" in head["notice"]
    assert "MIT" in head["wheel"]
    assert {len(digest) for digest in head["sha256"].values()} == {len(hashlib.sha256().hexdigest())}


def test_the_generator_refuses_what_it_does_not_understand(capsys):
    with pytest.raises(ValueError, match="NoSuchKeyword"):
        content([{"keyword": "NoSuchKeyword", "path": [], "type": "1"}], "m")
    with pytest.raises(ValueError, match="not in tuple"):
        content([{"keyword": "PatientName", "path": [], "type": "4"}], "m")
    assert main(["a", "b"]) == 2
    assert "generate_types" in capsys.readouterr().err


def test_alike_items_are_written_once():
    name = {"keyword": "PatientName", "path": [], "type": "2"}
    modules = {
        "one": [{"keyword": "ReferencedImageSequence", "path": [], "type": "1"}],
        "two": [{"keyword": "SourceImageSequence", "path": [], "type": "3"}],
    }
    for attributes in modules.values():
        attributes.append(name | {"path": [attributes[0]["keyword"]]})
    iods = {"iod": [{"key": "one", "usage": "M"}, {"key": "two", "usage": "U"}]}
    tables = {"module_attribute_map": modules, "iod_module_map": iods, "sop_class_iod_map": {"1.2": "iod"}}
    made = json.loads(generate(tables, "1", {}))
    assert made["macros"] == {"00081140": {"00100010": "2"}}
    assert made["modules"] == {"one": {"00081140": "1 00081140"}, "two": {"00082112": "3 00081140"}}


def test_a_question_asked_before_is_a_look_up():
    tags = path("PerFrameFunctionalGroupsSequence/FrameContentSequence/FrameAcquisitionDateTime")
    attribute_type(EnhancedCTImageStorage, tags)
    start = time.perf_counter()
    for _ in range(10_000):
        attribute_type(EnhancedCTImageStorage, tags)
    assert time.perf_counter() - start < 0.5  # measured: 2 ms
