"""Real objects to inject into: those of the pydicom wheel, and a folder of more when the environment names one."""

import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom.data
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError

from tests.support import corpus

KINDS = {
    "1.2.840.10008.5.1.4.1.1.1": "CR",
    "1.2.840.10008.5.1.4.1.1.1.1": "DX",
    "1.2.840.10008.5.1.4.1.1.1.2": "MG",
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "MR",
    "1.2.840.10008.5.1.4.1.1.6.1": "US",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
    "1.2.840.10008.5.1.4.1.1.88.11": "SR",
    "1.2.840.10008.5.1.4.1.1.88.22": "SR",
    "1.2.840.10008.5.1.4.1.1.88.33": "SR",
    "1.2.840.10008.5.1.4.1.1.88.34": "SR",
}
MOST_BYTES = 3_000_000


def files() -> list[Path]:
    """All candidates, in an order that does not depend on the machine: by what they hold."""
    wheel = Path(pydicom.data.__file__).parent / "test_files"
    found = [*(path for path in wheel.rglob("*") if path.is_file()), *corpus.files_of_the_folder()]
    return sorted(
        (path for path in found if path.stat().st_size <= MOST_BYTES), key=lambda path: (path.name, str(path))
    )


def objects() -> Iterator[tuple[str, FileDataset]]:
    """Those of our kinds that pydicom reads whole and can write again, with their modality; no data set twice."""
    seen: set[bytes] = set()
    for path in files():
        dataset = _usable(path)
        if dataset is not None and (mark := _mark(dataset)) not in seen:
            seen.add(mark)
            yield KINDS[str(dataset.SOPClassUID)], dataset


def _mark(dataset: FileDataset) -> bytes:
    """The same image in another encapsulation is another object, its copy is not."""
    return f"{dataset.SOPInstanceUID}/{dataset.file_meta.TransferSyntaxUID}".encode()


def _usable(path: Path) -> FileDataset | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(path)
            if str(dataset.get("SOPClassUID")) not in KINDS or not dataset.get("SOPInstanceUID"):
                return None
            if "PixelData" in dataset:
                _ = dataset.pixel_array
            elif KINDS[str(dataset.SOPClassUID)] != "SR":
                return None
            dataset.save_as(BytesIO())
            return dcmread(path)
        except (
            InvalidDicomError,
            OSError,
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            NotImplementedError,
            RuntimeError,
        ):
            return None
