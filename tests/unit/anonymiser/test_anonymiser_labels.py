"""Labels, descriptions, and who drew: segments, structures, annotations, presentation states, key images."""

import pytest

from services.anonymiser.dataset.tree import Element, find, word
from services.anonymiser.engine import Cleaned
from tests.unit.anonymiser.building import PSEUDONYMS, cleaned, elements_of, instance, sequence, text, verdict
from tests.unit.anonymiser.reporting import code
from tests.unit.anonymiser.sets import READER, opened, saved, whole

WAVEFORM, ANNOTATIONS = "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.840.10008.5.1.4.1.1.91.1"


@pytest.mark.parametrize("profile", ["basic", "research"])
@pytest.mark.parametrize("name", ["segmentation", "measurements", "key_images", "presentation", "structures"])
def test_nobody_who_is_named_anywhere_stays(name: str, profile: str):
    result = verdict(saved(whole()[name]), profile)
    assert isinstance(result, Cleaned)
    for part in (*READER.split("^"), "byszko", "BYSZKO", "Brightwater", "Doe"):
        assert part.encode() not in result.part10


def test_segments_keep_words_codes_and_tracking():
    (segment,) = opened("segmentation").SegmentSequence
    assert (segment.SegmentLabel, segment.TrackingID, segment.SegmentNumber) == ("liver lesion", "lesion 1", 1)
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Lesion"
    assert segment.TrackingUID == PSEUDONYMS.uid("1.3.6.1.4.1.99999.7.6")


def test_structures_keep_words_and_contours():
    structures, original = opened("structures"), whole()["structures"]
    (roi,), (observed,) = structures.StructureSetROISequence, structures.RTROIObservationsSequence
    assert (structures.StructureSetLabel, roi.ROIName, roi.ROIDescription) == ("liver", "Liver", "by")
    assert (observed.ROIObservationLabel, observed.ROIInterpreter) == ("liver", "")
    contours, before = structures.ROIContourSequence[0], original.ROIContourSequence[0]
    assert [c.ContourData for c in contours.ContourSequence] == [c.ContourData for c in before.ContourSequence]


def test_presentation_states_keep_drawings_and_words_and_dates_in_texts_move():
    state, original = opened("presentation"), whole()["presentation"]
    drawn, before = state.GraphicAnnotationSequence[0], original.GraphicAnnotationSequence[0]
    assert drawn.GraphicObjectSequence == before.GraphicObjectSequence
    assert drawn.TextObjectSequence[0].AnchorPoint == [2.0, 2.0]
    words = drawn.TextObjectSequence[0].UnformattedTextValue
    assert words.startswith("liver lesion ")
    assert len(words.removeprefix("liver lesion ")) == len("05.01.2024")
    assert "2024" not in words
    assert (state.ContentLabel, state.ContentDescription, state.ContentCreatorName) == ("LIVER", "liver of", "")


def test_layers_named_after_people_stay_two_and_keep_their_drawings():
    state = opened("presentation")
    layers = [layer.GraphicLayer for layer in state.GraphicLayerSequence]
    assert [drawn.GraphicLayer for drawn in state.GraphicAnnotationSequence] == layers
    assert layers[1] == "LIVER"
    assert len(layers[0]) == 16


def test_key_images_keep_the_title_and_the_words():
    selection = opened("key_images")
    assert selection.ConceptNameCodeSequence[0].CodeMeaning == "For Referring Provider"
    texts = [item.TextValue for item in selection.ContentSequence if "TextValue" in item]
    assert texts == ["liver lesion, see"]


@pytest.mark.parametrize(("profile", "left"), [("research", "lead II"), ("basic", "ANONYMISED")])
def test_annotations_of_waveforms(profile: str, left: str):
    said = (
        text(0x00700006, "ST", "lead II Zbyszko" if profile == "research" else "lead II"),
        Element(0x0040A0B0, "US", b"\1\0\1\0"),
        Element(0x0040A132, "UL", b"\5\0\0\0"),
    )
    annotation = tuple(sorted((*said, text(0x0040A130, "CS", "POINT")), key=lambda element: element.tag))
    result = cleaned(instance(sequence(0x0040B020, annotation), sop_class=WAVEFORM), profile)
    (item,) = find(elements_of(result), 0x0040B020).items
    assert (word(item, 0x00700006), word(item, 0x0040A130)) == (left, "POINT")
    assert find(item, 0x0040A132).value == b"\5\0\0\0"


@pytest.mark.parametrize(("profile", "left"), [("research", ("nuclei", "by")), ("basic", ("ANONYMISED", ""))])
def test_groups_of_annotations(profile: str, left: tuple[str, str]):
    group = (
        text(0x006A0003, "UI", "1.2.3.77"),
        text(0x006A0005, "LO", "nuclei Zbyszko"),
        text(0x006A0006, "UT", "by Zbyszko"),
        text(0x006A0007, "CS", "MANUAL"),
        sequence(0x006A000A, code("84640000", "SCT", "Nucleus")),
        Element(0x006A000C, "UL", b"\2\0\0\0"),
    )
    result = cleaned(instance(sequence(0x006A0002, group), sop_class=ANNOTATIONS), profile)
    (item,) = find(elements_of(result), 0x006A0002).items
    assert (word(item, 0x006A0005), word(item, 0x006A0006)) == left
    assert word(item, 0x006A0003) == PSEUDONYMS.uid("1.2.3.77")
    assert word(find(item, 0x006A000A).items[0], 0x00080104) == "Nucleus"


def test_what_must_not_be_empty_when_it_is_there_gets_a_dummy():
    algorithm = (text(0x00620004, "US", "\1\0"), text(0x00620008, "CS", "AUTOMATIC"), text(0x00620009, "LO", "DOE"))
    result = cleaned(instance(sequence(0x00620002, algorithm), sop_class="1.2.840.10008.5.1.4.1.1.66.4"), "research")
    assert word(find(elements_of(result), 0x00620002).items[0], 0x00620009) == "ANONYMISED", "type 1C in PS3.3"
