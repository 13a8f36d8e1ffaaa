"""Pictures of images made here: size, brightness, polarity, colour, and why there is none."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000, MPEG2MPML, UID, JPEG2000Lossless, JPEGBaseline8Bit, JPEGExtended12Bit, RLELossless

from services.thumbnailer.picture import NoPicture, Picture
from services.thumbnailer.render import render
from shared.outcome import Reason
from tests.unit.thumbnailer.images import drawn, file_of, grey, image, ramp, rgb


def near(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(one - other) <= 6 for one, other in zip(found, wanted, strict=True))


def item(**attributes: Any) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


# --- size


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((512, 512), (256, 256)),
        ((512, 256), (128, 256)),
        ((100, 2000), (256, 13)),
        ((16, 8), (128, 256)),
        ((1, 900), (256, 1)),
    ],
)
def test_the_long_side_has_256_pixels(shape: tuple[int, int], size: tuple[int, int]) -> None:
    picture = drawn(image(np.zeros(shape, "u1")))
    assert (picture.width, picture.height) == size
    assert Image.open(BytesIO(picture.jpeg)).size == size


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({"PixelAspectRatio": [2, 1]}, (128, 256)),
        ({"PixelAspectRatio": [1, 2]}, (256, 128)),
        ({"PixelSpacing": [0.5, 1.0]}, (256, 128)),
        ({"PixelAspectRatio": [1, 1], "PixelSpacing": [0.5, 1.0]}, (256, 256)),
        ({"PixelSpacing": [0.0, 1.0]}, (256, 256)),
        ({"PixelAspectRatio": [1, 100000]}, (256, 256)),
    ],
)
def test_pixels_that_are_not_square(attributes: dict[str, Any], size: tuple[int, int]) -> None:
    picture = drawn(image(ramp(), **attributes))
    assert (picture.width, picture.height) == size


def test_the_same_bytes_give_the_same_picture() -> None:
    data = file_of(image(ramp()))
    assert render(data) == render(data)


# --- grey


def test_window_sets_black_and_white() -> None:
    shown = grey(image(ramp(), WindowCenter=2000, WindowWidth=1000))
    assert shown[128, 50] < 5
    assert shown[128, 128] == pytest.approx(128, abs=8)
    assert shown[128, 205] > 250


def test_the_first_of_several_windows_counts() -> None:
    one, several = ramp(), image(ramp(), WindowCenter=[2000, 100], WindowWidth=[1000, 5])
    assert (grey(several) == grey(image(one, WindowCenter=2000, WindowWidth=1000))).all()


def test_rescale_comes_before_the_window() -> None:
    shown = grey(image(ramp(), RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3000, WindowWidth=2000))
    assert (shown == grey(image(ramp(), WindowCenter=2000, WindowWidth=1000))).mean() > 0.95


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_other_window_functions(function: str) -> None:
    shown = grey(image(ramp(), WindowCenter=2000, WindowWidth=1000, VOILUTFunction=function))
    assert shown[128, 128] == pytest.approx(128, abs=8)
    assert shown[128, 10] < 5
    assert shown[128, 245] > 250


@pytest.mark.parametrize(
    "window", [{}, {"WindowCenter": 90_000, "WindowWidth": 10}, {"WindowCenter": 1, "WindowWidth": 0}]
)
def test_without_a_usable_window_the_values_spread(window: dict[str, Any]) -> None:
    shown = grey(image(ramp(low=700, high=760), **window))
    assert shown[128, 2] < 10
    assert shown[128, 253] > 245


def test_monochrome1_is_inverted() -> None:
    straight = grey(image(ramp(), WindowCenter=2000, WindowWidth=4000))
    turned = grey(image(ramp(), WindowCenter=2000, WindowWidth=4000, PhotometricInterpretation="MONOCHROME1"))
    assert np.abs(255 - turned - straight).max() <= 3


def test_signed_values() -> None:
    shown = grey(image(ramp("i2", -1000, 1000), WindowCenter=0, WindowWidth=2000))
    assert shown[128, 5] < 10
    assert shown[128, 250] > 245


def test_unused_bits_are_masked() -> None:
    pixels = ramp(high=4095) | 0x8000
    shown = grey(image(pixels, BitsStored=12, HighBit=11, WindowCenter=2048, WindowWidth=4096))
    assert shown[128, 5] < 10


def test_seven_bits_stored_use_the_whole_scale() -> None:
    assert grey(image(ramp("u1", 0, 127), BitsStored=7, HighBit=6)).max() > 245


@pytest.mark.parametrize("written", [-2000, 63536])
def test_padding_is_black_and_takes_no_part(written: int) -> None:
    pixels = ramp("i2", 1000, 1100)
    pixels[:, :256] = -2000
    dataset = image(pixels)
    dataset.add_new(0x00280120, "SS" if written < 0 else "US", written)
    shown = grey(dataset)
    assert shown[128, :120].max() < 12
    assert np.ptp(shown[128, 136:]) > 200


def test_padding_is_black_in_monochrome1_too() -> None:
    pixels = ramp(high=1000)
    pixels[:256] = 4095
    dataset = image(pixels, PhotometricInterpretation="MONOCHROME1")
    dataset.add_new(0x00280120, "US", 4095)
    assert grey(dataset)[:120].max() < 12


def test_modality_lut() -> None:
    lut = item(LUTDescriptor=[4096, 0, 16], ModalityLUTType="US")
    lut.add_new(0x00283006, "OW", np.arange(4095, -1, -1, dtype="u2").tobytes())
    shown = grey(image(ramp(high=4095), ModalityLUTSequence=Sequence([lut])))
    assert shown[128, 5] > 245
    assert shown[128, 250] < 10


@pytest.mark.parametrize("vr", ["OW", "US"])
def test_voi_lut(vr: str) -> None:
    entries = np.repeat(np.array([0, 65535], "u2"), 2048)
    lut = item(LUTDescriptor=[4096, 0, 16])
    lut.add_new(0x00283006, vr, entries.tobytes() if vr == "OW" else entries.tolist())
    shown = grey(image(ramp(high=4095), VOILUTSequence=Sequence([lut])))
    assert shown[128, 118] < 10
    assert shown[128, 138] > 245


def test_functional_groups_of_the_middle_frame() -> None:
    def window(centre: int) -> Dataset:
        return item(FrameVOILUTSequence=Sequence([item(WindowCenter=centre, WindowWidth=100)]))

    pixels = np.stack([ramp(side=64)] * 3)
    pixels[0], pixels[2] = 0, 4000
    shown = grey(
        image(
            pixels,
            PerFrameFunctionalGroupsSequence=Sequence([window(0), window(1000), window(0)]),
            SharedFunctionalGroupsSequence=Sequence(
                [item(PixelValueTransformationSequence=Sequence([item(RescaleSlope=0.5, RescaleIntercept=0)]))]
            ),
        )
    )
    assert shown[128, 100] < 10
    assert shown[128, 160] > 245


def test_one_bit_allocated_runs_on_between_frames() -> None:
    frames = np.zeros((3, 10, 10), "u1")
    frames[1, :, 5:] = 1
    packed = np.packbits(frames.ravel(), bitorder="little")
    dataset = image(frames, BitsAllocated=1, BitsStored=1, HighBit=0, Modality="SEG")
    dataset.PixelData = packed.tobytes()
    shown = grey(dataset)
    assert shown[128, 50] < 10
    assert shown[128, 200] > 245


def test_dose_grid_of_32_bits() -> None:
    shown = grey(image(ramp("u4", 0, 4e9, side=40)))
    assert shown[128, 2] < 10
    assert shown[128, 253] > 245


@pytest.mark.parametrize(("dtype", "keyword"), [("f4", "FloatPixelData"), ("f8", "DoubleFloatPixelData")])
def test_floating_point_with_holes(dtype: str, keyword: str) -> None:
    pixels = ramp(dtype, 0, 1, side=300)
    pixels[:10] = np.nan
    pixels[10, 3] = np.inf
    dataset = image(pixels, PixelData=None, PixelRepresentation=None, BitsStored=None, HighBit=None)
    setattr(dataset, keyword, pixels.tobytes())
    shown = grey(dataset)
    assert shown[128, 2] < 10
    assert shown[128, 253] > 245
    assert shown[2].max() < 12


@pytest.mark.parametrize("level", [0, 7])
def test_nothing_but_one_value(level: int) -> None:
    assert np.ptp(grey(image(np.full((20, 20), level, "u2")))) == 0


@pytest.mark.parametrize("keyword", ["WindowCenter", "RescaleSlope", "PixelPaddingValue", "PixelSpacing"])
def test_an_attribute_that_is_no_number_counts_as_missing(keyword: str) -> None:
    dataset = image(ramp())
    dataset.add_new(keyword, "LO", "canary")
    assert np.ptp(grey(dataset)) > 200


@pytest.mark.parametrize("frames", ["1A", "0", "-4", ""])
def test_a_number_of_frames_that_nobody_can_use_counts_as_one(frames: str) -> None:
    dataset = image(ramp())
    dataset.add_new(0x00280008, "LO", frames)
    assert np.ptp(grey(dataset)) > 200


# --- colour

ORANGE = (230, 120, 20)


def filled(colour: tuple[int, ...], side: int = 64, dtype: str = "u1") -> NDArray[Any]:
    return np.tile(np.array(colour, dtype), (side, side, 1))


def ybr(colour: tuple[int, int, int]) -> tuple[int, ...]:
    return Image.new("RGB", (1, 1), colour).convert("YCbCr").getpixel((0, 0))  # type: ignore[return-value]


def test_rgb_by_pixel_and_by_plane() -> None:
    by_plane = image(filled(ORANGE), PlanarConfiguration=1)
    by_plane.PixelData = np.ascontiguousarray(np.moveaxis(filled(ORANGE), -1, 0)).tobytes()
    assert near(rgb(image(filled(ORANGE))), ORANGE)
    assert near(rgb(by_plane), ORANGE)


def test_rgb_of_16_bits() -> None:
    assert near(rgb(image(filled((230 * 257, 120 * 257, 20 * 257), dtype="u2"))), ORANGE)


def test_ybr_full() -> None:
    assert near(rgb(image(filled(ybr(ORANGE)), PhotometricInterpretation="YBR_FULL")), ORANGE)


@pytest.mark.parametrize("whole", [False, True])
def test_ybr_full_422_halved_as_it_must_be_or_whole_as_some_send_it(whole: bool) -> None:
    y, b, r = ybr(ORANGE)
    dataset = image(filled((y, b, r)), PhotometricInterpretation="YBR_FULL_422")
    if not whole:
        dataset.PixelData = bytes((y, y, b, r)) * (64 * 32)
    assert near(rgb(dataset), ORANGE)


@pytest.mark.parametrize(("bits", "scale"), [(16, 257), (16, 1), (8, 1)])
def test_palette_colour(bits: int, scale: int) -> None:
    dataset = image(np.full((64, 64), 3, "u1"), PhotometricInterpretation="PALETTE COLOR")
    for name, level in zip(("Red", "Green", "Blue"), ORANGE, strict=True):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [4, 0, bits])
        entries = np.array([0, 0, 0, level * scale], "u2" if bits == 16 else "u1")
        setattr(dataset, f"{name}PaletteColorLookupTableData", entries.tobytes())
    assert near(rgb(dataset), ORANGE)


def jpeg_without_jfif_marker() -> bytes:
    out = BytesIO()
    Image.fromarray(filled(ORANGE)).save(out, "JPEG", quality=95, subsampling=2)
    made = out.getvalue()
    assert made[6:10] == b"JFIF"
    return made[:2] + made[20:]


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "RGB"])
def test_jpeg_with_halved_colour_is_ybr_whatever_the_header_says(photometric: str) -> None:
    dataset = image(filled(ORANGE), JPEGBaseline8Bit, PhotometricInterpretation=photometric)
    dataset.PixelData = encapsulate([jpeg_without_jfif_marker()])
    assert near(rgb(dataset), ORANGE)


def test_jpeg_2000_whose_stream_says_signed_and_whose_header_does_not() -> None:
    dataset = image(ramp("i2", -1000, 1000), WindowCenter=0, WindowWidth=2000)
    dataset.compress(JPEG2000Lossless)
    dataset.PixelRepresentation = 0
    shown = grey(dataset)
    assert shown[128, 5] < 10
    assert shown[128, 250] > 245


def test_only_the_middle_frame_is_decoded() -> None:
    dataset = image(np.stack([filled(ORANGE)[..., 0]] * 3), JPEGBaseline8Bit, NumberOfFrames=3)
    good = BytesIO()
    Image.new("L", (64, 64), 200).save(good, "JPEG")
    dataset.PixelData = encapsulate([b"broken", good.getvalue(), b"broken"])
    assert grey(dataset).mean() > 190


# --- no picture


def test_no_pixels() -> None:
    assert render(file_of(image(ramp(), PixelData=None))) == NoPicture(Reason.NO_PIXELS)


@pytest.mark.parametrize(
    ("syntax", "attributes"),
    [
        (MPEG2MPML, {}),
        (UID("1.2.840.113619.5.2.99"), {}),
        (JPEGExtended12Bit, {"BitsStored": 12}),
        (RLELossless, {"BitsAllocated": 1, "BitsStored": 1}),
    ],
)
def test_no_decoder(syntax: UID, attributes: dict[str, Any]) -> None:
    dataset = image(ramp(), syntax, **attributes)
    dataset.PixelData = encapsulate([b"1234"])
    dataset["PixelData"].is_undefined_length = True
    assert render(file_of(dataset)) == NoPicture(Reason.NO_DECODER)


@pytest.mark.parametrize("data", [b"", b"no DICOM at all", bytes(128) + b"DICM"])
def test_what_is_no_dicom_makes_no_picture(data: bytes) -> None:
    assert isinstance(render(data), NoPicture)


def test_decoder_failed() -> None:
    short = image(ramp(), Rows=4000)
    broken = image(ramp(), JPEG2000)
    broken.PixelData = encapsulate([b"\xff\x4f broken"])
    for dataset in (short, broken):
        assert render(file_of(dataset)) == NoPicture(Reason.DECODER_FAILED)


def test_a_picture_is_a_plain_jpeg() -> None:
    picture = render(file_of(image(ramp())))
    assert isinstance(picture, Picture)
    shown = Image.open(BytesIO(picture.jpeg))
    assert (shown.format, shown.mode) == ("JPEG", "L")
    assert not shown.getexif()
