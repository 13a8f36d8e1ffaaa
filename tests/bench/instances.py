"""Makes CT instances like those of a scanner: a header of about 200 elements, 512 x 512 x 16 bit with noise.

The same seed gives the same bytes. Four patients, two studies each, two series each, whatever the number, unless more
series are asked for.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage

SERIES = 16
SIZE = 512
SEED = 20_240


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance; `file` holds its data set (explicit VR little endian), without preamble and file meta."""

    file: str
    patient_id: str
    study: str
    series: str
    sop: str


def uid(*parts: object) -> str:
    """A UID made from these parts (PS3.5 B.2): `2.25.` and a number of 122 bits."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big') >> 6}"


def make(folder: Path, batch: str, count: int, series: int = SERIES) -> list[Instance]:
    """Write `count` instances of so many series into `folder`; those of two batches share no identifier."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for instance, data_set in generate(batch, count, series):
        (folder / instance.file).write_bytes(data_set)
        made.append(instance)
    (folder / "index.json").write_text(json.dumps([asdict(one) for one in made]))
    return made


def read_index(folder: Path) -> list[Instance]:
    """What `make` made."""
    return [Instance(**one) for one in json.loads((folder / "index.json").read_text())]


def generate(batch: str, count: int, of_series: int = SERIES) -> Iterator[tuple[Instance, bytes]]:
    """The instances, series by series, and their data sets."""
    for number in range(count):
        series = number * of_series // count
        study, patient = series // 2, series // 4
        ids = (f"{batch}-{patient:04d}", uid(batch, "study", study), uid(batch, "series", series))
        sop = uid(batch, "instance", number)
        yield (
            Instance(f"{number:05d}.ds", *ids, sop),
            encode(header(batch, patient, study, series, number), pixels(batch, series, number)),
        )


def encode(header: Dataset, pixel_data: bytes) -> bytes:
    """The data set's bytes in explicit VR little endian (PS3.5 A.2)."""
    header.add(DataElement(0x7FE00010, "OW", pixel_data))
    buffer = BytesIO()
    out = DicomIO(buffer)
    out.is_little_endian, out.is_implicit_VR = True, False
    write_dataset(out, header)
    return buffer.getvalue()


def pixels(batch: str, series: int, number: int) -> bytes:
    """A body in air, with organs and the scanner's noise; stored values, the rescale intercept is -1024."""
    seed = int.from_bytes(hashlib.sha256(f"{SEED}/{batch}/{number}".encode()).digest()[:8], "big")
    noise = np.random.default_rng(seed).standard_normal((SIZE, SIZE), dtype=np.float32)
    image = _anatomy(series) + 12.0 * noise
    return np.clip(image, 0, 4095).astype("<i2").tobytes()


def _anatomy(series: int) -> NDArray[np.float32]:
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j].astype(np.float32)
    body = (x / 0.8) ** 2 + (y / 0.6) ** 2 < 1
    lungs = ((np.abs(x) - 0.35) / 0.22) ** 2 + (y / 0.38) ** 2 < 1
    spine = (x / 0.1) ** 2 + ((y - 0.38) / 0.1) ** 2 < 1
    soft = 1064 + 8 * np.sin((9 + series) * x) * np.cos(11 * y)
    image: NDArray[np.float32] = np.select([spine, lungs, body], [1724.0, 174.0, soft], 24.0).astype(np.float32)
    return image


def header(batch: str, patient: int, study: int, series: int, number: int) -> Dataset:
    """All but the pixels. Names and identifiers are invented."""
    dataset = Dataset()
    _patient_and_study(dataset, batch, patient, study)
    _series_and_equipment(dataset, batch, study, series)
    _image(dataset, batch, number)
    _private(dataset, series)
    return dataset


