"""What is measured as the header pass is the engine's work on the header, to the byte."""

from pathlib import Path

import pytest

from services.anonymiser.engine import Cleaned, Engine
from services.anonymiser.pixels.workers import Examiner
from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Patients
from tests.bench import instances
from tests.bench.deid import ours
from tests.bench.deid.truth import read_instances
from tests.support.generated import Item

PSEUDONYMS = Pseudonyms(b"k" * 32)


def alone(data: bytes, profile: str) -> bytes:
    return ours.HeaderPass.of(ours.shipped(profile), PSEUDONYMS).cleaned(data)


def whole(data: bytes, profile: str, examiner: Examiner | None = None) -> bytes | None:
    """What the engine hands out; None when it holds the object."""
    engine = Engine(ours.shipped(profile), PSEUDONYMS, Patients.of(ours.SITE), examiner)
    verdict = engine.anonymise(data, ours.SITE)
    return verdict.part10 if isinstance(verdict, Cleaned) else None


def test_the_engine_itself_offers_no_way_past_its_gate() -> None:
    assert {name for name in vars(Engine) if not name.startswith("_")} == {"anonymise", "changes", "revision"}


@pytest.mark.parametrize("profile", ["research", "no-pixels"])
def test_the_objects_that_are_measured(profile: str) -> None:
    for made, data_set in instances.generate("speed", 6):
        data = Item("1.2.840.10008.5.1.4.1.1.2", made.sop, data_set).part10()
        assert alone(data, profile) == whole(data, profile) != data


def test_objects_of_all_kinds(data: Path) -> None:
    """But for those that say that something is written in them, which are held when nobody looks."""
    compared = set()
    with Examiner(1) as examiner:
        for file, one in read_instances(data / "truth" / "instances.jsonl").items():
            given = (data / "in" / file).read_bytes()
            handed_out = whole(given, "no-pixels", examiner)
            if handed_out is not None:
                assert alone(given, "no-pixels") == handed_out
                compared.add(one.modality)
    assert {"CR", "CT", "DX", "MG", "MR", "OT", "PR", "PT", "SR", "US"} <= compared
