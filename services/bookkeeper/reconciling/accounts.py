"""The receiver's accounts: what each association was told is stored. Synced files, which know nothing of topics."""

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import NamedTuple

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import Difference, Kind
from services.bookkeeper.comparing.joining import joined
from services.bookkeeper.reconciling.walking import Counts
from shared.database.reading import Reader
from shared.dicom.raw_object import SWEPT
from shared.outcome import Transient

_ANNOUNCED = """
SELECT association, count(*) FROM (
    SELECT unnest(string_to_array(a.associations, ' ')) AS association FROM arrival a WHERE {cut}) t
GROUP BY association ORDER BY association COLLATE "C"
"""
# What has an association beside it was announced by that one too, and is counted there.
_ONLY_SWEPT = """
SELECT a.site, count(*) FROM arrival a WHERE a.associations = %(swept)s AND {cut} GROUP BY a.site
"""
_TABLE = """
CREATE TABLE told (association TEXT PRIMARY KEY, site TEXT, stored INT, begun TEXT, ended TEXT) WITHOUT ROWID
"""
_UPSERT = "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?)"
_TOLD = """
SELECT association, site, stored FROM told WHERE stored > 0 AND begun >= ? AND (? = '' OR ended < ?)
ORDER BY association
"""
Line = tuple[str, str, int, str, str]
"""Of an account: association, site, stored, begun, ended or when it was written; times in ISO 8601, UTC."""


class Told(NamedTuple):
    """What an association was told at last."""

    site: str
    stored: int


class Accounts:
    """The accounts in a folder, one file for each day, compared with what the topics have announced.

    The receiver says `stored` after the broker has the event: who reads the accounts first and the books when they have
    caught up since, finds all of it there. More in the books is none: an account is kept once a minute, and a receiver
    that died has kept none of its last one.
    """

    def __init__(self, folder: Path, ledger: Reader, count: Counts) -> None:
        self._folder, self._ledger, self._count = folder, ledger, count

    @contextmanager
    def read(self, cut: Cut) -> Iterator["Read"]:
        """The accounts as they are now, in a file, since a node may have as many as instances. Raises Transient."""
        with (
            tempfile.TemporaryDirectory(prefix="isocentre-accounts-") as place,
            closing(sqlite3.connect(Path(place) / "told.sqlite", isolation_level=None)) as database,
        ):
            database.execute("PRAGMA synchronous=OFF")
            database.execute(_TABLE)
            database.execute("BEGIN")
            database.executemany(_UPSERT, self._lines(cut))
            database.execute("COMMIT")
            yield Read(database, self._ledger)

    def _lines(self, cut: Cut) -> Iterator[Line]:
        """In the order in which they were written: of several lines of an association, the last one counts."""
        try:
            for path in sorted(self._folder.glob("*.jsonl")):
                with path.open("rb") as file:
                    yield from filter(None, (self._line(line, cut) for line in file))
        except FileNotFoundError:
            return  # taken away meanwhile: what is not there says nothing
        except OSError as failed:
            raise Transient(type(failed).__name__) from None

    def _line(self, line: bytes, cut: Cut) -> Line | None:
        try:
            told = json.loads(line)
            account = (
                str(told["association"]),
                str(told["site"]),
                int(told["stored"]),
                str(told["begun"]),
                str(told["ended"] or ""),
            )
        except (ValueError, KeyError, TypeError):
            self._count("unreadable")  # torn by a power cut, or being written
            return None
        if cut.association not in (None, account[0]) or cut.site not in (None, account[1]):
            return None
        self._count("accounts")
        return account


class Read:
    """Accounts that were read; the books are asked now."""

    def __init__(self, told: sqlite3.Connection, ledger: Reader) -> None:
        self._told, self._ledger = told, ledger

    def differences(self, cut: Cut) -> Iterator[Difference]:
        """Of associations that were told more than was announced, where that is more than what was swept at their site:
        of that, nobody knows on which it came. Times are the associations' own. Raises Transient."""
        lines = replace(cut, since=None, until=None)
        found = self._ledger.rows(_ONLY_SWEPT.format(cut=lines.condition), swept=SWEPT, **lines.parameters)
        swept = {str(site): int(number) for site, number in found}
        missing: Counter[str] = Counter()
        for _, told, announced in self._short(cut):
            missing[told.site] += told.stored - announced
        for association, told, announced in self._short(cut):
            if missing[told.site] > swept.get(told.site, 0):
                detail = f"told that {told.stored} are stored, {announced} were announced"
                yield Difference(Kind.ACCOUNT_SAYS_MORE, told.site, association=association, detail=detail)

    def _short(self, cut: Cut) -> Iterator[tuple[str, Told, int]]:
        """Associations with what they were told and how much of it was announced, where that is less."""
        since, until = (moment.astimezone(UTC).isoformat() if moment else "" for moment in (cut.since, cut.until))
        accounts = self._told.execute(_TOLD, (since, until, until))
        told = ((str(association), Told(site, stored)) for association, site, stored in accounts)
        lines = replace(cut, since=None, until=None)
        rows = self._ledger.streamed(_ANNOUNCED.format(cut=lines.condition), **lines.parameters)
        announced = ((str(association), int(number)) for association, number in rows)
        for association, account, number in joined(told, announced):
            if account is not None and account.stored > (number or 0):
                yield association, account, number or 0
