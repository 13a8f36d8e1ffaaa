"""A person decides about what is held: it is carried out, marked, counted once, and audited."""

import subprocess
import sys
from typing import Any

import pytest

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import Item, ct_dataset, encoded
from tests.support.pipeline import ANONYMISED, Pipeline
from tests.support.stack import ROOT as CHECKOUT
from tests.support.topics import Topics
from tests.support.waiting import until

COLLECTION = 310
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
REASON = "encapsulated-document"
COUNTED = f"quarantined/{REASON}"
SITE = "site-decided"


def document(number: int) -> Item:
    """A document in DICOM, which no profile can clean."""
    dataset = ct_dataset(COLLECTION, number)
    dataset.SOPClassUID, dataset.Modality = ENCAPSULATED_PDF, "DOC"
    for name in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData"):
        delattr(dataset, name)
    dataset.InstanceNumber, dataset.BurnedInAnnotation, dataset.ConversionType = number + 1, "NO", "WSD"
    dataset.DocumentTitle, dataset.ConceptNameCodeSequence = "", []
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocument = b"%PDF-1.4 nothing in it\n"
    return encoded(dataset)


class Operator:
    """Somebody at the command line of the node."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def __call__(self, *arguments: str) -> str:
        command = [sys.executable, "-c", "from infra.cli import main; main()", "quarantine", *arguments]
        home = str(self._pipeline.stack.home)
        said = subprocess.run(
            [*command, "--home", home], cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False
        )
        assert said.returncode == 0, said.stderr
        return said.stdout


def reasons(topics: Topics) -> dict[str, int]:
    """How many of the site ended for which reason before the clean zone, as the tracker says it."""
    events = topics.events("clean.site.counted", site=SITE)
    told: dict[str, int] = events[-1]["reasons"] if events else {}
    return told


@pytest.fixture(scope="module")
def arrivals(pipeline: Pipeline) -> list[str]:
    """Three documents that are held."""
    items = [document(number) for number in range(3)]
    assert send_all(pipeline.stack.dicom_port, items, calling="DECIDED") == [SUCCESS] * 3
    found = [pipeline.arrival(item.sop_instance_uid) for item in items]
    for arrival in found:
        assert pipeline.held(arrival, "identified.instance.quarantined")["reason"] == REASON
    until(lambda: reasons(pipeline.topics).get(COUNTED) == 3, "three are counted as held")
    return found


def event_of(topics: Topics, topic: str, **fields: Any) -> dict[str, Any]:
    return until(lambda: topics.events(topic, **fields), f"{topic} has {fields}")[0]


def test_what_people_decide_is_carried_out(pipeline: Pipeline, arrivals: list[str]) -> None:
    topics, operator = pipeline.topics, Operator(pipeline)
    released, tried, discarded = arrivals
    raw = event_of(topics, "identified.instance.received", arrival=discarded)["key"]

    operator("release", released, "--ground", "checked-by-eye")
    clean = event_of(topics, ANONYMISED, arrival=released)
    assert clean["released"] == [REASON]
    assert REASON.encode() in pipeline.stack.read("clean", clean["key"]), "the object itself says that it was released"
    decision = event_of(topics, "identified.instance.decided", arrival=released)
    assert event_of(topics, "identified.instance.cleared", arrival=released)["decision_id"] == decision["decision_id"]

    operator("retry", tried)
    again = event_of(topics, "identified.instance.decided", arrival=tried)["decision_id"]
    event_of(topics, "identified.instance.quarantined", arrival=tried, decision_id=again)

    operator("discard", discarded, "--ground", "consent-withdrawn", "--yes")
    assert event_of(topics, "identified.instance.rejected", arrival=discarded)["reason"] == "discarded"
    assert raw not in pipeline.stack.keys("identified", raw)

    until(lambda: reasons(topics).get(COUNTED) == 1, "one is held, and the books say so")
    until(lambda: reasons(topics).get("rejected/discarded") == 1, "one is counted as discarded")
    assert tried[:12] in operator("list", "--site", SITE)
    assert "let through" in operator("show", released)
    audited = topics.events("identified.audit.recorded")
    assert {(event["act"], event.get("arrival")) for event in audited if event.get("arrival") in arrivals} == {
        ("quarantine.release", released),
        ("quarantine.retry", tried),
        ("quarantine.discard", discarded),
        ("quarantine.delete-bytes", discarded),
        ("quarantine.show", released),
    }

    # Sent again, what was discarded is not taken again.
    assert send_all(pipeline.stack.dicom_port, [document(2)], calling="DECIDED") == [SUCCESS]
    assert len(topics.events("identified.instance.received", arrival=discarded)) == 1
    assert pipeline.stack.keys("identified", raw) == []

    # Nothing on the clean side knows who decided, or which decision it was.
    # (its audit names who did something there, and may be the same person)
    clean_topics = [name for name in topics.names() if name.startswith("clean.") and ".audit." not in name]
    values = [record.value or b"" for record in topics.records(*clean_topics)]
    told = (decision["decision_id"].encode(), f'"{decision["actor"]}"'.encode())
    assert not [value for value in values if any(one in value for one in told)]
