"""The books against their witnesses, on a real PostgreSQL: what is taken away or added is named, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.state import Stack
from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.reconciling.catching_up import Behind
from shared.outcome import Transient
from tests.support.ledger import LONG_AGO, NOW, Books, Databases, One

pytestmark = pytest.mark.stack

YOUNG = NOW - timedelta(minutes=1)
"""Younger than the grace."""
IN_FLIGHT = (
    "INSERT INTO arrival (arrival, site, raw_key, associations, received, received_at, state) "
    "VALUES ('f1', 'site-a', NULL, NULL, true, %s, 'in_flight')"
)
Break = Callable[[Books, One], object]


@pytest.fixture(scope="module")
def databases(components: Stack) -> Databases:
    return Databases.fresh(components.database)


@pytest.fixture
def books(databases: Databases, tmp_path: Path) -> Books:
    databases.empty()
    return Books(databases, tmp_path / "accounts")


@pytest.fixture
def some(books: Books) -> list[One]:
    """Two sites' instances, of which all is as it should be."""
    found = [books.clean_one(site, f"assoc-{site}") for site in ("site-a", "site-b") for _ in range(3)]
    for site in ("site-a", "site-b"):
        books.account(f"assoc-{site}", 2, site)
        books.account(f"assoc-{site}", 3, site)
    return found


def test_nothing_differs(books: Books, some: list[One]) -> None:
    report = books.reconcile()
    assert report.findings.kept == []
    assert report.balanced
    assert {(site.site, site.received, site.states["clean"]) for site in report.sites} == {
        ("site-a", 3, 3),
        ("site-b", 3, 3),
    }
    counted = {each.witness: each.counted for each in report.examined}
    assert counted["raw"] == counted["derived"] == {"lines": 6, "objects": 6}
    assert counted["accounts"] == {"accounts": 4}
    assert counted["index"] == {"copies": 6, "indexed": 6, "days-read": 0}


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        (lambda books, one: books.identified.delete(one.raw_key), "raw-missing"),
        (lambda books, one: books.clean.delete(one.key), "clean-missing"),
        (lambda books, one: books.derived.delete(one.picture), "picture-missing"),
        (
            lambda books, one: books.say(
                "DELETE FROM instance WHERE arrival = %s", one.arrival, of=books.databases.index
            ),
            "index-missing",
        ),
    ],
)
def test_what_is_gone_is_named(books: Books, some: list[One], do: Break, kind: str) -> None:
    one = some[1]
    do(books, one)
    key = {"clean-missing": one.key, "index-missing": one.key, "picture-missing": one.picture}.get(kind, one.raw_key)
    for cut in (None, Cut(site="site-a"), Cut(association="assoc-site-a"), Cut(since=LONG_AGO), Cut(study="2.25.10")):
        assert books.found(cut) == [(kind, one.arrival, key)], cut
    for cut in (Cut(site="site-b"), Cut(association="other"), Cut(until=LONG_AGO)):
        assert books.found(cut) == [], cut


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        (lambda books, one: books.identified.put(one.raw_key, b"x"), "raw-rotten"),
        (lambda books, one: books.clean.put(one.key, b"x"), "clean-rotten"),
    ],
)
def test_what_has_another_length_is_read(books: Books, some: list[One], do: Break, kind: str) -> None:
    do(books, some[1])
    assert [(found, arrival) for found, arrival, _ in books.found()] == [(kind, some[1].arrival)]


def test_the_same_data_set_with_another_front_is_no_difference(books: Books, some: list[One]) -> None:
    books.say("UPDATE arrival SET size = size + 2 WHERE arrival = %s", some[1].arrival)
    assert books.found() == []


