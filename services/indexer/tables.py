"""The tables that the indexer writes, and what happens in each to rows that are there already."""

from psycopg.sql import SQL, Composed, Identifier

from services.indexer import rows
from shared.database.table import Table, names


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
        set=names((*said, *about)),
        to=names((*said, *about), "excluded"),
        then=Identifier(table, "at"),
        old=names(said, table),
        new=names(said, "excluded"),
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

# Alone: whoever has not seen the new marks has ended, and whoever looks waits until what they mean is carried out.
HELD_MARKS = "LOCK TABLE erased IN EXCLUSIVE MODE"
MARK = "INSERT INTO erased (arrival, at) SELECT unnest(%s::text[]), now() ON CONFLICT DO NOTHING"
GONE = "DELETE FROM instance WHERE arrival = ANY(%s) RETURNING digest, study_instance_uid, project, patient_id"
GONE_JOURNEYS = "DELETE FROM journey WHERE arrival = ANY(%s)"
# A picture is of clean bytes, which another arrival may have become too.
GONE_PICTURES = """
DELETE FROM picture p WHERE p.digest = ANY(%s) AND NOT EXISTS (SELECT FROM instance i WHERE i.digest = p.digest)
"""
# Parents without children. They are deleted from below, so that none is held by one that goes as well.
GONE_SERIES = """
DELETE FROM series e WHERE e.study_instance_uid = ANY(%s) AND NOT EXISTS (
    SELECT FROM instance i WHERE (i.study_instance_uid, i.series_instance_uid)
        = (e.study_instance_uid, e.series_instance_uid))
"""
GONE_STUDIES = """
DELETE FROM study s WHERE s.study_instance_uid = ANY(%s) AND NOT EXISTS (
    SELECT FROM series e WHERE e.study_instance_uid = s.study_instance_uid)
"""
GONE_PATIENTS = """
DELETE FROM patient p USING unnest(%s::text[], %s::text[]) AS of (project, patient_id)
WHERE (p.project, p.patient_id) = (of.project, of.patient_id) AND NOT EXISTS (
    SELECT FROM instance i WHERE (i.project, i.patient_id) = (p.project, p.patient_id)) AND NOT EXISTS (
    SELECT FROM study s WHERE (s.project, s.patient_id) = (p.project, p.patient_id))
"""
