"""The ledger on a real PostgreSQL: one state for each arrival, from facts in any order, once or often."""

import random
from collections.abc import Callable, Iterator, Sequence
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
from shared.events import CleanDeadLetter, Event, IdentifiedDeadLetter, InstanceErased, InstanceRetracted
from shared.events.deadletter import Settling
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
    settled,
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


def through(arrival: int, *decisions: Event) -> list[Event]:
    """Held at first, and let through by the last of these decisions."""
    return [received(arrival), quarantined(arrival), *decisions, *way(arrival)[1:]]


def died(about: Event, *states: Settling) -> list[Event]:
    """It became a dead letter, which was settled so."""
    model, stage = (
        (CleanDeadLetter, "indexer") if about.topic.startswith("clean.") else (IdentifiedDeadLetter, "anonymiser")
    )
    dead = letter(about, model, stage)
    return [about, dead, *(settled(dead, state) for state in states)]


HISTORIES: dict[str, tuple[str, Callable[[int], list[Event]]]] = {
    "received": ("in_flight", lambda n: [received(n)]),
    "received in bulk": ("in_flight", lambda n: [received(n, bulk=True)]),
    "validated": ("in_flight", lambda n: way(n)[:3]),
    "not yet at the thumbnailer": ("in_flight", lambda n: way(n)[:4]),
    "through": ("clean", way),
    "held": ("quarantined", lambda n: [received(n), quarantined(n)]),
    "decided": ("in_flight", lambda n: [received(n), quarantined(n), decided(n, "d1")]),
    "released": ("clean", lambda n: through(n, decided(n, "d1"), cleared(n, "d1"))),
    "held for something else": (
        "quarantined",
        lambda n: [received(n), quarantined(n), decided(n, "d1"), quarantined(n, "d1")],
    ),
    "released twice": (
        "clean",
        lambda n: through(n, decided(n, "d1"), quarantined(n, "d1"), decided(n, "d2", "d1"), cleared(n, "d2")),
    ),
    "discarded": (
        "rejected",
        lambda n: [received(n), quarantined(n), decided(n, "d1", choice="discard"), refused(n, "d1", "discarded")],
    ),
    "a decision that died": ("dead", lambda n: [received(n), quarantined(n), *died(decided(n, "d1"))]),
    "a decision that died for good": (
        "quarantined",
        lambda n: [received(n), quarantined(n), *died(decided(n, "d1"), "discarded")],
    ),
    "unreadable": ("rejected", lambda n: [received(n), refused(n)]),
    "refused, and let through once more": ("clean", lambda n: [received(n), refused(n), *way(n)[1:]]),
    "rejected by the validator": ("rejected", lambda n: [received(n), anonymised(n), rejected(n)]),
    "rejected by the indexer": (
        "rejected",
        lambda n: [*way(n)[:3], rejected(n, stage="indexer"), thumbnailed(n)],
    ),
    "a second copy that is not let in": (
        "clean",
        lambda n: [*way(n), anonymised(n, "b"), rejected(n, "b", stage="indexer")],
    ),
    "a second copy under way": ("in_flight", lambda n: [received(n), anonymised(n), rejected(n), anonymised(n, "b")]),
    "dead before the wall": ("dead", lambda n: died(received(n))),
    "dead behind it": ("dead", lambda n: [*way(n)[:2], *died(checked(n))]),
    "dead, and tried again": ("in_flight", lambda n: died(received(n), "requeued")),
    "dead, and handled after all": ("clean", lambda n: [*died(received(n), "requeued", "resolved"), *way(n)[1:]]),
    "dead for good": ("dead", lambda n: died(received(n), "discarded")),
    "dead for good, and yet through": ("clean", lambda n: [*died(received(n), "discarded"), *way(n)[1:]]),
    "never received": ("clean", lambda n: way(n)[1:]),
}


def records_of(histories: Sequence[list[Event]]) -> list[Record]:
    """As they lie in their topics: of each history, every event a minute after the last."""
    events = [(place, event) for history in histories for place, event in enumerate(history)]
    return [record(event, offset, minute(place)) for offset, (place, event) in enumerate(events)]


def all_records() -> list[Record]:
    return records_of([history(number) for number, (_, history) in enumerate(HISTORIES.values())])


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
    put(books, all_records())
    found = dict(ask(address, "SELECT arrival, state FROM arrival"))
    states = {name: found[f"{number:032x}"] for number, name in enumerate(HISTORIES)}
    assert states == {name: state for name, (state, _) in HISTORIES.items()}
    for view in ("line_state", "line_states"):
        assert dict(ask(address, f"SELECT arrival, state FROM {view}")) == found


def test_order_portions_and_repeats_make_no_difference(books: Books, address: Address, other: Address) -> None:
    records = all_records()
    put(books, records)
    shuffled = [*records, *records[::3]]
    random.Random(7).shuffle(shuffled)
    with opened(other) as second:
        for start in range(0, len(shuffled), 5):
            put(second, shuffled[start : start + 5])
    assert content(other) == content(address)
    assert ask(address, "SELECT arrival FROM contradiction WHERE kind = 'state'") == []


def test_what_is_known_already_is_not_written_again(books: Books, address: Address) -> None:
    records = all_records()
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
        [*way(1), rejected(1)],
        [*way(2), quarantined(2)],
        [received(3), quarantined(3), decided(3, "d1"), decided(3, "d2"), cleared(3, "d1"), cleared(3, "d2")],
        [received(4), indexed(4)],
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
    books.take(records_of([way(0), way(1)]))
    with pytest.raises(Transient):
        books.write()
    assert content(address) == before
    postgres.do(address.model_copy(update={"name": address.identified}), "ALTER TABLE position OWNER TO bookkeeper")
    books.write()
    assert len(ask(address, "SELECT FROM arrival")) == 2, "what was gathered was kept"


def test_of_two_writers_one_is_told_that_it_was_overtaken(books: Books, address: Address) -> None:
    with opened(address) as second:
        put(second, records_of([way(0)]))
        books.take(records_of([[received(0)], [received(1)]]))
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