@pytest.mark.parametrize(
    ("bucket", "key", "kind"),
    [
        ("identified", f"site-a/00/{'0' * 64}.dcm", "raw-unannounced"),
        ("identified", "site-a/something", "raw-stranger"),
        ("clean", "p1/2.25.10/2.25.20/2.25.77.aaaaaaaaaaaa.dcm", "clean-orphan"),
        ("clean", "p1/2.25.10/2.25.20/2.25.77.aaaaaaaaaaaa.json", "clean-orphan"),
        ("derived", "1/2.25.10/2.25.20/2.25.77/aaaaaaaaaaaa-256.jpg", "picture-orphan"),
    ],
)
def test_what_nobody_knows_is_named_once_it_is_old(
    books: Books, some: list[One], bucket: str, key: str, kind: str
) -> None:
    store = getattr(books, bucket)
    store.put(key, b"who am I")
    store.modified[key] = YOUNG
    assert books.found() == []
    store.modified[key] = LONG_AGO
    assert books.found() == [(kind, None, key)]
    assert books.found(walk=False) == []


def test_a_copy_may_be_of_an_arrival_that_waits(books: Books, some: list[One]) -> None:
    key = "p1/2.25.10/2.25.20/2.25.77.aaaaaaaaaaaa.dcm"
    books.clean.put(key, b"clean")
    books.clean.modified[key] = LONG_AGO
    books.say(IN_FLIGHT, LONG_AGO + timedelta(hours=1))
    assert books.found() == [("clean-orphan", None, key)], "it had not arrived yet"
    books.say("UPDATE arrival SET received_at = %s WHERE arrival = 'f1'", LONG_AGO)
    assert books.found() == []


def test_a_picture_that_was_replaced_is_no_orphan(books: Books, some: list[One]) -> None:
    old = f"0{some[1].picture[1:]}"
    books.derived.put(old, b"\xff\xd8\xff\xd9")
    books.derived.modified[old] = LONG_AGO
    assert books.found() == []


def test_headers_lie_beside_their_copies(books: Books, some: list[One]) -> None:
    header = some[1].key.replace(".dcm", ".json")
    books.clean.put(header, b"{}")
    books.clean.modified[header] = LONG_AGO
    assert books.found() == []


@pytest.mark.parametrize("when", ["expired", "retracted"])
def test_what_was_to_go_may_be_gone(books: Books, some: list[One], when: str) -> None:
    one = some[1]
    books.clean.delete(one.key)
    books.derived.delete(one.picture)
    if when == "expired":
        books.identified.delete(one.raw_key)
        books.say("UPDATE arrival SET expired_at = now() WHERE arrival = %s", one.arrival)
    else:
        books.say("DELETE FROM instance WHERE arrival = %s", one.arrival, of=books.databases.index)
        books.say("UPDATE arrival SET state = 'in_flight' WHERE arrival = %s", one.arrival)
    books.say(f"UPDATE copy SET {when}_at = now() WHERE arrival = %s", one.arrival)
    assert books.found() == []


def test_arrivals_with_one_clean_copy_share_its_object(books: Books, some: list[One]) -> None:
    one, other = some[:2]
    books.say("UPDATE copy SET key = %s WHERE arrival = %s", one.key, other.arrival)
    books.clean.delete(other.key)
    assert books.found() == []
    books.clean.delete(one.key)
    assert [kind for kind, _, _ in books.found()] == ["clean-missing"]


# --- bytes


@pytest.mark.parametrize(("bucket", "name"), [("identified", "raw_key"), ("clean", "key"), ("derived", "picture")])
def test_a_flipped_byte_is_named_by_who_reads_all_bytes(books: Books, some: list[One], bucket: str, name: str) -> None:
    store, key = getattr(books, bucket), str(getattr(some[1], name))
    store.objects[key] = store.objects[key][:-1] + bytes([store.objects[key][-1] ^ 1])
    assert books.found() == [], "its size is the same"
    kind = {"identified": "raw-rotten", "clean": "clean-rotten", "derived": "picture-rotten"}[bucket]
    assert books.found(deep=True) == [(kind, some[1].arrival, key)]
    assert books.found(Cut(site="site-b"), deep=True) == []


