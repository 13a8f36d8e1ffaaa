"""A node's books and their witnesses, made row by row: real databases, stores in memory, topics that end anywhere."""

import hashlib
import json
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from infra.local.state import Database
from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.report import Report
from services.bookkeeper.migrate import migrate as migrate_ledger
from services.bookkeeper.reconciling.reconcile import Reconciliation, Wish, Witnesses
from services.indexer.migrate import migrate as migrate_index
from shared.database.reading import Reader
from shared.dicom import part10
from shared.dicom.raw_object import key_of
from tests.support import postgres
from tests.support.memory_store import MemoryStore

CT, SYNTAX = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
TOPIC = "identified.instance.received"


@cache
def _connection(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True)


@dataclass(frozen=True)
class One:
    """An instance that went all the way."""

    arrival: str
    site: str
    raw_key: str
    key: str
    picture: str
    digest: str
    association: str


@dataclass(frozen=True)
class Databases:
    """The identified side's and the clean side's, as those who write them and as the one who may read both."""

    server: Database

    @classmethod
    def fresh(cls, server: Database) -> "Databases":
        made = cls(postgres.fresh(server))
        migrate_ledger(made.ledger)
        migrate_index(made.index)
        return made

    @property
    def ledger(self) -> str:
        return self.server.url("bookkeeper", self.server.identified)

    @property
    def index(self) -> str:
        return self.server.url("indexer")

    def readers(self) -> tuple[Reader, Reader]:
        return Reader(self.server.url("auditor", self.server.identified)), Reader(self.server.url("auditor"))

    def empty(self) -> None:
        for database, tables in (
            (self.ledger, "arrival, verdict, copy, letter, position, undecodable"),
            (self.index, "journey, picture, instance, series, study, patient"),
        ):
            _connection(database).execute(f"TRUNCATE {tables}".encode())


