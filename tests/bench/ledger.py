"""What a large ledger can be asked, and how soon: `python -m tests.bench.ledger`, on a PostgreSQL of its own.

The ledger and the index get the rows of arrivals that were made up (`fill`): 960 of 1,000 are clean, the others held,
refused, rejected, dead or under way; over 90 days, four sites, studies of 100 instances. Then it is asked what services
and people ask.
"""

import shutil
import time
from dataclasses import dataclass
from typing import Any

import click
import psycopg

from infra.local import stack as local
from infra.local.state import Database
from services.bookkeeper import tables
from services.bookkeeper.migrate import migrate as migrate_ledger
from services.indexer.migrate import migrate as migrate_index
from tests.bench.side import Incomplete
from tests.bench.told import FOLDER

HOME = FOLDER / "ledger"

STATES = """CASE WHEN n % 1000 < 20 THEN 'quarantined' WHEN n % 1000 < 30 THEN 'refused' WHEN n % 1000 < 35 THEN
    'rejected' WHEN n % 1000 < 38 THEN 'dead' WHEN n % 1000 < 40 THEN 'in_flight' ELSE 'clean' END"""
"""`refused` by the anonymiser, `rejected` by the validator."""

SHAPE = f"""
CREATE TEMP VIEW made AS
SELECT *, CASE WHEN state = 'clean' THEN at END AS through, CASE WHEN state = 'rejected' THEN at END AS rejected,
    '1/' || study || '/' || series || '/' || instance AS place
FROM (SELECT n, {STATES} AS state, 'site-' || chr(97 + n % 4) AS site,
    left(encode(sha256(('arrival ' || n)::bytea), 'hex'), 32) AS arrival,
    encode(sha256(('raw ' || n)::bytea), 'hex') AS raw, encode(sha256(('clean ' || n)::bytea), 'hex') AS clean,
    now() - n * (interval '90 days' / {{count}}) AS at,
    '2.25.9' || n / 100 AS study, '2.25.8' || n / 25 AS series, '2.25.7' || n AS instance
    FROM generate_series(0, {{count}} - 1) AS n) AS numbered
"""
"""One row for each arrival."""

LEDGER = """
INSERT INTO arrival (arrival, site, project, raw_key, digest, size, study_key, association, associations, lane,
    received, received_at, state)
SELECT arrival, site, 'demo', site || '/' || left(raw, 2) || '/' || raw || '.dcm', raw, 530000, 's' || study,
    'a' || n / 200, 'a' || n / 200, 'live', true, at, replace(state, 'refused', 'rejected') FROM made;
INSERT INTO verdict (arrival, decision, outcome, reason, profile, at)
SELECT arrival, '', CASE state WHEN 'refused' THEN 'rejected' ELSE 'held' END, 'overlay', '1', at FROM made
WHERE state IN ('quarantined', 'refused');
INSERT INTO copy (arrival, digest, site, project, profile, study_instance_uid, series_instance_uid, sop_instance_uid,
    key, size, anonymised_at, anonymised_last, validated_at, indexed_at, thumbnailed_at, pictured_at, renderer,
    picture_key, rejected_at, rejected_stage, reason)
SELECT arrival, clean, site, 'demo', '1', study, series, instance, place || '.' || left(clean, 12) || '.dcm', 530000,
    at, at, through, through, through, through, '1', CASE WHEN state = 'clean' THEN place || '/picture.jpg' END,
    rejected, CASE WHEN state = 'rejected' THEN 'validator' END, CASE WHEN state = 'rejected' THEN 'pixel-length' END
FROM made WHERE state IN ('rejected', 'dead', 'in_flight', 'clean');
INSERT INTO letter (letter, zone, stage, reason, source_topic, source_partition, source_offset, release, attempts,
    site, arrival, digest, requeues, at)
SELECT 'l' || n, 'clean', 'indexer', 'unexpected', 'clean.instance.validated', 0, n, '1', 1, site, arrival, clean, 0,
    at FROM made WHERE state = 'dead'
"""