def test_bytes_that_were_read_are_counted(books: Books, some: list[One]) -> None:
    report = books.reconcile(deep=True)
    assert report.total == 0
    counted = {each.witness: each.counted for each in report.examined}
    for name, bucket in (("raw", "identified"), ("clean", "clean"), ("derived", "derived")):
        assert counted[name]["bytes"] == sum(map(len, getattr(books, bucket).objects.values()))


# --- accounts


def test_an_account_that_says_more_is_named(books: Books, some: list[One]) -> None:
    books.account("assoc-site-a", 4)
    (difference,) = books.reconcile().findings.kept
    assert (difference.kind, difference.site, difference.association) == ("account-says-more", "site-a", "assoc-site-a")
    assert difference.detail == "told that 4 are stored, 3 were announced"
    assert books.found(Cut(association="assoc-site-a")) == [("account-says-more", None, None)]
    assert books.found(Cut(site="site-b")) == []


def test_an_association_that_is_not_announced_at_all(books: Books, some: list[One]) -> None:
    books.account("assoc-lost", 1)
    assert [difference.association for difference in books.reconcile().findings.kept] == ["assoc-lost"]
    assert books.found(Cut(until=NOW)) == [], "it had not ended yet"
    assert books.found(Cut(since=NOW)) == []


def test_what_was_swept_is_made_up_for(books: Books, some: list[One]) -> None:
    books.account("assoc-lost", 2)
    books.clean_one("site-a", "swept")
    books.clean_one("site-b", "swept")
    assert books.found() == [("account-says-more", None, None)], "only one of two was swept at that site"
    books.clean_one("site-a", "swept")
    assert books.found() == []


def test_what_two_associations_announced_counts_for_both(books: Books, some: list[One]) -> None:
    books.account("assoc-again", 1)
    books.say("UPDATE arrival SET associations = 'assoc-again assoc-site-a' WHERE arrival = %s", some[0].arrival)
    assert books.found() == []


def test_lines_that_cannot_be_read_are_counted(books: Books, some: list[One]) -> None:
    with (books.accounts / "2026-12-01.jsonl").open("a") as file:
        file.write('{"association": "torn\n[]\n')
    report = books.reconcile()
    assert report.total == 0
    assert {each.witness: each.counted for each in report.examined}["accounts"]["unreadable"] == 2


# --- index


def test_the_days_that_differ_are_read_and_no_others(books: Books, some: list[One]) -> None:
    earlier = [books.clean_one(at=LONG_AGO - timedelta(days=day)) for day in (1, 2, 3)]
    books.say("DELETE FROM instance WHERE arrival = %s", earlier[1].arrival, of=books.databases.index)
    report = books.reconcile(walk=False)
    assert [difference.arrival for difference in report.findings.kept] == [earlier[1].arrival]
    assert {each.witness: each.counted for each in report.examined}["index"]["days-read"] == 1


def test_zones_that_saw_another_day_still_agree(books: Books, some: list[One]) -> None:
    books.say("UPDATE journey SET at = %s WHERE arrival = %s", NOW, some[1].arrival, of=books.databases.index)
    books.say("DELETE FROM journey WHERE arrival = %s", some[2].arrival, of=books.databases.index)
    assert books.found() == []


def test_what_is_on_its_way_into_the_index_is_no_difference(books: Books, some: list[One]) -> None:
    books.say("UPDATE copy SET indexed_at = NULL WHERE arrival = %s", some[1].arrival)
    books.say("UPDATE arrival SET state = 'in_flight' WHERE arrival = %s", some[1].arrival)
    assert books.found() == []


def test_what_the_index_has_and_the_books_do_not_is_named(books: Books, some: list[One]) -> None:
    books.say("UPDATE copy SET retracted_at = %s WHERE arrival = %s", YOUNG, some[1].arrival)
    books.say("UPDATE arrival SET state = 'in_flight' WHERE arrival = %s", some[1].arrival)
    assert books.found(walk=False) == [], "it goes by itself"
    books.say("UPDATE copy SET retracted_at = %s WHERE arrival = %s", LONG_AGO, some[1].arrival)
    assert books.found(walk=False) == [("index-stranger", some[1].arrival, some[1].key)]


