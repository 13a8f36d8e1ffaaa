"""Sets of objects that point to each other, made as their users make them: an image series and what was derived."""

from functools import cache
from io import BytesIO

import highdicom as hd
import numpy as np
from highdicom.sr.coding import CodedConcept
from highdicom.sr.templates import (
    FindingSite,
    Measurement,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    TrackingIdentifier,
)
from pydicom import Dataset, FileDataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTDoseStorage, RTPlanStorage, RTStructureSetStorage

from tests.unit.anonymiser.building import cleaned

ROOT = "1.3.6.1.4.1.99999.7"
STUDY, SERIES, FRAME = f"{ROOT}.1", f"{ROOT}.1.1", f"{ROOT}.9"
READER = "Quintanilla^Rosalind"
_MADE = {
    "manufacturer": "Siemens",
    "manufacturer_model_name": "Vida",
    "software_versions": "1",
    "device_serial_number": "1",
}


def saved(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _object(sop_class: str, number: int, modality: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, f"{ROOT}.2.{number}"
    made = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    made.SOPClassUID, made.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = STUDY, SERIES, FRAME
    made.PatientName, made.PatientID, made.PatientBirthDate, made.PatientSex = "Doe^Jane", "4711-A", "19500102", "F"
    made.StudyDate, made.StudyTime, made.StudyID, made.AccessionNumber = "20240102", "101112", "77", "A123456"
    made.ReferringPhysicianName, made.Modality, made.SeriesNumber, made.InstanceNumber = READER, modality, 1, number
    made.Manufacturer, made.PositionReferenceIndicator = "Siemens", ""
    return made


@cache
def images() -> tuple[FileDataset, ...]:
    """Three slices of a CT."""
    slices = []
    for number in range(1, 4):
        made = _object(CTImageStorage, number, "CT")
        made.ImageType, made.KVP = ["ORIGINAL", "PRIMARY", "AXIAL"], 120
        made.ImagePositionPatient, made.ImageOrientationPatient = [0, 0, 5.0 * number], [1, 0, 0, 0, 1, 0]
        made.PixelSpacing, made.SliceThickness = [1, 1], 5
        made.Rows = made.Columns = 16
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 1
        made.RescaleIntercept, made.RescaleSlope = 0, 1
        made.PixelData = np.full((16, 16), number, np.int16).tobytes()
        slices.append(made)
    return tuple(slices)


def _mask() -> np.ndarray:
    mask = np.zeros((3, 16, 16), bool)
    mask[:, 4:9, 4:9] = True
    return mask


@cache
def segmentation() -> Dataset:
    segment = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="liver lesion Zbyszko",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        tracking_uid=f"{ROOT}.6",
        tracking_id="lesion 1",
    )
    return hd.seg.Segmentation(
        source_images=images(),
        pixel_array=_mask(),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[segment],
        series_instance_uid=f"{ROOT}.1.2",
        series_number=2,
        sop_instance_uid=f"{ROOT}.3.1",
        instance_number=1,
        content_creator_name=READER,
        content_description="liver lesions Zbyszko",
        **_MADE,
    )


@cache
def measurements() -> Dataset:
    """A TID 1500 report on the segment, in mm and HU."""
    reader = PersonObserverIdentifyingAttributes(name=READER, organization_name="Brightwater Institute")
    group = PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=f"{ROOT}.6", identifier="lesion 1"),
        referenced_region=hd.sr.ImageRegion(
            graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
            graphic_data=np.array([[4.0, 4.0], [9.0, 4.0], [9.0, 9.0], [4.0, 4.0]]),
            source_image=hd.sr.SourceImageForRegion(CTImageStorage, images()[1].SOPInstanceUID),
        ),
        finding_type=codes.SCT.Neoplasm,
        measurements=[
            Measurement(name=codes.SCT.Length, value=12.75, unit=codes.UCUM.Millimeter),
            Measurement(
                name=CodedConcept("112031", "DCM", "Attenuation Coefficient"),
                value=41.5,
                unit=CodedConcept("[hnsf'U]", "UCUM", "Hounsfield unit"),
                finding_sites=[FindingSite(codes.SCT.Liver)],
            ),
        ],
    )
    content = MeasurementReport(
        observation_context=ObservationContext(ObserverContext(codes.DCM.Person, reader)),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group],
        title=codes.DCM.ImagingMeasurementReport,
    )
    return hd.sr.Comprehensive3DSR(
        evidence=[*images(), segmentation()],
        content=content[0],
        series_number=3,
        series_instance_uid=f"{ROOT}.1.3",
        sop_instance_uid=f"{ROOT}.3.2",
        instance_number=1,
        manufacturer="Siemens",
    )


@cache
def key_images() -> Dataset:
    content = hd.ko.KeyObjectSelection(
        document_title=codes.DCM.ForReferringProvider,
        referenced_objects=images()[:2],
        description="liver lesion, see Zbyszko",
        observer_person_context=ObserverContext(codes.DCM.Person, PersonObserverIdentifyingAttributes(name=READER)),
    )
    return hd.ko.KeyObjectSelectionDocument(
        evidence=images()[:2],
        content=content,
        series_instance_uid=f"{ROOT}.1.4",
        series_number=4,
        sop_instance_uid=f"{ROOT}.3.3",
        instance_number=1,
        manufacturer="Siemens",
    )