def _code(value: str, meaning: str, scheme: str = "SCT") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _reference(class_uid: str, instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = class_uid, instance_uid
    return item


def _patient_and_study(dataset: Dataset, batch: str, patient: int, study: int) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName = f"Muster{patient}^Erika^^Dr."
    dataset.PatientID = f"{batch}-{patient:04d}"
    dataset.IssuerOfPatientID = "BENCH"
    dataset.PatientBirthDate, dataset.PatientSex, dataset.PatientAge = "19600131", "F", "063Y"
    dataset.PatientSize, dataset.PatientWeight = "1.71", "68.5"
    dataset.PatientAddress = "Hauptstr. 1, 12345 Musterstadt"
    dataset.OtherPatientIDs = ["X1", "X2"]
    dataset.EthnicGroup, dataset.Occupation = "unknown", "Teacher"
    dataset.AdditionalPatientHistory, dataset.PatientComments = "Follow-up after treatment", "walks with a stick"
    dataset.MedicalAlerts, dataset.Allergies, dataset.PregnancyStatus = "none", "none known", 4
    dataset.StudyInstanceUID = uid(batch, "study", study)
    dataset.StudyDate, dataset.StudyTime = f"202302{study % 18 + 10:02d}", "101112.000"
    dataset.AccessionNumber, dataset.StudyID = f"A{study:07d}", f"S{study}"
    dataset.ReferringPhysicianName = "Hausarzt^Hans"
    dataset.PhysiciansOfRecord, dataset.NameOfPhysiciansReadingStudy = "Radio^Rita", "Radio^Rita"
    dataset.OperatorsName, dataset.PerformingPhysicianName = "Tech^Tina", "Radio^Rita"
    dataset.StudyDescription, dataset.AdmissionID = "CT Thorax/Abdomen", f"V{patient}"
    dataset.InstitutionName, dataset.InstitutionAddress = "Klinikum Musterstadt", "Klinikweg 2, Musterstadt"
    dataset.InstitutionalDepartmentName, dataset.StationName = "Radiologie", "CT01"
    dataset.ProcedureCodeSequence = Sequence([_code("77477000", "Computed tomography")])
    dataset.ReferencedStudySequence = Sequence([_reference("1.2.840.10008.3.1.2.3.1", uid(batch, "mpps", study))])
    dataset.RequestingPhysician, dataset.RequestingService = "Hausarzt^Hans", "Onkologie"
    dataset.RequestedProcedureDescription, dataset.RequestedProcedurePriority = "CT Thorax", "ROUTINE"
    dataset.RequestedContrastAgent, dataset.CurrentPatientLocation = "Iomeprol", "Ward 3"


def _series_and_equipment(dataset: Dataset, batch: str, study: int, series: int) -> None:
    dataset.Modality, dataset.SeriesInstanceUID = "CT", uid(batch, "series", series)
    dataset.SeriesNumber, dataset.SeriesDescription = series % 2 + 1, "Thorax 1.0 B30f"
    dataset.SeriesDate, dataset.SeriesTime = f"202302{study % 18 + 10:02d}", "101500.000"
    dataset.ProtocolName, dataset.BodyPartExamined, dataset.PatientPosition = "Thorax", "CHEST", "HFS"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = uid(batch, "frame", study), "XY"
    dataset.Manufacturer, dataset.ManufacturerModelName = "Muster Medical", "Scanner 64"
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = "12345", ["VA1", "VB2"]
    dataset.SpatialResolution, dataset.DateOfLastCalibration, dataset.TimeOfLastCalibration = (
        "0.4",
        "20230201",
        "070000",
    )
    dataset.PerformedProcedureStepID, dataset.PerformedProcedureStepDescription = f"P{study}", "CT Thorax"
    dataset.PerformedProcedureStepStartDate, dataset.PerformedProcedureStepStartTime = "20230210", "101200"
    dataset.PerformedStationAETitle, dataset.PerformedStationName = "CT01", "CT01"
    request = Dataset()
    request.ScheduledProcedureStepDescription, request.ScheduledProcedureStepID = "CT Thorax", f"SPS{study}"
    request.RequestedProcedureID, request.RequestedProcedureDescription = f"RP{study}", "CT Thorax"
    request.ScheduledProtocolCodeSequence = Sequence([_code("CTTHX", "CT Thorax", "99BENCH")])
    dataset.RequestAttributesSequence = Sequence([request])
    dataset.PerformedProtocolCodeSequence = Sequence([_code("CTTHX", "CT Thorax", "99BENCH")])
    dataset.AnatomicRegionSequence = Sequence([_code("51185008", "Chest")])
    dataset.ContrastBolusAgent, dataset.ContrastBolusRoute = "Iomeprol 350", "IV"
    dataset.ContrastBolusVolume, dataset.ContrastFlowRate, dataset.ContrastFlowDuration = "80", "3", "26"


def _image(dataset: Dataset, batch: str, number: int) -> None:
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, uid(batch, "instance", number)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"]
    dataset.InstanceNumber, dataset.AcquisitionNumber = number + 1, 1
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = "20230210", "101530.250"
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20230210", "101510.5"
    dataset.ContentDate, dataset.ContentTime = "20230210", "101511.25"
    dataset.AcquisitionDateTime = "20230210101510.5"
    dataset.KVP, dataset.XRayTubeCurrent, dataset.Exposure, dataset.ExposureTime = "120", "210", "105", "500"
    dataset.DataCollectionDiameter, dataset.ReconstructionDiameter = "500", "350"
    dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient = "1040", "570"
    dataset.GantryDetectorTilt, dataset.TableHeight, dataset.RotationDirection = "0", "152.5", "CW"
    dataset.FilterType, dataset.GeneratorPower, dataset.FocalSpots = "BODY", "25", ["1.2", "0.9"]
    dataset.ConvolutionKernel, dataset.ScanOptions, dataset.CTDIvol = "B30f", "HELIX", 7.25
    dataset.RevolutionTime, dataset.SingleCollimationWidth, dataset.TotalCollimationWidth = 0.5, 0.6, 38.4
    dataset.TableSpeed, dataset.TableFeedPerRotation, dataset.SpiralPitchFactor = 46.0, 23.0, 0.6
    dataset.ExposureModulationType, dataset.EstimatedDoseSaving = "XYZ_EC", 32.0
    dataset.ImagePositionPatient = ["-175", "-175", f"{-0.7 * number:.2f}"]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.SliceLocation, dataset.SliceThickness = f"{-0.7 * number:.2f}", "1"
    dataset.PixelSpacing, dataset.SpacingBetweenSlices = ["0.68359375", "0.68359375"], "0.7"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = SIZE
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.add(DataElement(0x00280106, "SS", 0))
    dataset.add(DataElement(0x00280107, "SS", 4095))
    dataset.WindowCenter, dataset.WindowWidth = ["40", "-600"], ["400", "1200"]
    dataset.WindowCenterWidthExplanation = ["MEDIASTINUM", "LUNG"]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "-1024", "1", "HU"
    dataset.LossyImageCompression, dataset.BurnedInAnnotation, dataset.PresentationLUTShape = "00", "NO", "IDENTITY"
    references = [_reference(CTImageStorage, uid(batch, "localiser", place)) for place in range(3)]
    dataset.ReferencedImageSequence = Sequence(references)
    source = _reference(CTImageStorage, uid(batch, "raw", number))
    source.PurposeOfReferenceCodeSequence = Sequence([_code("121322", "Source image", "DCM")])
    dataset.SourceImageSequence = Sequence([source])
    dataset.IrradiationEventUID = uid(batch, "event", number)


def _private(dataset: Dataset, series: int) -> None:
    for group, count in ((0x0019, 12), (0x0029, 24)):
        block = dataset.private_block(group, "MUSTER MEDICAL BENCH", create=True)
        for element in range(count):
            if element % 3:
                block.add_new(element, "LO", f"value {series}.{element}")
            else:
                block.add_new(element, "DS", f"{element}.{series}")
