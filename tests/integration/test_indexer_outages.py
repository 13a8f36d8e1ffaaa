"""The schema from nothing and again, and a database that goes away."""

import contextlib
import secrets
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from infra.local.ports import free_ports
from infra.local.state import Database as Address
from infra.local.state import Stack
from services.indexer import rows, tables
from services.indexer.database import Database
from services.indexer.handler import Indexer
from services.indexer.migrate import SCRIPTS, migrate, newest
from shared.database.schema import config_of, with_driver
from shared.outcome import Done, Transient
from tests.support import postgres
from tests.support.indexer_events import MORNING, record, validated

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]


class NoObjects:
    """All headers are small here."""

    def put(self, key: str, data: bytes, content_type: str = "") -> None:
        raise AssertionError

    def get(self, key: str) -> bytes:
        raise AssertionError


@pytest.fixture
def address(components: Stack) -> Address:
    return postgres.fresh(components.database)


def test_up_from_nothing_and_again(address: Address) -> None:
    url = address.url("indexer")
    assert Database(url).revision() is None
    assert migrate(url) == (None, newest())
    assert migrate(url) == (newest(), newest())
    assert Database(url).revision() == newest()


def test_it_goes_up_while_the_release_before_writes(address: Address) -> None:
    url = address.url("indexer")
    with create_engine(with_driver(url)).begin() as connection:
        command.upgrade(config_of(connection, SCRIPTS), "0001")
    earlier = Database(url)
    with earlier.transaction() as transaction:
        transaction.merge(tables.PATIENT, [("demo", "IC-AAAA", None, None, None)])
        assert migrate(url) == ("0001", newest())
    assert postgres.ask(address, "SELECT patient_id FROM patient") == [("IC-AAAA",)]
    earlier.close()


def test_the_command_works_from_anywhere(address: Address, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "services.indexer", "migrate"],
        cwd=tmp_path,
        env={"ISOCENTRE_DATABASE_URL": address.url("indexer"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"database schema: none -> {newest()}\n"


def test_the_gateway_reads_and_no_more(address: Address) -> None:
    migrate(address.url("indexer"))
    for relation in ("study_found", "series_found", "instance_found", "journey", "picture"):
        assert postgres.ask(address, f"SELECT count(*) FROM {relation}") == [(0,)]
    with psycopg.connect(address.url("gateway")) as connection, pytest.raises(psycopg.Error):
        connection.execute("SET default_transaction_read_only = off; DELETE FROM journey")


def test_a_lost_connection_is_transient_and_the_next_call_works(address: Address) -> None:
    migrate(address.url("indexer"))
    indexer = Indexer(database=Database(address.url("indexer")), clean=NoObjects())
    indexer([record(validated(1))])
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'indexer' AND datname = %s"
    assert postgres.ask(address, end, address.name, role="postgres") == [(True,)]
    with pytest.raises(Transient):
        indexer([record(validated(2))])
    (outcome,) = indexer([record(validated(2))])
    assert isinstance(outcome, Done)
    assert postgres.ask(address, "SELECT count(*) FROM instance") == [(2,)]


def test_what_was_begun_when_the_connection_was_lost_is_void(address: Address) -> None:
    migrate(address.url("indexer"))
    database = Database(address.url("indexer"))
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'indexer' AND datname = %s"
    reading = contextlib.ExitStack()
    transaction = reading.enter_context(database.transaction())
    transaction.merge(tables.PATIENT, [("demo", "IC-AAAA", None, None, None)])
    postgres.ask(address, end, address.name, role="postgres")
    with pytest.raises(Transient):
        reading.close()
    with database.transaction() as transaction:
        assert transaction.owners(["2.25.1"]) == {}
    assert postgres.ask(address, "SELECT FROM patient") == []
    database.close()


def test_nobody_there_is_transient_and_tells_no_address() -> None:
    (port,) = free_ports(1)
    indexer = Indexer(database=Database(f"postgresql://who:secret@127.0.0.1:{port}/none"), clean=NoObjects())
    with pytest.raises(Transient, match=r"^\w+$"):
        indexer([record(validated(1))])


def test_a_missing_right_can_be_mended(address: Address) -> None:
    migrate(address.url("indexer"))
    indexer = Indexer(database=Database(address.url("indexer")), clean=NoObjects())
    postgres.do(address, "ALTER TABLE journey OWNER TO postgres")
    with pytest.raises(Transient):
        indexer([record(validated(1))])
    postgres.do(address, "ALTER TABLE journey OWNER TO indexer")
    assert isinstance(indexer([record(validated(1))])[0], Done)


def test_a_value_beyond_every_limit_is_no_outage(address: Address) -> None:
    """What the database would refuse for ever must not be tried for ever."""
    migrate(address.url("indexer"))
    database = Database(address.url("indexer"))
    endless = rows.journey(validated(1), MORNING, None)._replace(site=secrets.token_hex(9999))
    with pytest.raises(psycopg.errors.ProgramLimitExceeded), database.transaction() as transaction:
        transaction.merge(tables.JOURNEY, [endless])
    with database.transaction() as transaction:
        transaction.merge(tables.JOURNEY, [endless._replace(site="north")])
    database.close()


def test_the_schema_goes_down_and_up(address: Address) -> None:
    url = address.url("indexer")
    migrate(url)
    with create_engine(with_driver(url)).begin() as connection:
        command.downgrade(config_of(connection, SCRIPTS), "base")
    assert postgres.ask(address, "SELECT count(*) FROM pg_class WHERE relname IN ('study', 'study_found')") == [(0,)]
    assert migrate(url) == (None, newest())
