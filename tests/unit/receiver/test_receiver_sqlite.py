"""Files that several processes share."""

from pathlib import Path

import pytest

from services.receiver import sqlite
from services.receiver.arrivals import Arrivals
from services.receiver.commitment.docket import Docket
from services.receiver.quotas import Quotas

SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (name TEXT);
CREATE INDEX IF NOT EXISTS thing_name ON thing (name);
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "things.sqlite"


@pytest.mark.parametrize(("synced", "level"), [(True, 2), (False, 0)])
def test_syncs_what_has_to_survive(path: Path, synced: bool, level: int) -> None:
    database = sqlite.opened(path, synced=synced)
    assert database.execute("PRAGMA synchronous").fetchone() == (level,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


@pytest.mark.parametrize("kind", [Arrivals, Docket, Quotas])
def test_no_other_user_may_read_what_came(path: Path, kind: type[Arrivals | Docket | Quotas]) -> None:
    made = kind(path)
    assert [file.name for file in path.parent.iterdir() if file.stat().st_mode & 0o077] == []
    made.close()


def test_a_transaction_that_breaks_leaves_nothing(path: Path) -> None:
    database = sqlite.opened(path, synced=False)
    sqlite.give_tables(database, SCHEMA)

    def break_off() -> None:
        with sqlite.transaction(database):
            database.execute("INSERT INTO thing VALUES ('broken')")
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    with sqlite.transaction(database):
        database.execute("INSERT INTO thing VALUES ('whole')")
    other = sqlite.opened(path, synced=False)
    assert other.execute("SELECT name FROM thing").fetchall() == [("whole",)]
    for each in (database, other):
        each.close()


def test_tables_of_the_same_version_are_kept(path: Path) -> None:
    for expected in (0, 1):
        database = sqlite.opened(path, synced=False)
        sqlite.give_tables(database, SCHEMA, 3)
        assert database.execute("SELECT count(*) FROM thing").fetchone() == (expected,)
        database.execute("INSERT INTO thing VALUES ('a')")
        database.close()


def test_tables_of_another_version_are_thrown_away_all_of_them(path: Path) -> None:
    database = sqlite.opened(path, synced=False)
    sqlite.give_tables(database, "CREATE TABLE thing (other INTEGER); CREATE TABLE gone (name TEXT)", 2)
    sqlite.give_tables(database, SCHEMA, 3)
    assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("thing",), ("thing_name",)]
    assert database.execute("SELECT name FROM thing").fetchall() == []
    database.close()


def test_tables_without_a_version_are_never_thrown_away(path: Path) -> None:
    database = sqlite.opened(path, synced=True)
    sqlite.give_tables(database, SCHEMA, 3)
    database.execute("INSERT INTO thing VALUES ('a')")
    sqlite.give_tables(database, SCHEMA)
    assert database.execute("SELECT name FROM thing").fetchall() == [("a",)]
    database.close()
