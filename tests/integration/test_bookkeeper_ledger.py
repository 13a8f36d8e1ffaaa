"""The ledger on a real PostgreSQL: one state for each arrival, from facts in any order, once or often."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from infra.local.state import Database as Address
from infra.local.state import Stack
from services.bookkeeper.database import Database
from services.bookkeeper.folding import Fold
from services.bookkeeper.handler import Books, Overtaken
from services.bookkeeper.lines import KEYS, Arrival, Copy, Letter, Line, Verdict, groups
from services.bookkeeper.migrate import migrate, newest
from services.bookkeeper.report import Report
from services.bookkeeper.tables import TABLES
from shared.events import CleanDeadLetter, DeadLetter, Event, InstanceErased, InstanceRetracted
from shared.kafka import Record
from shared.outcome import Transient
from tests.support import postgres
from tests.support.ledger_events import (
    anonymised,
    checked,
    cleared,
    decided,
    indexed,
    letter,
    minute,
    quarantined,
    received,
    record,
    refused,
    rejected,
    thumbnailed,
)

pytestmark = pytest.mark.stack

FACTS = ("arrival", "verdict", "copy", "letter")


def way(arrival: int, content: str = "") -> list[Event]:
    """All the way into the index and to the thumbnailer."""
    return [
        received(arrival),
        anonymised(arrival, content),
        checked(arrival, content),
        indexed(arrival, content),
        thumbnailed(arrival, content, picture=None),
    ]


HISTORIES: dict[str, tuple[str, list[Event]]] = {
    "received": ("in_flight", [received(0)]),
    "validated": ("in_flight", way(0)[:3]),
    "not yet at the thumbnailer": ("in_flight", way(0)[:4]),
    "through": ("clean", way(0)),
    "held": ("quarantined", [received(0), quarantined(0)]),
    "decided": ("in_flight", [received(0), quarantined(0), decided(0, "d1")]),
    "released": ("clean", [*way(0), quarantined(0), decided(0, "d1"), cleared(0, "d1")]),
    "held for something else": ("quarantined", [received(0), quarantined(0), decided(0, "d1"), quarantined(0, "d1")]),
    "released twice": (
        "clean",
        [*way(0), quarantined(0), decided(0, "d1"), quarantined(0, "d1"), decided(0, "d2", "d1"), cleared(0, "d2")],
    ),
    "discarded": ("rejected", [received(0), quarantined(0), decided(0, "d1", None, "discard"), refused(0, "d1")]),
    "a decision that died": (
        "dead",
        [received(0), quarantined(0), decided(0, "d1"), letter(decided(0, "d1"))],
    ),
    "unreadable": ("rejected", [received(0), refused(0)]),
    "refused, and let through once more": ("clean", [received(0), refused(0), *way(0)[1:]]),
    "rejected by the validator": ("rejected", [received(0), anonymised(0), rejected(0)]),
    "rejected by the indexer": ("rejected", [*way(0)[:3], rejected(0, stage="indexer"), thumbnailed(0)]),
    "a second copy that is not let in": ("clean", [*way(0), anonymised(0, "b"), rejected(0, "b", stage="indexer")]),
    "a second copy under way": ("in_flight", [received(0), anonymised(0), rejected(0), anonymised(0, "b")]),
    "dead before the wall": ("dead", [received(0), letter(received(0))]),
    "dead behind it": ("dead", [*way(0)[:3], letter(checked(0), CleanDeadLetter, "indexer")]),
    "never received": ("clean", way(0)[1:]),
}


def records_of(histories: Sequence[list[Event]]) -> list[Record]:
    """As they lie in their topics: each history about an arrival of its own, every event a minute after the last."""
    found: list[Record] = []
    for number, history in enumerate(histories):
        about = [_about(event, number) for event in history]
        for place, event in enumerate(about):
            # What is written down as a letter is that of the event before it.
            told = letter(about[place - 1], type(event), event.stage) if isinstance(event, DeadLetter) else event
            found.append(record(told, len(found), minute(place)))
    return found


def _about(event: Event, number: int) -> Event:
    return event if isinstance(event, DeadLetter) else event.model_copy(update={"arrival": f"{number:032x}"})


@pytest.fixture
def address(components: Stack) -> Address:
    made = postgres.fresh(components.database)
    migrate(made.url("bookkeeper", made.identified))
    return made


@pytest.fixture
def other(components: Stack) -> Address:
    made = postgres.fresh(components.database)
    migrate(made.url("bookkeeper", made.identified))
    return made


@contextmanager
def opened(address: Address, record_at: Any = lambda *_: None) -> Iterator[Books]:
    """One worker of the ledger there."""
    database = Database(address.url("bookkeeper", address.identified))
    made = Books(database=database, record_at=record_at, report=Report())
    made.open()
    yield made
    database.close()


@pytest.fixture
def books(address: Address) -> Iterator[Books]:
    with opened(address) as made:
        yield made


def ask(address: Address, question: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(address.url("auditor", address.identified), autocommit=True) as connection:
        return connection.execute(question.encode(), values).fetchall()


def content(address: Address, columns: str = "*") -> dict[str, list[tuple[Any, ...]]]:
    return {table: ask(address, f"SELECT {columns} FROM {table} t ORDER BY t") for table in FACTS}


def put(books: Books, records: Sequence[Record]) -> None:
    books.take(records)
    books.write()


def test_each_history_ends_in_one_state(books: Books, address: Address) -> None:
    put(books, records_of([history for _, history in HISTORIES.values()]))
    found = dict(ask(address, "SELECT arrival, state FROM arrival"))
    states = {name: found[f"{number:032x}"] for number, name in enumerate(HISTORIES)}
    assert states == {name: state for name, (state, _) in HISTORIES.items()}


def test_order_portions_and_repeats_make_no_difference(books: Books, address: Address, other: Address) -> None:
    records = records_of([history for _, history in HISTORIES.values()])
    put(books, records)
    shuffled = [*records, *records[::3]]
    random.Random(7).shuffle(shuffled)
    with opened(other) as second:
        for start in range(0, len(shuffled), 5):
            put(second, shuffled[start : start + 5])
    assert content(other) == content(address)
    assert ask(address, "SELECT arrival FROM contradiction WHERE kind = 'state'") == []


def test_what_is_known_already_is_not_written_again(books: Books, address: Address) -> None:
    records = records_of([history for _, history in HISTORIES.values()])
    put(books, records)
    before = content(address, "xmin, *")
    put(books, records)
    assert content(address, "xmin, *") == before


def test_the_database_merges_as_the_fold_does(books: Books, address: Address) -> None:
    """Of every column, and of every group of them: by what SQL says and by what Python says."""
    rows = [_random_row(random.Random(seed)) for seed in range(400)]
    fold = Fold()
    fold.add(rows)
    database = Database(address.url("bookkeeper", address.identified))
    for start in range(0, len(rows), 40):
        portion = Fold()
        portion.add(rows[start : start + 40])
        with database.transaction() as transaction:
            for table, kind in zip(TABLES, KEYS, strict=False):
                transaction.merge(table, portion.of(kind))  # type: ignore[type-var]
    database.close()
    for kind in (Arrival, Verdict, Copy, Letter):
        names = ", ".join(kind._fields)
        assert set(ask(address, f"SELECT {names} FROM {kind.__name__.lower()}")) == set(map(tuple, fold.of(kind)))


def _random_row(chance: random.Random) -> Line:
    kind = chance.choice(list(KEYS))
    row = kind(*(_random_value(chance, kind, name) for name in kind._fields))
    missing = [group.columns for group in groups(kind) if getattr(row, group.columns[0]) is None]
    return row._replace(**{name: None for columns in missing for name in columns})


def _random_value(chance: random.Random, kind: type[Line], name: str) -> Any:
    if name in kind._fields[: KEYS[kind]]:
        return chance.choice("xyz")
    texts = {"outcome": ["held", "rejected"], "settled": ["requeued", "resolved"]}.get(name, ["a", "b"])
    annotation = str(kind.__annotations__[name])
    if "bool" in annotation:
        return chance.choice([True, False])
    if "datetime" in annotation:
        return chance.choice([None, *map(minute, range(3))])
    return chance.choice([None, 1, 2]) if "int" in annotation else chance.choice([None, *texts])


def test_contradictions_are_shown(books: Books, address: Address) -> None:
    histories = [
        way(0)[1:],
        [*way(0), rejected(0)],
        [*way(0), quarantined(0)],
        [received(0), quarantined(0), decided(0, "d1"), decided(0, "d2"), cleared(0, "d1"), cleared(0, "d2")],
        [received(0), indexed(0)],
    ]
    put(books, records_of(histories))
    found = ask(address, "SELECT arrival, kind FROM contradiction ORDER BY 1, 2")
    assert [(int(arrival, 16), kind) for arrival, kind in found] == [
        (0, "not-received"),
        (1, "rejected-and-indexed"),
        (2, "indexed-and-refused"),
        (3, "decided-twice"),
        (4, "not-anonymised"),
        (4, "not-validated"),
    ]


def test_a_state_that_does_not_follow_from_the_facts_is_one_too(books: Books, address: Address) -> None:
    put(books, records_of([way(0)]))
    with psycopg.connect(address.url("bookkeeper", address.identified)) as connection:
        connection.execute("UPDATE arrival SET state = 'rejected'")
    assert ("state",) in ask(address, "SELECT kind FROM contradiction")


def test_positions_are_written_with_the_lines_or_not_at_all(books: Books, address: Address) -> None:
    put(books, records_of([way(0)]))
    positions = dict(ask(address, "SELECT topic, next FROM position"))
    assert positions == {item.topic: item.offset + 1 for item in records_of([way(0)])}
    before = content(address)
    postgres.do(address.model_copy(update={"name": address.identified}), "ALTER TABLE position OWNER TO postgres")
    books.take(records_of([way(0), way(0)]))
    with pytest.raises(Transient):
        books.write()
    assert content(address) == before
    postgres.do(address.model_copy(update={"name": address.identified}), "ALTER TABLE position OWNER TO bookkeeper")
    books.write()
    assert len(ask(address, "SELECT FROM arrival")) == 2, "what was gathered was kept"


def test_of_two_writers_one_is_told_that_it_was_overtaken(books: Books, address: Address) -> None:
    with opened(address) as second:
        put(second, records_of([way(0)]))
        books.take(records_of([[received(0)], [received(0)]]))
        with pytest.raises(Overtaken):
            books.write()
    assert len(ask(address, "SELECT FROM arrival")) == 1
    books.open()
    books.write()
    assert len(ask(address, "SELECT FROM arrival")) == 2


def test_what_cannot_be_read_is_left_out(books: Books, address: Address) -> None:
    good = records_of([way(0)])
    bad = Record(good[0].topic, 0, 99, minute(0), None, b"{", good[0].headers, 0)
    put(books, [*good, bad])
    assert ask(address, "SELECT next FROM position WHERE topic = %s", bad.topic) == [(100,)]
    assert ask(address, "SELECT state FROM arrival") == [("clean",)]


def test_a_bare_letter_is_about_the_record_at_its_coordinates(address: Address) -> None:
    about = record(received(0), 5)
    bare = letter(received(0)).model_copy(update={"record_value": None, "source_offset": 5})
    asked: list[tuple[Any, ...]] = []

    def record_at(*where: Any) -> Record:
        asked.append(where)
        return about

    with opened(address, record_at) as books:
        put(books, [about, record(bare, 1)])
    assert asked == [(about.topic, 0, 5)]
    assert ask(address, "SELECT state FROM arrival") == [("dead",)]


def test_who_may_read_and_who_may_not_even_connect(address: Address) -> None:
    for role in ("indexer", "gateway"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(address.url(role, address.identified))
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(address.url("bookkeeper", address.name))
    with psycopg.connect(address.url("indexer"), autocommit=True) as indexer:
        indexer.execute("CREATE TABLE found (id int)")
    for name, question in ((address.name, "SELECT FROM found"), (address.identified, "SELECT FROM arrival")):
        with psycopg.connect(address.url("auditor", name), autocommit=True) as auditor:
            assert auditor.execute(question.encode()).fetchall() == []
            auditor.execute("SET default_transaction_read_only = off")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                auditor.execute("CREATE TABLE own (x int)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                auditor.execute(question.replace("SELECT", "DELETE").encode())


def test_the_schema_is_the_newest(address: Address) -> None:
    assert ask(address, "SELECT version_num FROM alembic_version") == [(newest(),)]


def erased(arrival: int) -> list[Event]:
    told = {"site": "north", "project": "demo", "arrival": f"{arrival:032x}"}
    copy = anonymised(arrival)
    return [
        InstanceErased(**told, receipt="r1", ground="consent-withdrawn", erased_at=minute(5)),
        InstanceRetracted(**told, reason="erased", digest=copy.digest, key=copy.key),
    ]


@pytest.mark.parametrize(
    "history",
    [way(0), [received(0), quarantined(0), decided(0, "d1"), quarantined(0, "d1")], [received(0)]],
    ids=["clean", "held", "under way"],
)
def test_of_what_was_erased_stays_that_it_came_in_whatever_order_it_is_told(
    books: Books, address: Address, history: list[Event]
) -> None:
    records = [record(event, place, minute(place)) for place, event in enumerate([*history, *erased(0)])]
    line = "SELECT state, site, association, received, raw_key, digest, study_key FROM arrival"
    for seed in range(6):
        put(books, random.Random(seed).sample(records, len(records)))
        assert ask(address, line) == [("rejected", "north", "a1", True, None, None, None)]
        assert ask(address, "SELECT FROM copy") == []
        assert ask(address, "SELECT decision, reason FROM verdict") == [("erased", "erased")]
    assert ask(address, "SELECT FROM contradiction") == []
