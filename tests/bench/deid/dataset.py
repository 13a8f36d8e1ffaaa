"""Makes the data set: patients, their studies, series and instances, each a file with its truth."""

import json
import shutil
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.bench.deid import generated, inject, private, real, reports
from tests.bench.deid.burning import Written
from tests.bench.deid.people import Patient, patient, visit
from tests.bench.deid.phrases import Case, fill
from tests.bench.deid.truth import Check, Instance, write
from tests.bench.deid.wording import FIRST, Wording
from tests.bench.deid.writer import Writer

CYCLE = ("CT", "DX", "MR", "US", "PT", "MG", "SR", "CR", "CT", "OT", "MR", "US", "DX", "PR", "MG", "SR")
REAL_SHARE = 0.35
MOST_REAL = 14
"""Real objects used of one modality."""

BURNED = ("{patient}", "{patient.upper}", "{mrn}", "DOB {dob}", "{hospital}", "{date}", "Dr {physician}", "ID: {mrn}")
BURNED_SHARE = 0.5
MARKERS = ("R", "L", "PORTABLE", "AP ERECT")
NATIVE = (ExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian)
COMPRESSED = (RLELossless, JPEGLSLossless, JPEG2000Lossless)
COMPRESSED_SHARE = 0.3


@dataclass(slots=True)
class Maker:
    """One data set in the making. `folder` gets `in/` and `truth/`."""

    folder: Path
    random: Random
    reals: dict[str, list[FileDataset]]
    wording: Wording
    checks: list[Check] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    turn: int = 0

    def uid(self, *parts: object) -> str:
        """A UID as scanners make them."""
        number = int.from_bytes(sha256("/".join(map(str, parts)).encode()).digest()[:9])
        return f"{self.random.choice(('1.3.12.2.1107.5.2', '1.2.840.113619.2', '1.2.276.0.7230010.3'))}.{number}"


@dataclass(frozen=True, slots=True)
class Series:
    """Where an instance belongs."""

    case: Case
    study: str
    uid: str
    frame_of_reference: str
    others: list[tuple[str, str]]


def make(folder: Path, *, seed: int, patients: int, with_real: bool = True, wording: Wording = FIRST) -> None:
    """Write the data set of this seed: `in/` holds the objects, `truth/` what has to become of them."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "in").mkdir(parents=True)
    (folder / "truth" / "letters").mkdir(parents=True)
    maker = Maker(folder, Random(seed), _reals(seed) if with_real else {}, wording)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old forms and long values are meant
        for number in range(patients):
            one = patient(maker.random, wording)
            for study in range(maker.random.choice((1, 2, 2, 3))):
                _study(maker, one, number, study)
    write(folder / "truth" / "checks.jsonl", maker.checks)
    write(folder / "truth" / "instances.jsonl", maker.instances)
    _made_file(folder).write_text(json.dumps({"seed": seed, "patients": patients, "phrases": wording.told}) + "\n")


def _made_file(folder: Path) -> Path:
    return folder / "truth" / "made.json"


def conditions(folder: Path) -> dict[str, Any]:
    """What the data set in `folder` was made of: `seed`, `patients`, `phrases`. Raises FileNotFoundError."""
    told: dict[str, Any] = json.loads(_made_file(folder).read_text())
    return told


def _reals(seed: int) -> dict[str, list[FileDataset]]:
    found: dict[str, list[FileDataset]] = defaultdict(list)
    for modality, dataset in real.objects():
        found[modality].append(dataset)
    for some in found.values():
        Random(seed).shuffle(some)
        del some[MOST_REAL:]
    return found


def _study(maker: Maker, one: Patient, number: int, study: int) -> None:
    modality = CYCLE[maker.turn % len(CYCLE)]
    maker.turn += 1
    case = Case(one, visit(maker.random, one, maker.wording), modality, maker.wording)
    study_uid = maker.uid("study", number, study)
    images: list[tuple[str, str]] = []
    if modality in ("SR", "PR"):
        images = _series(maker, replace(case, modality="CT"), study_uid, number, "img", 2)
    for series in range(maker.random.choice((1, 1, 2))):
        images += _series(maker, case, study_uid, number, f"{study}.{series}", maker.random.randint(2, 4), images)


def _series(
    maker: Maker, case: Case, study: str, number: int, name: str, count: int, given: list[tuple[str, str]] | None = None
) -> list[tuple[str, str]]:
    unique = f"{study}/{name}"
    series = Series(case, study, maker.uid("series", unique), maker.uid("for", unique), list(given or []))
    for index in range(count):
        file = f"patient{number:03}/{name}-{case.modality.lower()}-{len(maker.instances):04}.dcm"
        made = _instance(maker, series, file, maker.uid("sop", unique, index), index, number)
        series.others.append(made)
    return series.others[len(given or []) :]


def _instance(maker: Maker, series: Series, file: str, sop: str, index: int, number: int) -> tuple[str, str]:
    real_one = _a_real(maker, series.case.modality)
    kind = "generated" if real_one is None else "real"
    writer = Writer(Dataset() if real_one is None else real_one, series.case, maker.random, file, maker.checks)
    made = None
    if real_one is None:
        made = _generate(writer, series)
    else:
        _reuse(writer)
    writer.dataset.InstanceNumber, writer.dataset.SeriesNumber = str(index + 1), "3"
    inject.everything(writer)
    inject.instance(writer, series.study, series.uid, sop)
    if writer.case.modality not in ("SR", "PR"):
        inject.references(writer, series.frame_of_reference, series.others)
    inject.retained(writer)
    if made is not None:
        _pixel_checks(maker, writer, made)
    maker.instances.append(Instance(file, writer.dataset.Modality, f"{number}", kind))
    _save(maker, writer.dataset, file)
    return str(writer.dataset.SOPClassUID), sop


def _a_real(maker: Maker, modality: str) -> FileDataset | None:
    left = maker.reals.get(modality)
    return left.pop() if left and maker.random.random() < REAL_SHARE else None


def _reuse(writer: Writer) -> None:
    """A real object as it is, its texts decoded before they get another character set."""
    writer.dataset.decode()
    for keyword in ("IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence"):
        writer.dataset.pop(keyword, None)  # of another patient, whose ID is replaced
    writer.dataset.Modality = writer.case.modality
    private.keep_real(writer)
    _real_pixels(writer)


def _generate(writer: Writer, series: Series) -> generated.Made | None:
    """Fills the writer's data set; what was made of its pixels, for images that may have been written on."""
    modality, random = writer.case.modality, writer.random
    if modality == "SR":
        reports.report(writer, series.others)
    elif modality == "PR":
        reports.presentation(writer, series.uid, series.others)
    elif modality == "MR" and random.random() < 0.2:
        reports.enhanced(writer)
    else:
        made = generated.image(modality, random, _lines(writer), random.choice((None, *MARKERS)))
        writer.dataset.update(made.dataset)
        return made
    return None


