"""How rows get into each table: staged by COPY, then merged by one statement."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from psycopg.sql import SQL, Composable, Composed, Identifier

from services.indexer import rows


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the columns of its rows, its key, and what happens when the key is there already."""

    name: str
    fields: tuple[str, ...]
    key: tuple[str, ...]
    on_conflict: Composable

    @property
    def stage(self) -> Composed:
        """Makes the session's staging table; emptied by the end of each transaction."""
        return self._filled("CREATE TEMP TABLE {staged} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {table} LIMIT 0")

    @property
    def copy(self) -> Composed:
        """Takes rows into the staging table."""
        return self._filled("COPY {staged} ({columns}) FROM STDIN")

    @property
    def merge(self) -> Composed:
        """Takes them on. Every worker takes the keys in the same order, so that two never wait for each other."""
        return self._filled(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged} "
            "ORDER BY {key} ON CONFLICT ({key}) {on_conflict}"
        )

    def _filled(self, template: LiteralString) -> Composed:
        return SQL(template).format(
            table=Identifier(self.name),
            staged=Identifier(f"staged_{self.name}"),
            columns=_names(self.fields),
            key=_names(self.key),
            on_conflict=self.on_conflict,
        )


def _names(columns: Iterable[str], side: str | None = None) -> Composed:
    return SQL(", ").join(Identifier(column) if side is None else Identifier(side, column) for column in columns)


def _fill(table: str, columns: tuple[str, ...]) -> Composed:
    """Complete what the first instance had no value for; touch nothing when there is nothing to complete."""
    known = [
        {"name": Identifier(name), "old": Identifier(table, name), "new": Identifier("excluded", name)}
        for name in columns
    ]
    return SQL("DO UPDATE SET {values} WHERE {news}").format(
        values=SQL(", ").join(SQL("{name} = coalesce({old}, {new})").format(**column) for column in known),
        news=SQL(" OR ").join(SQL("({old} IS NULL AND {new} IS NOT NULL)").format(**column) for column in known),
    )


def _follow(table: str, said: tuple[str, ...], about: tuple[str, ...]) -> Composed:
    """The newer one counts when it says something else. A repeat says the same, so it changes nothing."""
    return SQL("DO UPDATE SET ({set}) = ({to}) WHERE {then} < excluded.at AND ({old}) IS DISTINCT FROM ({new})").format(
        set=_names((*said, *about)),
        to=_names((*said, *about), "excluded"),
        then=Identifier(table, "at"),
        old=_names(said, table),
        new=_names(said, "excluded"),
    )


INSTANCE = Table("instance", rows.Instance._fields, ("sop_instance_uid",), SQL("DO NOTHING"))
PATIENT = Table("patient", rows.Patient._fields, ("project", "patient_id"), _fill("patient", rows.Patient._fields[2:]))
STUDY = Table("study", rows.Study._fields, ("study_instance_uid",), _fill("study", rows.Study._fields[4:]))
SERIES = Table(
    "series",
    rows.Series._fields,
    ("study_instance_uid", "series_instance_uid"),
    _fill("series", rows.Series._fields[2:]),
)
PICTURE = Table(
    "picture",
    rows.Picture._fields,
    ("digest",),
    _follow("picture", ("renderer", "key", "width", "height", "reason"), ("at",)),
)
JOURNEY = Table(
    "journey",
    rows.Journey._fields,
    ("arrival", "step"),
    _follow("journey", ("outcome", "reason"), ("at", "trace_id")),
)

TABLES = (INSTANCE, PATIENT, STUDY, SERIES, PICTURE, JOURNEY)

# READ COMMITTED: this statement sees the instance that another worker committed while our insertion waited for it.
OWNERS = "SELECT sop_instance_uid, arrival, digest FROM instance WHERE sop_instance_uid = ANY(%s)"

EPOCHS = """
SELECT topic, partition, epoch FROM partition_epoch
WHERE (topic, partition) IN (SELECT * FROM unnest(%s::text[], %s::integer[])) ORDER BY topic, partition
"""
# Held until the transaction ends: a claim that is made meanwhile waits for it.
HELD_EPOCHS = EPOCHS + "FOR SHARE"
CLAIM = """
INSERT INTO partition_epoch AS known (topic, partition, epoch, owner, claimed_at) VALUES (%s, %s, %s, %s, now())
ON CONFLICT (topic, partition) DO UPDATE
SET epoch = excluded.epoch, owner = excluded.owner, claimed_at = excluded.claimed_at
WHERE known.epoch = excluded.epoch - 1
"""

# Also when there is none: whoever marks arrivals as erased locks the table against this (`ROW SHARE`), so that all
# who have not seen the mark have ended before anything is deleted.
ERASED = "SELECT arrival FROM erased WHERE arrival = ANY(%s) FOR SHARE"
