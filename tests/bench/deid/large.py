"""What a very large object costs in memory: a multi-frame image of four gigabytes, without work on its pixels."""

import re
import shutil
import subprocess
import time
from io import BytesIO
from pathlib import Path

from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

from infra.local.layout import ROOT
from tests.bench import cpu
from tests.bench.deid import runs
from tests.support.generated import ROOT as UIDS
from tests.support.generated import Item

SIDE, FRAMES = 1000, 4000
BYTES = SIDE * SIDE * FRAMES
_OWN, _MAPPED = "RssAnon", "RssFile"
_MEMORY = re.compile(rf"^({_OWN}|{_MAPPED}):\s+(\d+) kB$", re.MULTILINE)
_EVERY = 0.02


def measure(folder: Path, profiles: Path, profile: str, key: Path) -> dict[str, float]:
    """Peaks, in MiB, of the command and its workers together: `own` memory, and `mapped` pages of files, which the
    kernel takes back when it wants them; and the seconds that it took. Raises Failed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    given, output, report = folder / "large.dcm", folder / "out", folder / "large.jsonl"
    _written(given)
    command = [runs.COMMAND, "anonymise", given, output, "--profiles", profiles, "--profile", profile, "--key", key]
    began = time.monotonic()
    process = subprocess.Popen(
        [*map(str, command), "--jobs", "1", "--report", str(report)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peaks = dict.fromkeys((_OWN, _MAPPED), 0)
    while process.poll() is None:
        for name, now in _memory(process.pid).items():
            peaks[name] = max(peaks[name], now)
        time.sleep(_EVERY)
    seconds = time.monotonic() - began
    made = [path.stat().st_size for path in output.rglob("*.dcm")]
    shutil.rmtree(folder)
    if process.returncode or [size > BYTES for size in made] != [True]:
        raise runs.Failed(f"the large object came out as {made} bytes, with exit status {process.returncode}")
    return {"bytes": BYTES, "seconds": seconds, "own": peaks[_OWN] / 1024, "mapped": peaks[_MAPPED] / 1024}


def _written(path: Path) -> None:
    """Mostly a hole in the file; whoever reads it reads zeros."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = UltrasoundMultiFrameImageStorage, f"{UIDS}.4.1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{UIDS}.4.2", f"{UIDS}.4.3"
    dataset.Modality, dataset.PatientID, dataset.PatientName = "US", "4711", "Large^Object"
    dataset.StudyDate, dataset.NumberOfFrames = "20200101", FRAMES
    dataset.Rows = dataset.Columns = SIDE
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    head = BytesIO()
    dcmwrite(head, dataset, implicit_vr=False, little_endian=True, enforce_file_format=False)
    pixels = b"\xe0\x7f\x10\x00OB\x00\x00" + BYTES.to_bytes(4, "little")
    item = Item(dataset.SOPClassUID, dataset.SOPInstanceUID, head.getvalue() + pixels, str(ExplicitVRLittleEndian))
    with path.open("wb") as file:
        file.write(item.part10())
        file.truncate(file.tell() + BYTES)


def _memory(root: int) -> dict[str, int]:
    """kB of a process and all that descends from it."""
    total = dict.fromkeys((_OWN, _MAPPED), 0)
    stats = cpu.processes()
    for one in cpu.family(root, stats) if root in stats else ():
        try:
            status = (cpu.PROC / str(one.pid) / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for name, number in _MEMORY.findall(status):
            total[name] += int(number)
    return total
