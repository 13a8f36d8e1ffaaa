"""One file through the engine, in whichever process this is."""

from dataclasses import dataclass, field
from pathlib import Path

from infra.alone.files import Exists, NoFile, opened, write
from services.anonymiser.changes import Change
from services.anonymiser.engine import Cleaned, Engine, Held
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.load import load
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Patients
from shared.outcome import Reason


@dataclass(frozen=True, slots=True)
class Job:
    """What all files of a run have in common. Goes to worker processes whole."""

    profile: str
    profiles: tuple[tuple[str, str], ...]
    ring: str = field(repr=False)
    site: str
    output: str | None
    """None for a run that writes nothing and tells what it would do."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one file. `reason` is a code of schemas/reasons.yaml, or says why the file was not read."""

    input: str
    outcome: str
    reason: str = ""
    output: str = ""
    places: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


class Worker:
    """An engine with all that it needs, for one process."""

    def __init__(self, job: Job) -> None:
        profile = load(job.profile, dict(job.profiles))
        self._job = job
        pseudonyms = Pseudonyms.of(KeyRing.parse(job.ring))
        self._engine = Engine(profile, pseudonyms, Patients.of(job.site), Examiner(1))

    def __call__(self, path: Path) -> Line:
        """The line of `path`. Never raises but for what is a bug."""
        try:
            with opened(path) as data:
                return self._done(path, data)
        except NoFile as refused:
            return Line(str(path), "failed", refused.why)

    def _done(self, path: Path, data: memoryview) -> Line:
        verdict = self._engine.anonymise(data, self._job.site)
        if not isinstance(verdict, Cleaned):
            outcome = "quarantined" if isinstance(verdict, Held) else "rejected"
            places = verdict.places if isinstance(verdict, Held) else ()
            return Line(str(path), outcome, verdict.reason.value, places=places)
        findings = tuple(dict.fromkeys(f"{one.code} {one.tag or ''}".rstrip() for one in verdict.findings))
        if self._job.output is None:
            told = tuple(self._engine.changes(data, verdict))
            return Line(str(path), "cleaned", findings=findings, changes=told)
        target = Path(self._job.output) / verdict.study_uid / verdict.series_uid / f"{verdict.instance_uid}.dcm"
        try:
            write(target, verdict.chunks)
        except Exists:
            return Line(str(path), "failed", Reason.UID_CONFLICT.value, findings=findings)
        except OSError:
            return Line(str(path), "failed", "output-not-written", findings=findings)
        return Line(str(path), "cleaned", output=str(target), findings=findings)
