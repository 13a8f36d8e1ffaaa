"""Does to a data set what its truth asks, and nothing else: what a perfect tool would write, and ways to spoil it."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian

from tests.bench.deid.score import Output
from tests.bench.deid.truth import ANYWHERE, Check, locate, read_checks

MOVED = 1234
Spoil = Callable[[Dataset, list[Check]], None]


def outputs(folder: Path, target: Path, spoil: Spoil | None = None) -> dict[str, Output]:
    """Write the perfect objects to `target`; `spoil` changes each before it is written."""
    by_file: dict[str, list[Check]] = defaultdict(list)
    for check in read_checks(folder / "truth" / "checks.jsonl"):
        by_file[check.file].append(check)
    made = {}
    for number, (file, checks) in enumerate(by_file.items()):
        dataset = dcmread(folder / "in" / file)
        dataset.decode()
        clean(dataset, checks)
        if spoil:
            spoil(dataset, checks)
        path = target / f"{number}.dcm"
        dataset.save_as(path)
        made[file] = Output(path)
    return made


def clean(dataset: Dataset, checks: list[Check]) -> None:
    """Carry out every action of the truth."""
    if any(check.action == "pixels_hidden" for check in checks):
        _blank(dataset, checks)
    by_path: dict[str, list[Check]] = defaultdict(list)
    for check in checks:
        by_path[check.path].append(check)
    for path, some in by_path.items():
        element = locate(dataset, path) if path and path != ANYWHERE and "pixels" not in some[0].action else None
        if element is not None:
            _element(dataset, element, some)
    dataset.PatientName, dataset.PatientID = pseudonym(_patient(checks)), pseudonym(_patient(checks))
    dataset.PatientIdentityRemoved, dataset.DeidentificationMethod = "YES", "by hand"


def pseudonym(original: str) -> str:
    return f"P{sha256(original.encode()).hexdigest()[:12]}"


def _patient(checks: list[Check]) -> str:
    return next(check.value for check in checks if check.action == "patid_consistent")


def _element(dataset: Dataset, element: DataElement, checks: list[Check]) -> None:
    actions = {check.action for check in checks}
    dates = [check for check in checks if check.action == "date_shifted"]
    kept = [check.value for check in checks if check.action == "text_retained" and check.how == "text"]
    if not actions & {"uid_changed", "date_shifted", "text_removed"}:
        return
    if element.VR == "SQ" or isinstance(element.value, bytes):
        element.value = [] if element.VR == "SQ" else b""
    elif "uid_changed" in actions:
        element.value = new_uid(checks[0].value)
    elif dates and not dates[0].how:
        moved = date.fromisoformat(dates[0].value) + timedelta(days=MOVED)
        element.value = moved.strftime("%Y%m%d") + str(element.value)[8:]
    else:
        element.value = "; ".join(kept)


def new_uid(original: str) -> str:
    return f"2.25.{int.from_bytes(sha256(original.encode()).digest()[:15])}"


def _blank(dataset: Dataset, checks: list[Check]) -> None:
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.decompress(as_rgb=False, generate_instance_uid=False)
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    array = pixel_array(dataset, raw=True).copy()
    frames = array if int(dataset.get("NumberOfFrames") or 1) > 1 else array[None]
    for check in checks:
        if check.action == "pixels_hidden":
            left, top, right, bottom = check.boxes[0]
            frames[check.frame, top:bottom, left:right] = frames[check.frame].max()
    dataset.PixelData = array.tobytes()
    if dataset.SamplesPerPixel == 3:
        dataset.PlanarConfiguration = 0