# --- lines and topics


def test_contradictions_are_named(books: Books, some: list[One]) -> None:
    books.say("UPDATE copy SET validated_at = NULL WHERE arrival = %s", some[1].arrival)
    (difference,) = books.reconcile().findings.kept
    assert (difference.kind, difference.arrival, difference.detail) == (
        "contradiction",
        some[1].arrival,
        "not-validated",
    )


def test_what_no_topic_announced_is_named(books: Books, some: list[One]) -> None:
    books.say("UPDATE arrival SET received = false WHERE arrival = %s", some[1].arrival)
    assert ("never-received", some[1].arrival, some[1].raw_key) in books.found()


def test_records_that_nobody_can_read_are_named_until_they_are_settled(books: Books, some: list[One]) -> None:
    books.say("INSERT INTO undecodable VALUES ('t', 1, 7, now())")
    (difference,) = books.reconcile().findings.kept
    assert (difference.kind, difference.detail) == ("undecodable-record", "t/1 at 7")
    letter = "INSERT INTO letter (letter, source_topic, source_partition, source_offset, stage, reason) VALUES "
    books.say(letter + "('l', 't', 1, 7, 'validator', 'undecodable-event')")
    assert {kind for kind, _, _ in books.found()} == {"undecodable-record", "letter-astray"}
    books.say("UPDATE letter SET settled = 'discarded'")
    assert books.found() == []


# --- while everything moves


def test_books_that_are_behind_say_by_how_much(books: Books) -> None:
    books.behind = 3
    with pytest.raises(Behind, match="3 records behind"):
        books.reconcile()
    books.markers = True
    assert books.found() == [], "markers of transactions take offsets too"


def test_what_comes_right_while_the_books_catch_up_is_no_difference(books: Books, some: list[One]) -> None:
    """Looked at again after the books have caught up: announced late, deleted by a decision, indexed meanwhile."""
    late, doomed, slow = some[0], some[1], some[2]
    books.say("DELETE FROM copy WHERE arrival = %s", late.arrival)
    books.say("DELETE FROM arrival WHERE arrival = %s", late.arrival)
    books.identified.delete(doomed.raw_key)
    books.say("UPDATE copy SET validated_at = NULL WHERE arrival = %s", slow.arrival)
    assert {kind for kind, _, _ in books.found()} == {
        "raw-unannounced",
        "clean-orphan",
        "picture-orphan",
        "raw-missing",
        "index-stranger",
        "contradiction",
        "account-says-more",
    }
    asked = 0

    def meanwhile() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raw = books.identified.get(late.raw_key)
            digest = Path(late.raw_key).stem
            books.line(late, digest, len(raw), len(books.clean.get(late.key)), LONG_AGO)
            books.say("UPDATE arrival SET expired_at = now() WHERE arrival = %s", doomed.arrival)
            books.say("UPDATE copy SET validated_at = now() WHERE arrival = %s", slow.arrival)

    books.meanwhile = meanwhile
    books.account("assoc-site-a", 2)
    assert books.found() == []


def test_a_witness_that_is_away_is_no_difference(books: Books, some: list[One]) -> None:
    books.clean.away = True
    with pytest.raises(Transient):
        books.reconcile()
    books.say("ALTER TABLE journey RENAME TO journal", of=books.databases.index)
    try:
        with pytest.raises(Transient):
            books.reconcile(walk=False)
    finally:
        books.say("ALTER TABLE journal RENAME TO journey", of=books.databases.index)


def test_times_are_utc(books: Books) -> None:
    books.clean_one(at=datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert books.found(Cut(since=datetime(2026, 12, 1, tzinfo=UTC))) == []
    assert books.reconcile(Cut(until=datetime(2026, 12, 1, tzinfo=UTC))).sites[0].received == 1
