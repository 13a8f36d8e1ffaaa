"""What is told about a clean object besides reaches its event, and is explained where people look."""

from pathlib import Path

import pytest

import services.anonymiser
from services.anonymiser.dataset.tree import PUBLIC_VRS, Element
from services.anonymiser.decisions import MOST_TOLD
from services.anonymiser.findings import Code
from shared.events import InstanceAnonymised
from shared.outcome import Done
from tests.unit.anonymiser.building import instance, text
from tests.unit.anonymiser.door import Bench

README = Path(services.anonymiser.__file__).with_name("README.md")


@pytest.mark.parametrize("code", Code)
def test_every_finding_is_explained_in_the_readme(code: Code) -> None:
    table = README.read_text(encoding="utf-8").partition("| finding |")[2].partition("\n\n")[0]
    assert f"`{code}`" in table


def test_a_patient_who_is_a_study_is_told_however_much_there_is_to_tell_besides() -> None:
    malformed = [Element(tag, "DS", b"none") for tag, vr in PUBLIC_VRS.items() if vr == "DS" and tag >> 16 == 0x0018]
    event = told(instance(text(0x00100020, "LO", ""), *malformed))
    assert len(event.findings) == MOST_TOLD < len(malformed)
    assert event.findings[0].code == "patient-from-study"


def told(data: bytes) -> InstanceAnonymised:
    """The event of a clean object."""
    bench = Bench()
    outcome = bench(bench.event(data))
    assert isinstance(outcome, Done)
    event = outcome.events[0].event
    assert isinstance(event, InstanceAnonymised)
    return event
