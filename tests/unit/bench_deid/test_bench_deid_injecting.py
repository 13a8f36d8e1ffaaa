"""The data set: the same for the same seed, of all kinds, and its truth is true."""

from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from pydicom import dcmread

from tests.bench.deid import dataset, real
from tests.bench.deid.normal import compact, words
from tests.bench.deid.people import patient, visit
from tests.bench.deid.phrases import Case, pick
from tests.bench.deid.truth import ACTIONS, read_checks, read_instances
from tests.bench.deid.wording import FIRST
from tests.support import corpus


def digests(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".npz")
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in found}


def test_the_same_seed_gives_the_same_bytes(few: Path, tmp_path: Path) -> None:
    dataset.make(tmp_path / "again", seed=11, patients=2, with_real=False)
    assert digests(tmp_path / "again") == digests(few)
    dataset.make(tmp_path / "other", seed=12, patients=2, with_real=False)
    assert not set(digests(tmp_path / "other").values()) & set(digests(few).values())


def test_all_modalities_and_actions_occur(data: Path) -> None:
    instances = read_instances(data / "truth" / "instances.jsonl")
    assert {"CT", "CR", "DX", "MG", "MR", "PT", "SR", "US"} <= {one.modality for one in instances.values()}
    checks = list(read_checks(data / "truth" / "checks.jsonl"))
    assert {check.action for check in checks} == set(ACTIONS)
    assert {"header", "nested", "private", "text", "sr", "label", "pixels", "uid"} <= {check.place for check in checks}
    assert {check.file for check in checks} == set(instances) == set(dataset.files(data))


def test_a_patient_keeps_his_id_over_his_studies(data: Path) -> None:
    studies: dict[str, set[str]] = {}
    for file in dataset.files(data):
        one = dcmread(data / "in" / file, stop_before_pixels=True)
        studies.setdefault(str(one.PatientID), set()).add(str(one.StudyInstanceUID))
    assert len(studies) == 9
    assert any(len(some) > 1 for some in studies.values())


def test_what_must_stay_never_says_what_must_go() -> None:
    random = Random("phrases")
    for _ in range(300):
        one = patient(random, FIRST)
        modality = random.choice(("CT", "MR", "US", "MG", "SR", "DX"))
        case = Case(one, visit(random, one, FIRST), modality, FIRST)
        for kind in ("study", "series", "comment", "history", "finding"):
            filled = pick(kind, case, random, 64 if kind in ("study", "series") else 4000)
            gone = {word for part in filled.gone if part.how == "words" for word in words(part.value)}
            assert not gone & set(words(" ".join(filled.kept)))
            assert all(compact(part) in compact(filled.text) for part in filled.kept)


def test_real_objects_of_the_pydicom_wheel_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(corpus.FOLDER, raising=False)
    found = [modality for modality, _ in real.objects()]
    assert {"CT", "MR", "CR", "US", "SR"} <= set(found)
    assert len(found) > 30
