"""Objects with writing in their pixels, in every way in which DICOM stores pixels, and detectors that know where."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tree import Element, Item, Syntax
from services.anonymiser.pixels.boxes import Box
from services.anonymiser.pixels.description import Array, Description

ROWS, COLUMNS = 64, 96
TEXT = Box(10, 20, 74, 34)
"""Where the writing is."""
SC, CT, US = ("1.2.840.10008.5.1.4.1.1." + kind for kind in ("7", "2", "6.1"))
QUIET: dict[str, object] = {"SOPClassUID": CT, "Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}
"""Attributes of an object that nobody looks at for writing."""
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
LOSSLESS = (RLELossless, JPEGLSLossless, JPEG2000Lossless)
LOSSY = (JPEGLSNearLossless, JPEG2000)
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_OPTIONS: dict[str, dict[str, object]] = {JPEG2000: {"j2k_cr": [4]}, JPEGLSNearLossless: {"jls_error": 2}}


@dataclass(frozen=True, slots=True)
class Kind:
    """How samples are stored. `top`: the value of the writing; `low`, `high`: between them is all else."""

    photometric: str
    stored: int = 8
    allocated: int = 8
    signed: bool = False
    samples: int = 1
    planar: int = 0

    def __str__(self) -> str:
        sign = "s" if self.signed else "u"
        return f"{self.photometric}-{sign}{self.stored}in{self.allocated}-p{self.planar}".replace(" ", "-")

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return np.dtype(f"{'i' if self.signed else 'u'}{max(self.allocated // 8, 1)}")


GREY = Kind("MONOCHROME2")
RGB = Kind("RGB", samples=3)
DEEP = Kind("MONOCHROME2", 12, 16)
SIGNED = Kind("MONOCHROME2", 12, 16, signed=True)
KINDS = (
    GREY,
    Kind("MONOCHROME1"),
    DEEP,
    Kind("MONOCHROME1", 12, 16),
    Kind("MONOCHROME2", 16, 16, signed=True),
    SIGNED,
    Kind("PALETTE COLOR"),
    RGB,
    Kind("RGB", samples=3, planar=1),
    Kind("YBR_FULL", samples=3),
)


def description(**changes: object) -> Description:
    """Of one native frame of four by four pixels of 12 bits, but for `changes`."""
    known: dict[str, object] = {"syntax": str(ExplicitVRLittleEndian), "rows": 4, "columns": 4, "samples": 1}
    known |= {"frames": 1, "allocated": 16, "stored": 12, "high": 11, "signed": False, "planar": 0}
    return Description(**(known | {"photometric": "MONOCHROME2"} | changes))  # type: ignore[arg-type]


def writing(rows: int = ROWS, columns: int = COLUMNS, box: Box = TEXT, text: str = "DOE JANE 47") -> Array:
    """True where there is ink."""
    image = Image.new("L", (box.right - box.left, box.bottom - box.top))
    ImageDraw.Draw(image).text((1, 1), text, fill=255)
    ink = np.zeros((rows, columns), bool)
    ink[box.top : box.bottom, box.left : box.right] = np.asarray(image) > 127
    return ink


def stored_values(kind: Kind, seed: int = 0, ink: Array | None = None) -> Array:
    """One frame of `kind` with ink in it: (rows, columns) or with three samples."""
    ink = writing() if ink is None else ink
    noise = np.random.default_rng(seed).random(ink.shape)
    if kind.allocated == 1:
        return ink.astype(np.uint8)
    low, high = (-(2 ** (kind.stored - 1)), 2 ** (kind.stored - 1) - 1) if kind.signed else (0, 2**kind.stored - 1)
    width = high - low
    if kind.photometric == "PALETTE COLOR":
        return np.where(ink, 7, 20 + noise * 200).astype(kind.dtype)  # the seventh colour is white
    grey = low + width * (0.1 + 0.5 * noise)
    values = np.where(ink, high, grey)
    if kind.photometric == "MONOCHROME1":
        values = low + high - values
    if kind.samples == 1:
        return values.astype(kind.dtype)
    others = [np.where(ink, high, low + width * (0.1 + 0.5 * noise[::-1])) for _ in range(2)]
    if kind.photometric.startswith("YBR"):
        others = [np.full(ink.shape, 120), np.full(ink.shape, 140)]
    return np.stack([values, *others], axis=-1).astype(kind.dtype)


def data_set(frames: list[Array], kind: Kind, syntax: str, **attributes: object) -> Dataset:
    """The whole object with these frames, as pydicom writes it."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = SC, "1.2.3", "OT"
    made.Rows, made.Columns = frames[0].shape[:2]
    made.SamplesPerPixel, made.PhotometricInterpretation = kind.samples, kind.photometric
    made.BitsAllocated, made.BitsStored, made.HighBit = kind.allocated, kind.stored, kind.stored - 1
    made.PixelRepresentation = int(kind.signed)
    if kind.samples > 1:
        made.PlanarConfiguration = kind.planar
    if len(frames) > 1:
        made.NumberOfFrames = len(frames)
    if kind.photometric == "PALETTE COLOR":
        _add_palette(made, big=syntax == ExplicitVRBigEndian)
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(syntax)
    made.PixelData, made["PixelData"].VR = pixel_data(frames, kind, syntax), "OB" if kind.allocated <= 8 else "OW"
    made["PixelData"].is_undefined_length = UID(syntax).is_encapsulated
    return made