@cache
def presentation() -> Dataset:
    layer = hd.pr.GraphicLayer("ZBYSZKO", order=1, description="by Zbyszko")
    second = hd.pr.GraphicLayer("LIVER", order=2, description="liver")
    drawn = hd.pr.GraphicObject(
        graphic_type=hd.pr.GraphicTypeValues.POLYLINE,
        graphic_data=np.array([[4.0, 4.0], [9.0, 9.0]]),
        units=hd.pr.AnnotationUnitsValues.PIXEL,
    )
    said = hd.pr.TextObject(
        text_value="liver lesion Zbyszko 05.01.2024", units=hd.pr.AnnotationUnitsValues.PIXEL, anchor_point=(2.0, 2.0)
    )
    annotations = [
        hd.pr.GraphicAnnotation(images()[:1], layer, graphic_objects=[drawn], text_objects=[said]),
        hd.pr.GraphicAnnotation(images()[1:2], second, graphic_objects=[drawn]),
    ]
    return hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=images(),
        series_instance_uid=f"{ROOT}.1.5",
        series_number=5,
        sop_instance_uid=f"{ROOT}.3.4",
        instance_number=1,
        content_label="ZBYSZKO LIVER",
        content_description="liver of Zbyszko",
        content_creator_name=READER,
        graphic_annotations=annotations,
        graphic_layers=[layer, second],
        **_MADE,
    )


def _reference(target: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = target.SOPClassUID, target.SOPInstanceUID
    return item


def _items(*items: dict[str, object]) -> list[Dataset]:
    made = []
    for values in items:
        item = Dataset()
        for keyword, value in values.items():
            setattr(item, keyword, value)
        made.append(item)
    return made


@cache
def structures() -> Dataset:
    """An RT Structure Set on the slices, each contour naming its own."""
    made = _object(RTStructureSetStorage, 11, "RTSTRUCT")
    made.SeriesInstanceUID = f"{ROOT}.1.6"
    made.StructureSetLabel, made.StructureSetDate, made.StructureSetTime = "liver Zbyszko", "20240103", "120000"
    series = _items({"SeriesInstanceUID": SERIES, "ContourImageSequence": [_reference(one) for one in images()]})
    study = _items({"ReferencedSOPClassUID": "1.2.840.10008.3.1.2.3.1", "ReferencedSOPInstanceUID": STUDY})
    study[0].RTReferencedSeriesSequence = series
    frame = _items({"FrameOfReferenceUID": FRAME, "RTReferencedStudySequence": study})
    made.ReferencedFrameOfReferenceSequence = frame
    roi = {"ROINumber": 1, "ReferencedFrameOfReferenceUID": FRAME, "ROIName": "Liver Zbyszko"}
    made.StructureSetROISequence = _items(roi | {"ROIGenerationAlgorithm": "MANUAL", "ROIDescription": "by Zbyszko"})
    contours = [
        {
            "ContourImageSequence": [_reference(one)],
            "ContourGeometricType": "CLOSED_PLANAR",
            "NumberOfContourPoints": 3,
            "ContourData": [4, 4, 5 * number, 9, 4, 5 * number, 9, 9, 5 * number],
        }
        for number, one in enumerate(images(), 1)
    ]
    made.ROIContourSequence = _items({"ReferencedROINumber": 1, "ContourSequence": _items(*contours)})
    observed = {"ObservationNumber": 1, "ReferencedROINumber": 1, "ROIObservationLabel": "liver Zbyszko"}
    made.RTROIObservationsSequence = _items(observed | {"RTROIInterpretedType": "ORGAN", "ROIInterpreter": READER})
    return made


@cache
def plan() -> Dataset:
    made = _object(RTPlanStorage, 12, "RTPLAN")
    made.SeriesInstanceUID = f"{ROOT}.1.7"
    made.RTPlanLabel, made.RTPlanGeometry, made.RTPlanDate, made.RTPlanTime = "liver", "PATIENT", "20240104", "120000"
    made.ReferencedStructureSetSequence = [_reference(structures())]
    made.DoseReferenceSequence = _items({"DoseReferenceNumber": 1, "DoseReferenceUID": f"{ROOT}.8"})
    return made


@cache
def dose() -> Dataset:
    made = _object(RTDoseStorage, 13, "RTDOSE")
    made.SeriesInstanceUID = f"{ROOT}.1.8"
    made.DoseUnits, made.DoseType, made.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    made.ReferencedRTPlanSequence = [_reference(plan())]
    made.ReferencedStructureSetSequence = [_reference(structures())]
    return made


def whole() -> dict[str, Dataset]:
    """All of them by name."""
    derived = (segmentation, measurements, key_images, presentation, structures, plan, dose)
    return {f"image {number}": one for number, one in enumerate(images(), 1)} | {one.__name__: one() for one in derived}


def opened(name: str, profile: str = "research") -> FileDataset:
    """One of `whole`, cleaned, as another reader opens it."""
    return dcmread(BytesIO(cleaned(saved(whole()[name]), profile).part10))
