"""Every arrival has its line in the ledger, in the state that the topics tell, whoever sent what before."""

import json
from base64 import b64decode

import psycopg
import pytest

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import Item, ct, ct_dataset, encoded
from tests.support.pipeline import HELD, IN_BULK, RECEIVED, Pipeline
from tests.support.stack import Stack
from tests.support.topics import Topics
from tests.support.waiting import until

COLLECTION = 320
DECIDED = "identified.instance.decided"
ERASED = "identified.instance.erased"
LETTERS = ("identified.dead-letter", "clean.dead-letter")


def invalid() -> Item:
    dataset = ct_dataset(COLLECTION, 1)
    del dataset.PixelData
    return encoded(dataset)


def document() -> Item:
    dataset = ct_dataset(COLLECTION, 2)
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.104.1", "DOC"
    del dataset.PixelData
    dataset.EncapsulatedDocument, dataset.MIMETypeOfEncapsulatedDocument = b"%PDF", "application/pdf"
    return encoded(dataset)


def state(stack: Stack, arrival: str) -> str | None:
    found = stack.ledger("SELECT state FROM arrival WHERE arrival = %s", arrival)
    return found[0][0] if found else None


def arrivals(topics: Topics, *names: str) -> set[str]:
    """Those of which these topics tell; what is no event of ours tells of none."""
    return {event["arrival"] for name in names for event in topics.events(name) if "arrival" in event}


def arrival_in(record_value: str) -> str | None:
    """The arrival that a dead record is about; None when nobody can tell."""
    try:
        told = json.loads(b64decode(record_value))
    except ValueError:
        return None
    return told.get("arrival") if isinstance(told, dict) else None


def test_each_arrival_has_one_state(pipeline: Pipeline) -> None:
    stack, topics = pipeline.stack, pipeline.topics
    items = {"clean": ct(COLLECTION, 0), "rejected": invalid(), "quarantined": document()}
    assert send_all(stack.dicom_port, list(items.values())) == [SUCCESS] * 3
    for wanted, item in items.items():
        arrival = pipeline.arrival(item.sop_instance_uid)
        until(lambda arrival=arrival, wanted=wanted: state(stack, arrival) == wanted, f"the ledger says {wanted}")  # type: ignore[misc]
    until(lambda: stack.metric("bookkeeper", "isocentre_ledger_lag_records") == 0, "all topics are in the ledger")
    lines = dict(stack.ledger("SELECT arrival, state FROM arrival"))
    assert lines.keys() == arrivals(topics, RECEIVED, IN_BULK)
    # Whose end follows from the topics without a chain of decisions:
    letters = [event.get("record_value") for name in LETTERS for event in topics.events(name)]
    dead = {arrival_in(value) for value in letters if value}
    plain = lines.keys() - arrivals(topics, DECIDED, ERASED) - dead
    held, refused = (arrivals(topics, name) & plain for name in HELD)
    through = arrivals(topics, "clean.instance.indexed") & arrivals(topics, "clean.instance.thumbnailed") & plain
    assert {name for name in held if lines[name] != "quarantined"} == set()
    assert {name for name in refused if lines[name] != "rejected"} == set()
    assert {name for name in through - held - refused if lines[name] != "clean"} == set()


def test_no_fact_contradicts_another(stack: Stack) -> None:
    until(lambda: stack.ledger("SELECT kind, arrival FROM contradiction") == [], "none is shown")


@pytest.mark.parametrize("role", ["indexer", "gateway"])
def test_the_clean_side_does_not_reach_it(stack: Stack, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        stack.database("identified", role)
