"""Real files: those in the pydicom wheel, and a folder of more where ISOCENTRE_CORPUS_DIR names one."""

import warnings
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom.data
from PIL import Image

from services.thumbnailer.picture import LONG_SIDE, Picture
from services.thumbnailer.render import render
from shared.outcome import Reason
from tests.support import corpus

WHEEL = Path(pydicom.data.__file__).parent


def part10_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        if data[128:132] == b"DICM":
            yield path.name, data


def draw_all(folder: Path) -> tuple[Counter[str], dict[str, str]]:
    """How often there was a picture or which reason, and the files for which a decoder was missing or failed."""
    counts: Counter[str] = Counter()
    troubled: dict[str, str] = {}
    for name, data in part10_files(folder):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = render(data)
        counts["picture" if isinstance(result, Picture) else result.reason.value] += 1
        if isinstance(result, Picture):
            assert max(Image.open(BytesIO(result.jpeg)).size) == LONG_SIDE
        elif result.reason is not Reason.NO_PIXELS:
            troubled[name] = result.reason.value
    return counts, troubled


def test_files_of_the_pydicom_wheel() -> None:
    counts, troubled = draw_all(WHEEL)
    assert troubled == {
        "JPEG-lossy.dcm": "no-decoder",  # twelve bits
        "JPGExtended.dcm": "no-decoder",  # twelve bits
        "JPEG2000-embedded-sequence-delimiter.dcm": "decoder-failed",  # read up to the first one
        "MR_truncated.dcm": "decoder-failed",
        "meta_missing_tsyntax.dcm": "decoder-failed",  # no rows, no columns
        "nested_priv_SQ.dcm": "decoder-failed",  # no rows, no columns
    }
    assert counts["picture"] >= 101


def test_a_folder_of_real_files() -> None:
    counts, troubled = draw_all(corpus.needed())
    assert counts["picture"] > 0.9 * (sum(counts.values()) - counts["no-pixels"]), (counts, troubled)
