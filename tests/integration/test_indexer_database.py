"""The indexer on a real PostgreSQL: who owns a UID, repeats, the journey, and what is not let in."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from infra.local.state import Database as Address
from infra.local.state import Stack
from services.indexer import rows, tables
from services.indexer.claims import PartitionClaims
from services.indexer.database import Database
from services.indexer.handler import Indexer
from services.indexer.migrate import migrate
from shared.events import (
    InstanceAnonymised,
    InstanceIndexed,
    InstanceRejected,
    InstanceRetracted,
    InstanceThumbnailed,
    InstanceValidated,
)
from shared.outcome import Done, Fenced, Outcome, Reason, Reject, Skip
from shared.storage import ObjectNotFound
from shared.storage.headers import place_header
from tests.support import postgres
from tests.support.indexer_events import MORNING, TRACE, header, record, validated

pytestmark = pytest.mark.stack

TABLES = ("patient", "study", "series", "instance", "picture", "journey")


class Objects:
    """Header objects in memory."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def put(self, key: str, data: bytes, content_type: str = "") -> None:
        self.data[key] = data

    def get(self, key: str) -> bytes:
        if key not in self.data:
            raise ObjectNotFound
        return self.data[key]


@pytest.fixture
def address(components: Stack) -> Address:
    made = postgres.fresh(components.database)
    migrate(made.url("indexer"))
    return made


@pytest.fixture
def clean() -> Objects:
    return Objects()


@pytest.fixture
def indexer(address: Address, clean: Objects) -> Iterator[Indexer]:
    with_connection = Database(address.url("indexer"))
    yield Indexer(database=with_connection, clean=clean)
    with_connection.close()


def content(address: Address) -> dict[str, list[tuple[Any, ...]]]:
    """Everything there is, and the row versions: an update that changes nothing would show too."""
    return {table: postgres.ask(address, f"SELECT xmin, * FROM {table} ORDER BY 2, 3") for table in TABLES}


def reason_of(outcome: Outcome) -> Reason | None:
    return outcome.reason if isinstance(outcome, Reject) else None


def published(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    return [(type(item.event).__name__, item.id) for outcome in outcomes for item in outcome.events]  # type: ignore[union-attr]


def test_an_instance_can_be_found_with_its_parents(indexer: Indexer, address: Address) -> None:
    event = validated(1)
    (outcome,) = indexer([record(event)])
    assert isinstance(outcome, Done)
    (outgoing,) = outcome.events
    assert outgoing.event == InstanceIndexed(**event.reference(), modality="CT")
    study = (
        "SELECT patient_name, sex, study_date::text, modalities, number_of_series, number_of_instances FROM study_found"
    )
    assert postgres.ask(address, study) == [("IC-AAAA", "F", "2020-01-31", ["CT"], 1, 1)]
    assert postgres.ask(address, "SELECT modality, patient_id, number_of_instances FROM series_found") == [
        ("CT", "IC-AAAA", 1)
    ]
    instance = "SELECT key, digest, rows, columns, header, bulk->0->>'vr', picture_key FROM instance_found"
    assert postgres.ask(address, instance) == [(event.key, event.digest, 512, 256, event.header, "OW", None)]


def test_the_same_again_changes_nothing_and_says_the_same(indexer: Indexer, address: Address) -> None:
    events = [validated(1), validated(2, header=header(T00080050="", T00080060="MR"))]
    batch = [record(event, minute) for minute, event in enumerate(events)]
    batch += [record(InstanceThumbnailed(**events[0].reference(), renderer="1", picture="p", width=1, height=1), 3)]
    first = indexer(batch)
    before = content(address)
    again = indexer(batch)
    one_by_one = [indexer([item])[0] for item in batch]
    # A replay is published anew: other times, and perhaps another trace.
    replayed = indexer([record(item.event, 60, trace="1" * 32) for item in batch])
    assert published(first) == published(again) == published(one_by_one) == published(replayed)
    assert content(address) == before


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("rival", "reason"),
    [
        (validated(1, arrival=9, content="other", series_instance_uid="2.25.99"), Reason.UID_CONFLICT),
        (validated(1, arrival=9, patient_id="IC-BBBB"), Reason.SAME_CONTENT),
        (validated(1, content="other"), Reason.UID_CONFLICT),
    ],
)
def test_the_first_owns_the_uid(
    indexer: Indexer, address: Address, rival: InstanceValidated, reason: Reason, apart: bool
) -> None:
    batch = [record(validated(1), 0), record(rival, 1)]
    outcomes = [indexer([item])[0] for item in batch] if apart else indexer(batch)
    assert [reason_of(outcome) for outcome in outcomes] == [None, reason]
    (rejected,) = outcomes[1].events  # type: ignore[union-attr]
    assert rejected.event == InstanceRejected(**rival.reference(), stage="indexer", reason=reason.value)
    assert postgres.ask(address, "SELECT digest FROM instance") == [(validated(1).digest,)]
    assert postgres.ask(address, "SELECT series_instance_uid, patient_id FROM series_found") == [("2.25.11", "IC-AAAA")]
    assert len(postgres.ask(address, "SELECT FROM patient")) == 1
    # In whatever order they come again, the owner stays the owner.
    assert [reason_of(outcome) for outcome in indexer(batch[::-1])] == [reason, None]


