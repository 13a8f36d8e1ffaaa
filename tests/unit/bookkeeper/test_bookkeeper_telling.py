"""What each event tells the ledger, and that nothing in it can make the database refuse a batch."""

import re
from datetime import datetime

import pytest

from services.bookkeeper.letters import Told, told_by
from services.bookkeeper.lines import Arrival, Copy, Letter, Line, Verdict
from services.bookkeeper.telling import FOLLOWED, LONGEST, tell
from shared import schemas
from shared.events import CleanDeadLetter, Event, IdentifiedLetterSettled, IdentifiedRequeued
from tests.support import ledger_events as events
from tests.support.ledger_events import MORNING, minute


def told(event: Event, at: datetime = MORNING, record: bytes | None = None) -> list[Line]:
    return tell(event, at, "id-1", record)


def test_what_was_received() -> None:
    live, bulk = events.received(1), events.received(1, bulk=True)
    (line,) = told(live)
    assert isinstance(line, Arrival)
    assert (line.raw_key, line.digest, line.size, line.association) == (live.key, live.digest, 1000, "a1")
    assert (line.received, line.received_at, line.lane) == (True, MORNING, "live")
    assert told(bulk) == [line._replace(lane="bulk")]


def test_a_chain_of_verdicts() -> None:
    assert told(events.quarantined(1))[1] == Verdict(f"{1:032x}", "", "held", "overlay", "1", MORNING)
    assert told(events.refused(1, "d2"))[1] == Verdict(f"{1:032x}", "d2", "rejected", "not-dicom", "1", MORNING)
    first, second = told(events.decided(1, "d1"))[1], told(events.decided(1, "d2", after="d1"))[1]
    assert first == Verdict(f"{1:032x}", "d1", after="", choice="release", decided_at=MORNING)
    assert second == Verdict(f"{1:032x}", "d2", after="d1", choice="release", decided_at=MORNING)
    arrival, verdict = told(events.cleared(1, "d1"), minute(3))
    assert isinstance(arrival, Arrival)
    assert arrival.released_at == minute(3)
    assert verdict == Verdict(f"{1:032x}", "d1", "cleared", None, "1", minute(3))


@pytest.mark.parametrize(("choice", "gone"), [("discard", True), ("expire", True), ("release", False)])
def test_bytes_that_a_decision_gives_up(choice: str, gone: bool) -> None:
    arrival = told(events.decided(1, "d1", choice=choice))[0]
    assert isinstance(arrival, Arrival)
    assert arrival.expired_at == (MORNING if gone else None)


@pytest.mark.parametrize(
    ("event", "columns"),
    [
        (events.anonymised(1), {"anonymised_at", "anonymised_last"}),
        (events.checked(1), {"validated_at"}),
        (events.indexed(1), {"indexed_at"}),
        (events.thumbnailed(1), {"thumbnailed_at", "pictured_at", "renderer", "picture_key"}),
        (events.thumbnailed(1, picture=None), {"thumbnailed_at", "pictured_at", "renderer", "no_picture"}),
        (events.rejected(1), {"rejected_at", "rejected_stage", "reason"}),
    ],
)
def test_steps_of_a_copy(event: Event, columns: set[str]) -> None:
    arrival, copy = told(event)
    assert arrival == Arrival(f"{1:032x}", site="north", project="demo")
    assert isinstance(copy, Copy)
    common = {"arrival", "digest", "site", "project", "profile", "key", "size"}
    common |= {"study_instance_uid", "series_instance_uid", "sop_instance_uid"}
    assert {name for name, value in copy._asdict().items() if value is not None} == common | columns


def test_a_letter_is_about_the_instance_in_its_record() -> None:
    decision = events.decided(1, "d1")
    value = decision.model_dump_json().encode()
    arrival, letter = told(events.letter(decision), record=value)
    assert arrival == Arrival(f"{1:032x}", site="north", project="demo")
    assert isinstance(letter, Letter)
    assert (letter.letter, letter.zone, letter.arrival, letter.decision) == ("id-1", "identified", f"{1:032x}", "d1")
    assert letter.digest is None, "the original's, which is no copy's"
    copy = events.checked(2)
    about = told(events.letter(copy, CleanDeadLetter, "indexer"), record=copy.model_dump_json().encode())[1]
    assert isinstance(about, Letter)
    assert (about.zone, about.arrival, about.digest) == ("clean", f"{2:032x}", copy.digest)


def test_how_a_letter_is_settled() -> None:
    settled = IdentifiedLetterSettled(letter="l1", state="discarded", stage="anonymiser")
    assert told(settled, minute(4)) == [Letter("l1", stage="anonymiser", settled="discarded", settled_at=minute(4))]


def test_what_is_requeued_is_told_of_its_arrival() -> None:
    event = events.received(1)
    requeued = IdentifiedRequeued(
        source_topic=event.topic, source_partition=0, source_offset=7, stage="anonymiser", letter="l1"
    )
    (arrival,) = told(requeued, minute(4), event.model_dump_json().encode())
    assert arrival == Arrival(event.arrival, site="north", project="demo", requeued_at=minute(4))
    assert told(requeued, record=b"?") == []


@pytest.mark.parametrize("record", [None, b"", b"{", b"[1]", b'"arrival"', b'{"arrival": 7}', b"\xff", b"[" * 100_000])
def test_a_record_that_says_nothing(record: bytes | None) -> None:
    assert told_by(record) == Told()
    assert len(told(events.letter(events.received(1)), record=record)) == 1


def test_nothing_is_told_that_the_database_would_refuse() -> None:
    event = events.received(1).model_copy(
        update={
            "association": "a\0b\ud800" + "\u00e4" * 2000,
            "size": 10**30,
            "received_at": MORNING.replace(tzinfo=None),
        }
    )
    (line,) = told(event)
    assert isinstance(line, Arrival)
    assert line.association is not None
    assert line.association.startswith("ab\u00e4")
    assert len(line.association.encode()) <= LONGEST
    assert (line.size, line.received_at) == (None, MORNING)


def test_every_topic_about_an_instance_is_followed() -> None:
    counted = {"clean.instance.held", "clean.instance.unheld"}
    about = {name for name in schemas.topics() if re.search(r"\.(instance|dead-letter|requeued)\b", name)} - counted
    assert {model.topic for model in FOLLOWED} == about
    declared = {name for name, topic in schemas.topics().items() if "bookkeeper" in topic["consumers"]}
    assert declared == about
