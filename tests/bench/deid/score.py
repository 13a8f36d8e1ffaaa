"""Scores de-identified objects against the truth: every check of every file, by MIDI's ten actions."""

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import FileDataset

from tests.bench.deid import pixels
from tests.bench.deid.actions import LOCAL, text_of
from tests.bench.deid.dataset import letters_file
from tests.bench.deid.dates import after, dates_in, readings, shifted_day
from tests.bench.deid.truth import Check, Instance, locate, read_checks, read_instances

PIXELS = ("pixels_hidden", "pixels_retained")
UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Output:
    """What a tool made of one file: `path` is None when there is nothing, `why` says why."""

    path: Path | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check, judged: `failure` says why it failed, `missing` that there was no object to look at, `otherwise` that
    a date did become another, but not moved with the others."""

    check: Check
    failure: str | None
    missing: bool = False
    otherwise: bool = False


@dataclass(slots=True)
class Seen:
    """What can only be judged when all objects are known."""

    days: list[tuple[Check, str]] = field(default_factory=list)
    uids: list[tuple[Check, str]] = field(default_factory=list)
    patients: list[tuple[Check, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scored:
    """All verdicts on one tool's outputs; `held` are the files without output and why."""

    verdicts: tuple[Verdict, ...]
    instances: Mapping[str, Instance]
    held: Mapping[str, str]