def _lines(writer: Writer) -> list[str]:
    random = writer.random
    if writer.case.modality not in generated.WRITTEN_ON or random.random() > BURNED_SHARE:
        return []
    texts = [fill(template, writer.case, random).text for template in random.sample(BURNED, random.randint(1, 4))]
    return [text for text in texts if text.isascii()] or [f"MRN {writer.case.patient.mrn}"]


def _real_pixels(writer: Writer) -> None:
    """Nobody knows what is written on a real sonogram, so only the others' pixels have to stay."""
    if "PixelData" in writer.dataset and writer.case.modality in ("CT", "MR", "CR", "PT"):
        writer.at("pixels").note("pixels_retained", "")


def _pixel_checks(maker: Maker, writer: Writer, made: generated.Made) -> None:
    boxes = tuple(one.box for one in (*made.written, *made.markers))
    for frame in made.frames:
        for line, one in enumerate(made.written):
            maker.checks.append(
                Check(writer.file, "pixels", "pixels_hidden", str(line), one.text, frame=frame, boxes=(one.box,))
            )
    maker.checks.append(Check(writer.file, "pixels", "pixels_retained", boxes=boxes, region=made.region))
    if made.written:
        _keep_letters(maker.folder, writer.file, made.written)


def letters_file(folder: Path, file: str) -> Path:
    """Where the letters of a file's text are kept, as masks by line."""
    return folder / "truth" / "letters" / f"{Path(file).stem}.npz"


def _keep_letters(folder: Path, file: str, written: tuple[Written, ...]) -> None:
    masks: dict[str, Any] = {str(line): one.letters for line, one in enumerate(written)}
    np.savez_compressed(letters_file(folder, file), **masks)


def _save(maker: Maker, dataset: Dataset, file: str) -> None:
    """Real objects keep their transfer syntax, of the others some are compressed."""
    path = maker.folder / "in" / file
    path.parent.mkdir(exist_ok=True)
    meta = FileMetaDataset()
    known = dataset.file_meta.TransferSyntaxUID if isinstance(dataset, FileDataset) else None
    meta.TransferSyntaxUID = known or maker.random.choice(NATIVE)
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    dataset.file_meta = meta
    if known is None and "PixelData" in dataset and maker.random.random() < COMPRESSED_SHARE:
        dataset.compress(maker.random.choice(COMPRESSED), generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)


def files(folder: Path) -> Iterator[str]:
    """The data set's files, relative to `in/`."""
    return (str(path.relative_to(folder / "in")) for path in sorted((folder / "in").rglob("*.dcm")))
