"""`isocentre anonymise` used badly; and processes that end."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.alone import processes
from infra.alone.processes import LIMITS, lines
from infra.alone.work import Job, Line
from services.anonymiser.profile.load import shipped
from shared.isolation import Pool, WorkerDied, WorkerFailed, WorkerTimeout
from shared.outcome import Transient
from tests.unit.infra import alone_jobs
from tests.unit.infra.alone import RING, person, run, written


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.dcm").write_bytes(person("1.2.3.1"))
    for name, content, mode in (("key", RING, 0o600), ("open", RING, 0o644), ("odd", "no key", 0o600)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(mode)
    (tmp_path / "there").write_text("precious")
    return tmp_path


BAD = {
    "no IN": ("nowhere out --profile basic", "does not exist"),
    "OUT is IN": ("in in --profile basic", "OUT lies within IN"),
    "OUT in IN": ("in in/out --profile basic", "OUT lies within IN"),
    "OUT is a file": ("in there --profile basic", "is a file"),
    "report in IN": ("in out --profile basic --report in/report", "within IN"),
    "report in OUT": ("in out --profile basic --report out/report", "within OUT"),
    "report is there": ("in out --profile basic --report there", "is there already"),
    "report nowhere": ("in out --profile basic --report nowhere/report", "cannot be written"),
    "no profile": ("in out", "--profile"),
    "unknown profile": ("in out --profile best", "there is no profile 'best'"),
    "no folder of profiles": ("in out --profile basic --profiles nowhere", "does not exist"),
    "no key": ("in out --profile research", "needs --key"),
    "key nowhere": ("in out --profile research --key nowhere", "cannot be read"),
    "key is a folder": ("in out --profile research --key in", "cannot be read"),
    "key open to others": ("in out --profile research --key open", "open to others"),
    "key of another form": ("in out --profile research --key odd", "key"),
    "jobs": ("in out --profile basic --jobs 0", "--jobs"),
    "unknown option": ("in out --profile basic --force", "--force"),
}


@pytest.mark.parametrize(("words", "why"), BAD.values(), ids=BAD)
def test_bad_usage_ends_with_2_says_why_and_touches_nothing(
    words: str, why: str, desk: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(desk)
    before = written(desk)
    result = run(*words.split())
    assert result.exit_code == 2
    assert why in result.output
    assert written(desk) == before
    assert not (desk / "out").exists()


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"name: own\ntitle: [", b"name: own\nbase: basic\ntitle: o\nrules: 3\n"]
)
def test_a_bad_profile_of_ones_own_is_told(content: bytes, desk: Path):
    (desk / "profiles").mkdir()
    (desk / "profiles" / "own.yaml").write_bytes(content)
    result = run(desk / "in", desk / "out", "--profile", "own", "--profiles", desk / "profiles")
    assert result.exit_code == 2
    assert "own" in result.output


# --- processes

JOB = Job("basic", tuple(shipped().items()), RING, "local", None)


def test_a_file_that_ends_its_process_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "in_worker", alone_jobs.killed)
    paths = [Path("good-1"), Path("bad"), Path("good-2")]
    outcomes = {line.input: (line.outcome, line.reason) for line in lines(JOB, paths, 1)}
    assert outcomes == {
        "good-1": ("cleaned", ""),
        "bad": ("failed", "process-died"),
        "good-2": ("cleaned", ""),
    }


class Ending(Pool):
    """A pool of which every job ends in this way."""

    def __init__(self, end: Exception) -> None:
        super().__init__(1, LIMITS)
        self.end = end

    def run(self, function: object, *payload: object, seconds: float | None = None) -> Any:
        raise self.end


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (WorkerDied(), "process-died"),
        (WorkerTimeout(), "too-slow"),
        (WorkerFailed("ValueError"), "unexpected"),
        (Transient("no worker"), "no-process"),
    ],
)
def test_every_end_of_a_process_is_an_outcome_of_the_file(end: Exception, reason: str):
    with Ending(end) as pool:
        assert processes._line(pool, JOB, Path("one")) == Line("one", "failed", reason)


def test_no_more_files_are_taken_than_are_soon_worked_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "in_worker", alone_jobs.well)
    taken = Counter[str]()

    def paths() -> Iterator[Path]:
        for number in range(50):
            taken["all"] += 1
            yield Path(f"good-{number}")

    found = lines(JOB, paths(), 1)
    next(found)
    assert taken["all"] <= 8
    found.close()