INDEX = """
INSERT INTO patient (project, patient_id) SELECT DISTINCT 'demo', 'IC-' || site FROM made;
INSERT INTO study (study_instance_uid, project, patient_id, site)
SELECT study, 'demo', 'IC-' || min(site), min(site) FROM made GROUP BY study;
INSERT INTO series (study_instance_uid, series_instance_uid, modality) SELECT DISTINCT study, series, 'CT' FROM made;
INSERT INTO instance (sop_instance_uid, study_instance_uid, series_instance_uid, project, patient_id, site, arrival,
    profile, sop_class_uid, transfer_syntax_uid, key, digest, size, header, header_cut, bulk)
SELECT instance, study, series, 'demo', 'IC-' || site, site, arrival, '1', '1.2', '1.2.840.10008.1.2.1',
    place || '.' || left(clean, 12) || '.dcm', clean, 530000, '{}', false, '[]' FROM made WHERE state = 'clean';
INSERT INTO journey (arrival, step, outcome, at, site, project, study_instance_uid, series_instance_uid,
    sop_instance_uid)
SELECT arrival, 'anonymiser', 'anonymised', at, site, 'demo', study, series, instance FROM made
WHERE state IN ('rejected', 'dead', 'in_flight', 'clean')
"""


def fill(server: Database, count: int, *, index: bool) -> None:
    """Both schemas, and the rows of so many arrivals; those of the index, if wanted."""
    migrate_ledger(server.url("bookkeeper", server.identified))
    migrate_index(server.url("indexer"))
    parts = [(server.url("bookkeeper", server.identified), LEDGER)]
    parts += [(server.url("indexer"), INDEX)] if index else []
    for url, statements in parts:
        with psycopg.connect(url, options="-c statement_timeout=0") as connection:
            connection.execute(SHAPE.format(count=count).encode())
            for statement in statements.split(";"):
                connection.execute(statement.encode())
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


QUESTIONS = {
    "lines by site and state (the metric)": tables.COUNTS,
    "the equation of one site and month": "SELECT state, count(*) FROM arrival WHERE site = 'site-a' "
    "AND received_at BETWEEN now() - interval '60 days' AND now() - interval '30 days' GROUP BY state",
    "the equation of a study": "SELECT state, count(*) FROM arrival WHERE study_key = 's2.25.9100' GROUP BY state",
    "the equation of an association": "SELECT state, count(*) FROM arrival WHERE association = 'a100' GROUP BY state",
    "open dead letters": tables.OPEN_LETTERS,
    "whether every state follows from the facts": "SELECT count(*) FROM arrival a JOIN line_states s USING (arrival) "
    "WHERE a.state <> s.state",
    "all contradictions": "SELECT count(*) FROM contradiction",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`rows`: how many came."""

    question: str
    seconds: float
    rows: int


def ask(server: Database) -> list[Answer]:
    """Each question twice; the second time counts, when what it reads is in memory."""
    answers = []
    with psycopg.connect(server.url("auditor", server.identified), autocommit=True) as connection:
        for question, statement in QUESTIONS.items():
            for _ in range(2):
                started = time.monotonic()
                found = connection.execute(statement.encode()).fetchall()
            answers.append(Answer(question, time.monotonic() - started, len(found)))
        wrong: Any = connection.execute("SELECT count(*) FROM contradiction").fetchone()
    if wrong != (0,):
        raise Incomplete(f"{wrong[0]} made-up lines contradict themselves")
    return answers


@click.command(help=__doc__)
@click.option("--count", default=1_000_000, show_default=True, help="Arrivals.")
@click.option("--index/--no-index", default=False, show_default=True, help="Fill the index too.")
def main(count: int, index: bool) -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    try:
        with local.running(HOME, services=False, only=["postgres"]) as stack:
            started = time.monotonic()
            fill(stack.database, count, index=index)
            click.echo(f"{count:,} arrivals filled in {time.monotonic() - started:.0f} s")
            answers = ask(stack.database)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
    for answer in answers:
        click.echo(f"{answer.seconds * 1000:9.1f} ms  {answer.question}")


if __name__ == "__main__":
    main()