def test_two_workers_agree_on_the_owners(address: Address) -> None:
    """Both bring the same UIDs with other contents, at the same moment and in opposite order."""
    together = threading.Barrier(2)

    def work(arrival: int) -> list[Reason | None]:
        events = [validated(number, arrival=arrival * 1000 + number, content=str(arrival)) for number in range(60)]
        batch = [record(event) for event in events][:: 1 if arrival == 1 else -1]
        database = Database(address.url("indexer"))
        try:
            database.revision()
            reasons = []
            for start in range(0, 60, 20):
                together.wait(20)
                outcomes = Indexer(database=database, clean=Objects())(batch[start : start + 20])
                reasons += [reason_of(outcome) for outcome in outcomes]
            return reasons[:: 1 if arrival == 1 else -1]
        finally:
            database.close()

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(work, (1, 2))
    assert all({mine, other} == {None, Reason.UID_CONFLICT} for mine, other in zip(one, two, strict=True))
    owners = postgres.ask(address, "SELECT arrival FROM instance")
    assert len(owners) == 60
    winners = {f"{1000 + n:032x}" if reason is None else f"{2000 + n:032x}" for n, reason in enumerate(one)}
    assert {arrival for (arrival,) in owners} == winners


def test_a_rival_waits_for_the_first_ones_end(address: Address) -> None:
    """While a worker's transaction is open its claims hold; when it fails they are void."""
    claim = rows.candidate(validated(1), header()).instance
    first, second = Database(address.url("indexer")), Database(address.url("indexer"))
    rival = partial(Indexer(database=second, clean=Objects()), [record(validated(1, arrival=9, content="other"))])
    with ThreadPoolExecutor(1) as pool:
        with suppress(ZeroDivisionError), first.transaction() as transaction:
            transaction.merge(tables.INSTANCE, [claim])
            waiting = pool.submit(rival)
            assert wait([waiting], timeout=0.3).not_done
            raise ZeroDivisionError
        assert reason_of(waiting.result(10)[0]) is None
    first.close()
    second.close()


def test_the_journey_of_an_instance_that_is_let_in(indexer: Indexer, address: Address) -> None:
    event = validated(1)
    thumbnailed = InstanceThumbnailed(**event.reference(), renderer="1", reason="no-pixels")
    indexer([record(InstanceAnonymised(**event.reference()), 0), record(event, 1), record(thumbnailed, 2)])
    journey = postgres.ask(
        address, "SELECT step, outcome, reason, at, trace_id, site, study_instance_uid FROM journey ORDER BY at"
    )
    assert [row[:3] for row in journey] == [
        ("anonymiser", "anonymised", None),
        ("validator", "validated", None),
        ("thumbnailer", "no-picture", "no-pixels"),
        ("indexer", "indexed", None),
    ]
    assert journey[0][3:] == (MORNING, TRACE, "north", "2.25.1")
    assert postgres.ask(address, "SELECT extract(epoch FROM now() - at) < 60 FROM journey WHERE step = 'indexer'") == [
        (True,)
    ]


def test_the_journey_of_those_that_are_not(indexer: Indexer, address: Address) -> None:
    refused = InstanceRejected(**validated(1).reference(), stage="validator", reason="pixel-length")
    rival = validated(2, arrival=9, content="other")
    outcomes = indexer([record(refused), record(validated(2)), record(rival)])
    (own,) = outcomes[2].events  # type: ignore[union-attr]
    assert isinstance(own.event, InstanceRejected)
    # Our own rejection comes back on its topic.
    before = content(address)
    indexer([record(own.event, 60 * 24 * 365 * 30)])
    assert content(address) == before
    found = postgres.ask(
        address, "SELECT sop_instance_uid, step, reason FROM journey WHERE outcome = 'rejected' ORDER BY 2"
    )
    assert found == [("2.25.1112", "indexer", "uid-conflict"), ("2.25.1111", "validator", "pixel-length")]