@dataclass
class Books:
    """`behind`: offsets in the topics that the books have not read, `markers`: in which there are no records;
    `meanwhile` happens when they are asked to catch up."""

    databases: Databases
    accounts: Path
    identified: MemoryStore = field(default_factory=lambda: MemoryStore("identified"))
    clean: MemoryStore = field(default_factory=lambda: MemoryStore("clean"))
    derived: MemoryStore = field(default_factory=lambda: MemoryStore("derived"))
    behind: int = 0
    markers: bool = False
    meanwhile: Callable[[], None] = lambda: None
    made: int = 0

    # --- what is there

    def clean_one(self, site: str = "site-a", association: str = "assoc-1", at: datetime = LONG_AGO) -> One:
        """One more instance that is stored, clean, indexed and drawn."""
        self.made += 1
        data_set = f"{site} {self.made}".encode()
        front = part10.front(SYNTAX, CT, f"1.2.{self.made}")
        raw, copy, picture = front + data_set, b"clean " + data_set, b"\xff\xd8" + data_set + b"\xff\xd9"
        raw_digest, digest = part10.digest(data_set, SYNTAX), hashlib.sha256(copy).hexdigest()
        instance = f"2.25.10/2.25.20/2.25.{self.made}"
        one = One(
            arrival=hashlib.md5(data_set).hexdigest(),
            site=site,
            raw_key=key_of(site, raw_digest),
            key=f"p1/{instance}.{digest[:12]}.dcm",
            picture=f"1/{instance}/{digest[:12]}-256.jpg",
            digest=digest,
            association=association,
        )
        for store, key, content in (
            (self.identified, one.raw_key, raw),
            (self.clean, one.key, copy),
            (self.derived, one.picture, picture),
        ):
            store.put(key, content)
            store.modified[key] = at
        self.line(one, raw_digest, len(raw), len(copy), at)
        self.row(one, at)
        return one

    def line(self, one: One, raw_digest: str, size: int, clean_size: int, at: datetime) -> None:
        """What the ledger knows of it."""
        self.say(
            "INSERT INTO arrival (arrival, site, project, raw_key, digest, size, study_key, association, associations,"
            " received, received_at, state) VALUES (%s, %s, 'p', %s, %s, %s, 'k1', %s, %s, true, %s, 'clean')",
            one.arrival, one.site, one.raw_key, raw_digest, size, one.association, one.association, at,
        )  # fmt: skip
        self.say(
            "INSERT INTO copy (arrival, digest, site, project, study_instance_uid, sop_instance_uid, key, size,"
            " anonymised_at, anonymised_last, validated_at, indexed_at, thumbnailed_at, picture_key)"
            " VALUES (%s, %s, %s, 'p', '2.25.10', %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            one.arrival, one.digest, one.site, f"2.25.{self.made}", one.key, clean_size, *[at] * 5, one.picture,
        )  # fmt: skip

    def row(self, one: One, at: datetime) -> None:
        """What the index knows of it."""
        self.say(
            "INSERT INTO patient VALUES ('p', 'IC-A') ON CONFLICT DO NOTHING", of=self.databases.index,
        )  # fmt: skip
        self.say(
            "INSERT INTO study (study_instance_uid, project, patient_id, site) VALUES ('2.25.10', 'p', 'IC-A', %s)"
            " ON CONFLICT DO NOTHING",
            one.site,
            of=self.databases.index,
        )
        self.say(
            "INSERT INTO series (study_instance_uid, series_instance_uid) VALUES ('2.25.10', '2.25.20')"
            " ON CONFLICT DO NOTHING",
            of=self.databases.index,
        )
        self.say(
            "INSERT INTO instance (sop_instance_uid, study_instance_uid, series_instance_uid, project, patient_id,"
            " site, arrival, profile, sop_class_uid, transfer_syntax_uid, key, digest, size, header, header_cut, bulk)"
            " VALUES (%s, '2.25.10', '2.25.20', 'p', 'IC-A', %s, %s, 'p', 'c', 't', %s, %s, 1, '{}', false, '[]')",
            f"2.25.{self.made}", one.site, one.arrival, one.key, one.digest, of=self.databases.index,
        )  # fmt: skip
        self.say(
            "INSERT INTO journey (arrival, step, outcome, at, site, project, study_instance_uid, series_instance_uid,"
            " sop_instance_uid) VALUES (%s, 'anonymiser', 'anonymised', %s, %s, 'p', '2.25.10', '2.25.20', %s)",
            one.arrival, at, one.site, f"2.25.{self.made}", of=self.databases.index,
        )  # fmt: skip

    def account(self, association: str, stored: int, site: str = "site-a", **told: Any) -> None:
        """What the receiver notes at the end of an association."""
        self.accounts.mkdir(exist_ok=True)
        account = {"association": association, "site": site, "stored": stored, "ended": NOW.isoformat()}
        with (self.accounts / "2026-12-01.jsonl").open("a") as file:
            file.write(json.dumps(account | {"begun": LONG_AGO.isoformat()} | told) + "\n")

    def say(self, statement: str, *values: Any, of: str | None = None) -> None:
        """Carry it out in the ledger, or in the other database."""
        _connection(of or self.databases.ledger).execute(statement.encode(), values)

    # --- what is asked

    def witnesses(self) -> Witnesses:
        """All of it, to be asked."""
        ledger, index = self.databases.readers()
        return Witnesses(
            ledger=ledger,
            index=index,
            topics=self,
            identified=self.identified,
            clean=self.clean,
            derived=self.derived,
            accounts=self.accounts,
        )

    def reconcile(self, cut: Cut | None = None, **wish: Any) -> Report:
        """As the command does."""
        witnesses = self.witnesses()
        told = Wish(cut or Cut(), **{"wait": 0.0, **wish})
        try:
            return Reconciliation(witnesses, told, threading.Event(), clock=lambda: NOW).run()
        finally:
            witnesses.ledger.close()
            witnesses.index.close()

    def found(self, cut: Cut | None = None, **wish: Any) -> list[tuple[str, str | None, str | None]]:
        """Kinds, arrivals and keys of what differs."""
        report = self.reconcile(cut, **wish)
        return [(difference.kind.value, difference.arrival, difference.key) for difference in report.findings.kept]

    # --- the topics

    def ends(self) -> dict[tuple[str, int], int]:
        self.meanwhile()
        return {(TOPIC, 0): self.behind}

    def silent(self, gaps: Mapping[tuple[str, int], tuple[int, int]]) -> Collection[tuple[str, int]]:
        return gaps.keys() if self.markers else ()
