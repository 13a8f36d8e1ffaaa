"""Has each tool de-identify the data set, as a process of its own, and reads what became of every file."""

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from infra.local.layout import ROOT
from tests.bench.deid import environment
from tests.bench.deid.score import Output

OURS = "isocentre"
SITE = "NORTH"
PROFILE = "research"
JOBS = 2
COMMAND = ROOT / ".venv" / "bin" / "isocentre"


class Failed(Exception):
    """A tool did not come to its end; the text says how."""


@dataclass(frozen=True, slots=True)
class Run:
    """One tool's run over the whole data set."""

    tool: str
    version: str
    seconds: float
    cpu_seconds: float
    outputs: Mapping[str, Output]


def run(tool: str, folder: Path, profile: str = PROFILE) -> Run:
    """De-identify `folder/in` into `folder/out-TOOL`. Raises Failed, environment.NoEnvironment."""
    output, report = folder / f"out-{tool}", folder / f"report-{tool}.jsonl"
    shutil.rmtree(output, ignore_errors=True)
    report.unlink(missing_ok=True)
    began, before = time.monotonic(), _children_cpu()
    if tool == OURS:
        _ours(folder, output, report, profile)
    else:
        output.mkdir()
        try:
            environment.run(tool, "run", folder / "in", output, report)
        except subprocess.CalledProcessError as broken:
            raise Failed(f"{tool}: {broken.stderr.strip().splitlines()[-1:]}") from None
    seconds, cpu = time.monotonic() - began, _children_cpu() - before
    return Run(tool, _version(tool), seconds, cpu, outputs(folder, report))


def found(tool: str, folder: Path) -> Run:
    """What an earlier run left. Raises FileNotFoundError."""
    return Run(tool, _version(tool), 0.0, 0.0, outputs(folder, folder / f"report-{tool}.jsonl"))


def _ours(folder: Path, output: Path, report: Path, profile: str) -> None:
    key = folder / "project.key"
    key.unlink(missing_ok=True)
    _command("key", "new", "--key", key, "--project", "bench")
    anonymise(folder / "in", output, report, key, profile)


def anonymise(given: Path, output: Path, report: Path, key: Path, profile: str) -> None:
    """Our command. Raises Failed."""
    options = ["--profile", profile, "--key", key, "--site", SITE, "--jobs", JOBS, "--report", report]
    _command("anonymise", given, output, *options)


def _command(*arguments: object) -> None:
    ended = subprocess.run([str(COMMAND), *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT)
    if ended.returncode:
        raise Failed(f"isocentre {arguments[0]} ended with {ended.returncode}: {ended.stderr.strip()[-400:]}")


def _children_cpu() -> float:
    """Seconds of CPU of all processes that this one started and that have ended, theirs included."""
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


def _version(tool: str) -> str:
    return version(tool) if tool == OURS else environment.versions(tool)


def outputs(folder: Path, report: Path) -> dict[str, Output]:
    """What the report says, by input file relative to `folder/in`."""
    found = {}
    for line in report.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        file = str(Path(told["input"]).relative_to(folder / "in"))
        done = told["outcome"] == "cleaned" and told["output"]
        why = f"{told['outcome']}: {told['reason']}" + (
            f" at {', '.join(told['places'])}" if told.get("places") else ""
        )
        found[file] = Output(Path(told["output"])) if done else Output(None, why)
    return found