def score(folder: Path, outputs: Mapping[str, Output]) -> Scored:
    """Judge the outputs of the data set in `folder`; a file that `outputs` lacks counts as held."""
    instances = read_instances(folder / "truth" / "instances.jsonl")
    by_file: dict[str, list[Check]] = defaultdict(list)
    for check in read_checks(folder / "truth" / "checks.jsonl"):
        by_file[check.file].append(check)
    seen, verdicts, held = Seen(), [], {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file, checks in by_file.items():
            output = outputs.get(file, Output(None, "no output"))
            made, why = _opened(output)
            if made is None:
                held[file] = why
                verdicts += [Verdict(check, f"no object: {why}", missing=True) for check in checks]
            else:
                verdicts += _local(folder, output.path, made, checks, seen)
    verdicts += [*_days(seen, instances), *_consistent(seen.uids, "UID"), *_consistent(seen.patients, "patient ID")]
    return Scored(tuple(verdicts), instances, held)


def _opened(output: Output) -> tuple[FileDataset | None, str]:
    if output.path is None:
        return None, output.why or "no output"
    try:
        made = dcmread(output.path)
        for _ in made.iterall():  # what cannot be decoded shows now
            pass
    except Exception as broken:
        return None, f"cannot be read: {type(broken).__name__}"
    return made, ""


def _local(folder: Path, path: Path | None, made: FileDataset, checks: list[Check], seen: Seen) -> Iterable[Verdict]:
    later = {"date_shifted": seen.days, "uid_consistent": seen.uids, "patid_consistent": seen.patients}
    for check in checks:
        if check.action in later:
            later[check.action].append((check, text_of(locate(made, check.path))))
        elif check.action in LOCAL:
            yield Verdict(check, LOCAL[check.action](check, made))
    of_pixels = [check for check in checks if check.action in PIXELS]
    if of_pixels and path is not None:
        yield from _of_pixels(folder, path, made, of_pixels)


def _of_pixels(folder: Path, path: Path, made: FileDataset, checks: list[Check]) -> Iterable[Verdict]:
    original = folder / "in" / checks[0].file
    before = pixels.Decoded.of(original, dcmread(original))
    try:
        after = pixels.Decoded.of(path, made)
    except Exception as broken:
        return [Verdict(check, f"pixels cannot be decoded: {type(broken).__name__}") for check in checks]
    letters = letters_file(folder, checks[0].file)
    masks = dict(np.load(letters)) if letters.exists() else {}
    return [
        Verdict(check, pixels.retained(check, before, after))
        if check.action == "pixels_retained"
        else Verdict(check, pixels.hidden(check, before, after, masks[check.path]))
        for check in checks
    ]


def _days(seen: Seen, instances: Mapping[str, Instance]) -> Iterable[Verdict]:
    moved = {patient: _usual(offsets) for patient, offsets in _offsets(seen, instances).items()}
    together: dict[tuple[str, str], set[frozenset[date]]] = defaultdict(set)
    for check, _ in seen.days:
        together[check.file, check.path].add(_meant(check))
    for check, there in seen.days:
        by = moved.get(instances[check.file].patient)
        judge = _day_in_text if check.how else _day
        failure = judge(check, there, by, together[check.file, check.path])
        yield Verdict(check, failure, otherwise=failure is not None and not failure.startswith(UNCHANGED))


def _meant(check: Check) -> frozenset[date]:
    """The days that the original may mean to a reader."""
    day = date.fromisoformat(check.value)
    return readings(day, check.how) if check.how else frozenset({day})


def _offsets(seen: Seen, instances: Mapping[str, Instance]) -> Mapping[str, Counter[int]]:
    """By patient, how often each number of days was seen between a date and what became of it."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for check, there in seen.days:
        day = shifted_day(there) if not check.how else None
        if day is not None:
            found[instances[check.file].patient][(day - date.fromisoformat(check.value)).days] += 1
    return found


def _usual(offsets: Counter[int]) -> int | None:
    moved = Counter({days: count for days, count in offsets.items() if days})
    return moved.most_common(1)[0][0] if moved else None


def _day(check: Check, there: str, by: int | None, _: set[frozenset[date]]) -> str | None:
    """Absent or empty is well, as in MIDI's script; else a valid date, moved like all of the patient's."""
    if not there.strip():
        return None
    original = date.fromisoformat(check.value)
    if original.strftime("%Y%m%d") in there.replace("\\", ""):
        return UNCHANGED
    day = shifted_day(there)
    if day is None:
        return f"{there[:30]!r} is no date"
    return None if (day - original).days == by else f"moved by {(day - original).days} days, the others by {by}"


def _day_in_text(check: Check, there: str, by: int | None, originals: set[frozenset[date]]) -> str | None:
    """Gone, or moved like all of the patient's, in whatever form.

    03/04/2016 reads two ways. A date that is left is right when one of its readings is one reading of an original,
    moved; none of them being right, it is unchanged when one of them is a reading of this original.
    """
    right = {after(day, by) for days in originals for day in days} if by else set()
    wrong = [days for days in dates_in(there) if not days & right]
    if any(days & _meant(check) for days in wrong):
        return f"{UNCHANGED} in {there[:60]!r}"
    strange = [min(days) for days in wrong if not any(days & meant for meant in originals)]
    return f"{strange[0]} in {there[:60]!r} is not moved by {by}" if strange else None


def _consistent(seen: Iterable[tuple[Check, str]], what: str) -> Iterable[Verdict]:
    """The same original, the same replacement; no two originals share one. Absence is well."""
    replaced: dict[str, Counter[str]] = defaultdict(Counter)
    for check, there in seen:
        if there.strip("\0 "):
            replaced[check.value][there.strip("\0 ")] += 1
    chosen = {original: counts.most_common(1)[0][0] for original, counts in replaced.items()}
    owners: dict[str, set[str]] = defaultdict(set)
    for original, new in chosen.items():
        owners[new].add(original)
    for check, there in seen:
        value = there.strip("\0 ")
        yield Verdict(check, _inconsistent(check.value, value, chosen, owners, what) if value else None)


def _inconsistent(
    original: str, value: str, chosen: Mapping[str, str], owners: Mapping[str, set[str]], what: str
) -> str | None:
    if value != chosen[original]:
        return f"{value!r}, elsewhere {chosen[original]!r}"
    others = len(owners[value]) - 1
    return f"{value!r} replaces {others} other {what}s too" if others else None