def pixel_data(frames: list[Array], kind: Kind, syntax: str) -> bytes:
    if syntax in NATIVE:
        return _native(frames, kind, big=syntax == ExplicitVRBigEndian)
    if syntax == JPEGBaseline8Bit:
        return encapsulate([_jpeg(frame, kind) for frame in frames])
    return encapsulate([_encoded(frame, kind, syntax) for frame in frames])


def read_back(made: Dataset) -> tuple[Item, Syntax]:
    """The elements as the engine reads them."""
    syntax, elements = read(whole(made))
    return elements, syntax


def whole(made: Dataset) -> bytes:
    file = BytesIO()
    dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def pictured(frames: list[Array], kind: Kind, syntax: str, **attributes: object) -> tuple[Item, Syntax]:
    """The object with these frames, as the engine reads it."""
    if syntax != DEFLATED_FRAMES:
        return read_back(data_set(frames, kind, syntax, **attributes))
    elements, _ = read_back(data_set(frames, kind, RLELossless, **attributes))  # pydicom does not know the newer one
    value = encapsulate([_deflated(frame, kind) for frame in frames])
    return with_elements(elements, Element(0x7FE00010, "OB", value, encapsulated=True)), Syntax(DEFLATED_FRAMES)


def _native(frames: list[Array], kind: Kind, big: bool) -> bytes:
    if kind.allocated == 1:
        bits = np.concatenate([frame.ravel() for frame in frames])
        return np.packbits(bits, bitorder="little").tobytes()
    arranged = [frame.transpose(2, 0, 1) if kind.planar else frame for frame in frames]
    values = np.concatenate([np.ascontiguousarray(frame).ravel() for frame in arranged])
    return values.astype(values.dtype.newbyteorder(">" if big else "<")).tobytes()


def _jpeg(frame: Array, kind: Kind) -> bytes:
    file = BytesIO()
    mode = "L" if kind.samples == 1 else "YCbCr"
    Image.fromarray(frame, mode).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


def _encoded(frame: Array, kind: Kind, syntax: str) -> bytes:
    return get_encoder(UID(syntax)).encode(
        np.ascontiguousarray(frame),
        rows=frame.shape[0],
        columns=frame.shape[1],
        number_of_frames=1,
        samples_per_pixel=kind.samples,
        bits_allocated=kind.allocated,
        bits_stored=kind.stored,
        pixel_representation=int(kind.signed),
        photometric_interpretation="MONOCHROME2" if kind.samples == 1 else "RGB",
        planar_configuration=0,
        **_OPTIONS.get(syntax, {}),
    )


def _deflated(frame: Array, kind: Kind) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(_native([frame], kind, big=False)) + deflater.flush()


def _add_palette(made: Dataset, big: bool) -> None:
    """All colours are grey levels, but the seventh, which is white; the darkest is number 200."""
    levels = np.arange(256, dtype=np.uint16) // 2 * 256 + 2560
    levels[7], levels[200] = 65535, 0
    for colour in ("Red", "Green", "Blue"):
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(made, f"{colour}PaletteColorLookupTableData", levels.astype(">u2" if big else "<u2").tobytes())


@dataclass(frozen=True, slots=True)
class Knowing:
    """Finds writing where the test put it, in these looks, as long as neighbours differ by more than `least` there."""

    boxes: tuple[Box, ...]
    looks: tuple[int, ...] = (1, 2)
    least: int = 60

    def find(self, image: Array, look: int) -> tuple[Box, ...]:
        assert image.dtype == np.uint8
        assert image.ndim == 2 or image.shape[2] == 3
        return tuple(box for box in self.boxes if look in self.looks and self._seen(image, box))

    def _seen(self, image: Array, box: Box) -> bool:
        part = image[box.top : box.bottom, box.left : box.right].astype(int)
        return int(np.abs(np.diff(part, axis=1)).max(initial=0)) > self.least


class Stubborn:
    """Sees writing, whatever is done."""

    def find(self, image: Array, look: int) -> tuple[Box, ...]:
        return (TEXT,)


def knowing(*boxes: Box, looks: tuple[int, ...] = (1, 2), least: int = 60) -> Callable[[], Knowing]:
    return lambda: Knowing(boxes or (TEXT,), looks, least)


def with_elements(elements: Item, *extra: Element) -> Item:
    merged = {element.tag: element for element in (*elements, *extra)}
    return tuple(merged[tag] for tag in sorted(merged))