def test_a_picture_may_come_first_and_get_better(indexer: Indexer, address: Address) -> None:
    event = validated(1)
    died = InstanceThumbnailed(**event.reference(), renderer="1", reason="decoder-died")
    made = InstanceThumbnailed(**event.reference(), renderer="2", picture="p", width=256, height=128)
    seen = "SELECT picture_key, picture_width, picture_height, picture_reason FROM instance_found"
    indexer([record(died, 1)])
    assert postgres.ask(address, seen) == []
    indexer([record(event, 2)])
    assert postgres.ask(address, seen) == [(None, None, None, "decoder-died")]
    indexer([record(made, 3)])
    indexer([record(died, 1)])
    assert postgres.ask(address, seen) == [("p", 256, 128, None)]


def test_a_later_instance_completes_its_study(indexer: Indexer, address: Address) -> None:
    bare = header(T00080050="", T00080020="")
    indexer([record(validated(1, header=bare))])
    indexer([record(validated(2, series_instance_uid="2.25.12", header=header(T00080060="SEG")))])
    question = (
        "SELECT accession_number, study_date::text, modalities, number_of_series, number_of_instances FROM study_found"
    )
    assert postgres.ask(address, question) == [("A1", "2020-01-31", ["CT", "SEG"], 2, 2)]


def test_a_large_header_is_read_from_its_object(indexer: Indexer, address: Address, clean: Objects) -> None:
    large = header(T30060050=["1.5"] * 100_000)
    placed = place_header(large, "1/a.dcm", clean)
    indexer([record(validated(1, header=None).model_copy(update=placed))])
    assert postgres.ask(address, "SELECT header = %s::jsonb, header_key FROM instance", json.dumps(large)) == [
        (True, "1/a.json")
    ]


DREADFUL = {
    "nul": header(T00080050="A\0B", T00081030=["\0"]),
    "surrogate": header(T00080050="\ud800"),
    "not a number": header(T00280010=float("nan"), T00181151=float("inf")),
    "huge": header(T00200013=10**4000, T00280010=10**5000, T00181151=1.7e308),
    "dates": header(T00080020="99999999", T00100030="00000000", T00080030="991199"),
    "shapes": {"00080020": 5, "00080060": {"vr": "CS", "Value": "CT"}, "": None},
    "long": header(T00080050="x" * 100_000, T00080060="y" * 100_000),
    "empty": {},
}


@pytest.mark.parametrize("name", DREADFUL)
def test_no_header_spoils_the_batch(indexer: Indexer, address: Address, name: str) -> None:
    dreadful = validated(1).model_copy(update={"header": DREADFUL[name]})
    outcomes = indexer([record(dreadful), record(validated(2))])
    assert [reason_of(outcome) for outcome in outcomes] == [None, None]
    assert len(postgres.ask(address, "SELECT FROM instance")) == 2


def test_a_deep_header_does_neither(indexer: Indexer, address: Address) -> None:
    deepest: dict[str, Any] = {}
    for _ in range(900):
        deepest = {"0040A730": deepest}
    outcomes = indexer([record(validated(1).model_copy(update={"header": deepest}))])
    assert [reason_of(outcome) for outcome in outcomes] == [None]


def test_what_cannot_be_a_key_is_rejected_alone(indexer: Indexer, address: Address) -> None:
    outcomes = indexer([record(validated(1, sop_instance_uid="1\0" * 500)), record(validated(2))])
    assert [reason_of(outcome) for outcome in outcomes] == [Reason.MALFORMED_UID, None]
    assert postgres.ask(address, "SELECT sop_instance_uid FROM instance") == [("2.25.1112",)]


def test_what_was_taken_under_an_older_claim_is_refused_with_its_batch(indexer: Indexer, address: Address) -> None:
    claims = PartitionClaims(Database(address.url("indexer")), "another")
    batch = [record(validated(1)), record(validated(2)), replace(record(validated(3)), partition=1)]
    for epoch, where in enumerate(([0, 1], [1]), start=1):
        claims.take({(InstanceValidated.topic, number): epoch - 1 for number in where})
    held = [replace(item, epoch=1) for item in batch]
    with pytest.raises(Fenced):
        indexer(held)
    assert content(address) == {table: [] for table in TABLES}
    indexer(held[:2])
    assert len(postgres.ask(address, "SELECT FROM instance")) == 2


def test_a_claim_waits_for_what_is_written_under_the_last_one(address: Address) -> None:
    where = (InstanceValidated.topic, 0)
    mine, other = Database(address.url("indexer")), Database(address.url("indexer"))
    PartitionClaims(mine, "a").take({where: 0})
    with ThreadPoolExecutor(1) as pool:
        with mine.transaction() as transaction:
            transaction.hold({where: 1})
            claim = pool.submit(PartitionClaims(other, "b").take, {where: 1})
            assert wait([claim], timeout=0.3).not_done
        claim.result(10)
    with pytest.raises(Fenced), mine.transaction() as transaction:
        transaction.hold({where: 1})
    mine.close()
    other.close()


