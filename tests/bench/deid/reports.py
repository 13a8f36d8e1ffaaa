"""Objects without pixels: structured reports, presentation states; and images whose header is in functional groups."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    ComprehensiveSRStorage,
    EnhancedMRImageStorage,
    GrayscaleSoftcopyPresentationStateStorage,
)

from tests.bench.deid import images
from tests.bench.deid.generated import describe
from tests.bench.deid.phrases import fill
from tests.bench.deid.writer import Writer

Reference = tuple[str, str]
"""SOP class and instance."""

SITES = (("T-28000", "Lung"), ("T-62000", "Liver"), ("T-04000", "Breast"), ("T-71000", "Kidney"))
FRAMES = 3


def report(writer: Writer, others: list[Reference]) -> None:
    """A comprehensive SR (PS3.3 A.35.3) with content items of all value types that people write into."""
    dataset = writer.dataset
    dataset.SOPClassUID, dataset.Modality = ComprehensiveSRStorage, "SR"
    describe(dataset, "SR", writer.random)
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    writer.code("ConceptNameCodeSequence", "18748-4", "LN", "Diagnostic imaging report")
    _observers(writer)
    tree = replace(writer, place="sr")
    _observer_items(tree)
    for number in range(4):
        _finding(tree, f"12107{number}")
    _measurement(tree)
    _site(tree)
    for sop_class, sop in others[:2]:
        _image(tree, sop_class, sop)


def _observers(writer: Writer) -> None:
    item = writer.inside("VerifyingObserverSequence", "sr")
    item.remove("VerifyingObserverName", "{reading.pn}")
    item.remove("VerifyingOrganization", "{hospital}")
    signed = datetime.combine(writer.case.visit.day, time(16, 5)).strftime("%Y%m%d%H%M%S")
    item.dataset.VerificationDateTime = signed  # the sequence becomes a dummy, and so may this date
    item.expect("text_removed", "VerificationDateTime", signed[:8], "whole")
    author = writer.inside("AuthorObserverSequence", "sr")
    author.remove("PersonName", "{performing.pn}")
    author.dataset.ObserverType = "PSN"


def _item(writer: Writer, relation: str, value_type: str, code: str, meaning: str) -> Writer:
    item = writer.inside("ContentSequence")
    item.dataset.RelationshipType, item.dataset.ValueType = relation, value_type
    item.code("ConceptNameCodeSequence", code, "DCM", meaning)
    return item


def _observer_items(writer: Writer) -> None:
    _item(writer, "HAS OBS CONTEXT", "PNAME", "121008", "Person Observer Name").remove("PersonName", "{reading.pn}")
    _item(writer, "HAS OBS CONTEXT", "PNAME", "121029", "Subject Name").remove("PersonName", "{patient.pn}")
    _item(writer, "HAS OBS CONTEXT", "TEXT", "121030", "Subject ID").remove("TextValue", "{mrn}")
    uid = _item(writer, "HAS OBS CONTEXT", "UIDREF", "121012", "Device Observer UID")
    uid.uid("UID", f"1.2.826.0.1.3680043.8.498.{writer.random.getrandbits(90)}")
    day = _item(writer, "HAS OBS CONTEXT", "DATE", "111060", "Study Date")
    day.day("Date", writer.case.visit.day)
    moment = _item(writer, "HAS OBS CONTEXT", "DATETIME", "121125", "DateTime of Recording of Log Entry")
    moment.moment("DateTime", datetime.combine(writer.case.visit.day, time(15, 40)) + timedelta(days=1))


def _finding(writer: Writer, code: str) -> None:
    _item(writer, "CONTAINS", "TEXT", code, "Finding").phrase("TextValue", "finding", 4000)


def _measurement(writer: Writer) -> None:
    item = _item(writer, "CONTAINS", "NUM", "121207", "Height")
    value = item.inside("MeasuredValueSequence")
    value.retain("NumericValue", str(writer.random.randint(5, 90)))
    value.code("MeasurementUnitsCodeSequence", "mm", "UCUM", "millimeter")


def _site(writer: Writer) -> None:
    item = _item(writer, "CONTAINS", "CODE", "363698007", "Finding Site")
    code, meaning = writer.random.choice(SITES)
    item.code("ConceptCodeSequence", code, "SRT", meaning)


def _image(writer: Writer, sop_class: str, sop: str) -> None:
    item = _item(writer, "CONTAINS", "IMAGE", "121112", "Source of Measurement")
    reference = item.inside("ReferencedSOPSequence")
    reference.retain("ReferencedSOPClassUID", sop_class)
    reference.uid("ReferencedSOPInstanceUID", sop)


def presentation(writer: Writer, series: str, others: list[Reference]) -> None:
    """A softcopy presentation state (PS3.3 A.33.1) with labels on the image."""
    dataset = writer.dataset
    dataset.SOPClassUID, dataset.Modality = GrayscaleSoftcopyPresentationStateStorage, "PR"
    dataset.Manufacturer, dataset.ManufacturerModelName = "Vital Images", "Vitrea"
    dataset.ContentLabel, dataset.PresentationLUTShape = "ANNOTATED", "IDENTITY"
    here = writer.at("label")
    here.phrase("ContentDescription", "label", 64)
    writer.day("PresentationCreationDate", writer.case.visit.day)
    dataset.PresentationCreationTime = "121500"
    referenced = writer.inside("ReferencedSeriesSequence")
    referenced.uid("SeriesInstanceUID", series)
    for sop_class, sop in others[:2]:
        item = referenced.inside("ReferencedImageSequence")
        item.retain("ReferencedSOPClassUID", sop_class)
        item.uid("ReferencedSOPInstanceUID", sop)
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = "NOTES", 1
    dataset.GraphicLayerSequence = Sequence([layer])
    annotation = here.inside("GraphicAnnotationSequence")
    annotation.dataset.GraphicLayer = "NOTES"
    for _ in range(3):
        _label(annotation)


def _label(writer: Writer) -> None:
    item = writer.inside("TextObjectSequence")
    item.dataset.AnchorPointAnnotationUnits, item.dataset.AnchorPointVisibility = "PIXEL", "N"
    item.dataset.AnchorPoint = [10.0, 20.0]
    item.phrase("UnformattedTextValue", "label", 1024)


def enhanced(writer: Writer) -> None:
    """An enhanced MR image (PS3.3 A.36.2) whose comments and dates are those of its frames."""
    dataset = writer.dataset
    dataset.SOPClassUID, dataset.Modality = EnhancedMRImageStorage, "MR"
    describe(dataset, "MR", writer.random)
    for keyword in ("SliceThickness", "SpacingBetweenSlices", "EchoTime", "EchoNumbers", "WindowCenter", "WindowWidth"):
        del dataset[keyword]
    plane = images.MAKERS["MR"](np.random.default_rng(writer.random.getrandbits(64)), 128, 128)
    stored = (plane * 4095).astype("<u2")
    dataset.Rows = dataset.Columns = 128
    dataset.NumberOfFrames, dataset.SamplesPerPixel, dataset.PhotometricInterpretation = FRAMES, 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = stored.tobytes() * FRAMES
    dataset["PixelData"].VR = "OW"
    for number in range(FRAMES):
        _frame(writer.inside("PerFrameFunctionalGroupsSequence"), number)


def _frame(writer: Writer, number: int) -> None:
    moment = datetime.combine(writer.case.visit.day, time(9)) + timedelta(seconds=number)
    content = writer.inside("FrameContentSequence")
    content.moment("FrameAcquisitionDateTime", moment)
    content.moment("FrameReferenceDateTime", moment)
    content.retain("FrameAcquisitionNumber", number + 1)
    content.at("text").phrase("FrameComments", "comment", 4000)
    timing = writer.inside("MREchoSequence")
    timing.retain("EffectiveEchoTime", 2.98 + number)
    path = writer.private(0x0033, "NORTHGATE RIS 2.1", 0x01, "LO", writer.case.patient.name.pn)
    writer.at("private").judged(path, fill("{patient.pn}", writer.case, writer.random))
