"""What it costs: the header pass beside the peers, ours by kind of object, and reading pixels on two cores."""

import json
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import FileDataset

from infra.local.layout import ROOT
from tests.bench import instances
from tests.bench.deid import environment, large, report, runs
from tests.bench.deid.generated import WRITTEN_ON
from tests.bench.deid.truth import read_instances
from tests.support.generated import Item

PROFILES, WITHOUT = Path(__file__).parent / "profiles", "no-pixels"
OBJECTS, PEER_ROUNDS = 320, 60
OF_A_KIND, TO_READ = 4, 60


def measure(out: Path, tools: Sequence[str], profile: str) -> dict[str, Any]:
    """All of it. The data set is in `out/data`."""
    files = _scanner_files(out / "speed")
    found: dict[str, Any] = {"elements": _elements(dcmread(files[0]))}
    found["header"] = {tool: _header(tool, files, profile) for tool in tools}
    if "ours" in tools:
        some = _some_of_each(out / "data")
        found["kinds"] = {"with": _ours("kinds", profile, some), "without": _ours("kinds", WITHOUT, some)}
        found["reading"] = reading(out, profile)
        found["large"] = large.measure(out / "large", PROFILES, WITHOUT, out / "data" / "project.key")
    return found


def _scanner_files(folder: Path) -> list[Path]:
    """CT objects of a scanner with some 210 elements and 512 x 512 pixels, as files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = []
    for made, data_set in instances.generate("speed", OBJECTS):
        path = folder / f"{made.sop}.dcm"
        path.write_bytes(Item("1.2.840.10008.5.1.4.1.1.2", made.sop, data_set).part10())
        paths.append(path)
    return paths


def _elements(dataset: FileDataset) -> int:
    items = sum(len(element.value) for element in dataset.iterall() if element.VR == "SQ")
    return len(dataset.file_meta) + sum(1 for _ in dataset.iterall()) + items


def _header(tool: str, files: list[Path], profile: str) -> dict[str, float]:
    if tool == "ours":
        return dict(_ours("header", profile, files))
    told = environment.run(tool, "speed", *files, str(PEER_ROUNDS)).splitlines()[-1]
    measured: dict[str, float] = json.loads(told)
    return measured


def _ours(what: str, profile: str, files: list[Path]) -> Any:
    command = [sys.executable, "-m", "tests.bench.deid.ours", what, profile, *map(str, files)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if ended.returncode:
        raise runs.Failed(f"measuring {what}: {ended.stderr.strip().splitlines()[-1:]}")
    return json.loads(ended.stdout)


def _some_of_each(data: Path) -> list[Path]:
    by_modality: dict[str, list[Path]] = defaultdict(list)
    for file, instance in read_instances(data / "truth" / "instances.jsonl").items():
        if instance.kind == "generated":
            by_modality[instance.modality].append(data / "in" / file)
    return [path for some in by_modality.values() for path in some[:OF_A_KIND]]


def reading(out: Path, profile: str) -> dict[str, float]:
    """Objects per minute of the command line, two jobs, over kinds that are looked at for text."""
    given, output, told = (out / f"reading{part}" for part in ("-in", "-out", ".jsonl"))
    for folder in (given, output):
        shutil.rmtree(folder, ignore_errors=True)
    told.unlink(missing_ok=True)
    given.mkdir()
    megapixels = 0.0
    chosen = _looked_at(out / "data")
    for number, path in enumerate(chosen):
        shutil.copy(path, given / f"{number}.dcm")
        one = dcmread(path, stop_before_pixels=True)
        megapixels += int(one.Rows) * int(one.Columns) * int(one.get("NumberOfFrames") or 1) / 1e6
    began = time.monotonic()
    runs.anonymise(given, output, told, out / "data" / "project.key", profile)
    seconds = time.monotonic() - began
    return {
        "objects": len(chosen),
        "seconds": seconds,
        "per_minute": 60 * len(chosen) / seconds,
        "megapixels": megapixels / max(1, len(chosen)),
    }


def _looked_at(data: Path) -> list[Path]:
    found = read_instances(data / "truth" / "instances.jsonl").items()
    written = [data / "in" / file for file, one in found if one.kind == "generated" and one.modality in WRITTEN_ON]
    return written[:TO_READ]


def markdown(measured: dict[str, Any]) -> str:
    """As tables."""
    header = [[tool, f"{one['per_second']:.0f}", f"{one['cpu_ms']:.2f}"] for tool, one in measured["header"].items()]
    if "ours" in measured["header"]:
        one = measured["header"]["ours"]
        whole = "ours, with gate, JSON header and digest"
        header.append([whole, f"{one['whole_per_second']:.0f}", f"{one['whole_cpu_ms']:.2f}"])
    parts = [
        "## Speed",
        f"Header pass, CT of {measured['elements']} elements (items and file meta included), one process:",
    ]
    parts.append(report.table([["tool", "objects/s", "CPU ms"], *header]))
    if "kinds" in measured:
        parts += ["Ours, milliseconds of CPU for one object:", report.table(_kinds(measured["kinds"]))]
        one = measured["reading"]
        parts.append(
            f"Two jobs on kinds that are looked at for text: {one['per_minute']:.0f} objects per minute "
            f"({one['objects']} of {one['megapixels']:.1f} megapixels on average, in {one['seconds']:.0f} s)."
        )
        one = measured["large"]
        parts.append(
            f"A multi-frame object of {one['bytes'] / 1e9:.1f} GB without work on its pixels: {one['own']:.0f} MiB of "
            f"memory of all processes, {one['mapped']:.0f} MiB of mapped files beside them, {one['seconds']:.0f} s."
        )
    return "\n\n".join(parts) + "\n"


def _kinds(found: dict[str, dict[str, dict[str, float]]]) -> list[list[str]]:
    rows = [["modality", "objects", "megapixels", "without pixel work", "with"]]
    for modality, one in found["with"].items():
        without = found["without"][modality]["cpu_ms"]
        rows.append(
            [modality, f"{one['objects']}", f"{one['megapixels']:.2f}", f"{without:.1f}", f"{one['cpu_ms']:.1f}"]
        )
    return rows