def test_what_was_erased_stays_out_and_the_others_of_its_batch_come_in(indexer: Indexer, address: Address) -> None:
    gone, other = validated(1), validated(2)
    seen = InstanceThumbnailed(**gone.reference(), renderer="1", picture="p", width=1, height=1)
    postgres.do(address, f"INSERT INTO erased VALUES ('{gone.arrival}', now())")
    outcomes = indexer([record(event) for event in (InstanceAnonymised(**gone.reference()), gone, other, seen)])
    skipped = Skip(Reason.ERASED)
    assert [outcomes[place] for place in (0, 1, 3)] == [skipped] * 3
    assert postgres.ask(address, "SELECT arrival FROM instance") == [(other.arrival,)]
    assert postgres.ask(address, "SELECT DISTINCT arrival FROM journey") == [(other.arrival,)]
    assert postgres.ask(address, "SELECT FROM picture") == []


def test_who_erases_waits_for_those_who_have_not_seen_the_mark(indexer: Indexer, address: Address) -> None:
    mine = Database(address.url("indexer"))
    mark = "LOCK TABLE erased IN EXCLUSIVE MODE; INSERT INTO erased VALUES ('a', now())"
    with ThreadPoolExecutor(1) as pool:
        with mine.transaction() as transaction:
            assert transaction.erased(["a"]) == set()
            erasing = pool.submit(postgres.do, address, mark)
            assert wait([erasing], timeout=0.3).not_done
        erasing.result(10)
    with mine.transaction() as transaction:
        assert transaction.erased(["a", "b"]) == {"a"}
    mine.close()


def retracted(event: InstanceValidated, reason: str = "erased") -> InstanceRetracted:
    names = ("site", "project", "arrival", "study_instance_uid", "series_instance_uid", "sop_instance_uid", "digest")
    return InstanceRetracted(**{name: getattr(event, name) for name in names}, reason=reason)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_what_is_retracted_for_good_leaves_no_row_and_does_not_come_back(
    indexer: Indexer, address: Address, together: bool, again: bool
) -> None:
    gone, other = validated(1), validated(2, patient_id="IC-BBBB", study_instance_uid="2.25.2")
    seen = [
        InstanceThumbnailed(**one.reference(), renderer="1", picture="p", width=1, height=1) for one in (gone, other)
    ]
    indexer([record(event) for event in (other, seen[1])])
    alone = {table: postgres.ask(address, f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}
    batch = [record(event) for event in (InstanceAnonymised(**gone.reference()), gone, seen[0])]
    ends = [record(retracted(gone))]
    if together:
        indexer([*batch, *ends])
    else:
        indexer(batch)
        assert indexer(ends) == [Done()]
    if again:
        assert indexer(batch) == [Skip(Reason.ERASED)] * 3
        assert indexer(ends) == [Done()]
    assert {table: postgres.ask(address, f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES} == alone
    assert postgres.ask(address, "SELECT arrival FROM erased") == [(gone.arrival,)]


def test_of_a_study_that_is_not_empty_the_rest_stays(indexer: Indexer, address: Address) -> None:
    gone, stays = validated(1), validated(2)
    indexer([record(gone), record(stays)])
    indexer([record(retracted(gone))])
    assert postgres.ask(address, "SELECT sop_instance_uid FROM instance_found") == [(stays.sop_instance_uid,)]
    assert postgres.ask(address, "SELECT number_of_series, number_of_instances FROM study_found") == [(1, 1)]


def test_what_is_retracted_for_another_reason_is_left_to_who_knows_it(indexer: Indexer, address: Address) -> None:
    indexer([record(validated(1))])
    assert indexer([record(retracted(validated(1), "superseded"))]) == [Done()]
    assert postgres.ask(address, "SELECT FROM erased") == []
    assert len(postgres.ask(address, "SELECT FROM instance")) == 1


def test_a_late_record_whose_header_was_erased_is_passed_over_and_any_other_is_not(indexer: Indexer) -> None:
    late = validated(1, header=None, header_key="gone", header_digest="0" * 64)
    indexer([record(retracted(late))])
    assert indexer([record(late)]) == [Skip(Reason.ERASED)]
    lost = validated(2, header=None, header_key="gone", header_digest="0" * 64)
    with pytest.raises(ObjectNotFound):
        indexer([record(lost)])
