"""Small instances made for tests: complete, distinct and the same at every run. Black box: imports nothing of ours."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

ROOT = "2.999.4711"
"""Under the arc that ITU-T X.660 gives to examples."""


PREAMBLE = bytes(128) + b"DICM"


@dataclass(frozen=True)
class Item:
    """What one C-STORE request carries."""

    sop_class_uid: str
    sop_instance_uid: str
    data_set: bytes
    transfer_syntax_uid: str = str(ExplicitVRLittleEndian)

    def part10(self) -> bytes:
        """As a file (PS3.10), its data set untouched."""
        buffer = DicomBytesIO()
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = UID(self.sop_class_uid)
        meta.MediaStorageSOPInstanceUID = UID(self.sop_instance_uid)
        meta.TransferSyntaxUID = UID(self.transfer_syntax_uid)
        write_file_meta_info(buffer, meta)
        return PREAMBLE + buffer.getvalue() + self.data_set


def data_set_of(part10: bytes) -> bytes:
    """What stands behind the file meta information (PS3.10 Section 7.1)."""
    assert part10.startswith(b"DICM", 128)
    assert part10[132:136] == b"\x02\x00\x00\x00"
    return part10[144 + int.from_bytes(part10[140:144], "little") :]


def item_of(part10: bytes) -> Item:
    """The request that a sender makes of a whole file. Its meta information may name another instance than it is."""
    file = dcmread(BytesIO(part10), stop_before_pixels=True, force=True)
    syntax = file.file_meta.TransferSyntaxUID
    return Item(str(file.SOPClassUID), str(file.SOPInstanceUID), data_set_of(part10), str(syntax))


def encoded(dataset: Dataset) -> Item:
    """The request for `dataset`, in Explicit VR Little Endian."""
    buffer = BytesIO()
    dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return Item(str(dataset.SOPClassUID), str(dataset.SOPInstanceUID), buffer.getvalue())


def ct(collection: int, number: int, *, studies: int = 1, side: int = 64, kernel: str = "B31s") -> Item:
    """Image `number` of a collection that is spread over so many studies; `kernel` makes it another content."""
    return encoded(ct_dataset(collection, number, studies=studies, side=side, kernel=kernel))


def ct_dataset(collection: int, number: int, *, studies: int = 1, side: int = 64, kernel: str = "B31s") -> Dataset:
    """As `ct`: a CT image with all attributes of type 1 and 2 (PS3.3 A.3)."""
    study = number % studies
    root = f"{ROOT}.{collection}.{study + 1}"
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 100"
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, f"{root}.1.{number + 1}"
    image.StudyInstanceUID, image.SeriesInstanceUID = root, f"{root}.1"
    image.FrameOfReferenceUID, image.PositionReferenceIndicator = f"{root}.2", ""
    image.StudyDate = image.SeriesDate = image.ContentDate = f"2011{1 + study % 12:02}15"
    image.StudyTime = image.SeriesTime = image.ContentTime = "101500"
    image.AccessionNumber, image.StudyID = f"ACC{collection}-{study}", f"{study + 1}"
    image.Modality, image.Manufacturer = "CT", "Isocentre tests"
    image.ReferringPhysicianName, image.PatientName = "", f"Test^Study{study}"
    image.PatientID, image.PatientBirthDate, image.PatientSex = f"PAT-{collection}-{study}", "19510203", "O"
    image.SliceThickness, image.KVP, image.ConvolutionKernel, image.PatientPosition = "2.5", "120", kernel, "HFS"
    image.SeriesNumber, image.AcquisitionNumber, image.InstanceNumber = 1, 1, number + 1
    image.ImagePositionPatient, image.ImageOrientationPatient = [0, 0, 2.5 * number], [1, 0, 0, 0, 1, 0]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows = image.Columns = side
    image.PixelSpacing = [0.7, 0.7]
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.WindowCenter, image.WindowWidth, image.RescaleIntercept, image.RescaleSlope = "40", "400", "-1024", "1"
    image.PixelData = pixels(side, number)
    return image


def pixels(side: int, number: int) -> bytes:
    """A disc on a slope whose place tells the number: 12 bits in 16, little endian."""
    rows, columns = np.mgrid[0:side, 0:side]
    disc = (rows - side / 2) ** 2 + (columns - (number * 7) % side) ** 2 < (side / 4) ** 2
    return bytes((900 + rows * 4 + number % 50 + disc * 200).astype("<u2").tobytes())
