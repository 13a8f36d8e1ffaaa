"""The ledger: arrivals, decisions about them, their clean copies, dead letters, and how far the topics are read."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A line may begin with any of its facts, because topics are read in no order among each other: what another event
# has to tell is NULL until then.
TABLES = """
CREATE TABLE arrival (
    arrival         text PRIMARY KEY,
    site            text,
    project         text,
    raw_key         text,
    digest          text,
    size            bigint,
    study_key       text,
    association     text,
    lane            text,
    received        boolean NOT NULL DEFAULT false,
    received_at     timestamptz,
    committed_until timestamptz,
    released_at     timestamptz,
    requeued_at     timestamptz,
    expired_at      timestamptz,
    state           text NOT NULL DEFAULT 'in_flight',
    CHECK (state IN ('in_flight', 'clean', 'quarantined', 'rejected', 'dead'))
);
COMMENT ON COLUMN arrival.digest IS 'of the original bytes';
COMMENT ON COLUMN arrival.received IS 'an event of the receiver says so; false: only others speak of it';
COMMENT ON COLUMN arrival.expired_at IS 'since when its original bytes may be gone: decided so, or by retention';
CREATE INDEX arrival_state ON arrival (site, state);
CREATE INDEX arrival_received ON arrival (site, received_at);
CREATE INDEX arrival_association ON arrival (association);
CREATE INDEX arrival_study ON arrival (study_key);
CREATE INDEX arrival_raw ON arrival (raw_key);

CREATE TABLE verdict (
    arrival    text NOT NULL,
    decision   text NOT NULL,
    outcome    text,
    reason     text,
    profile    text,
    at         timestamptz,
    after      text,
    choice     text,
    decided_at timestamptz,
    PRIMARY KEY (arrival, decision),
    CHECK (outcome IN ('held', 'rejected', 'cleared'))
);
COMMENT ON TABLE verdict IS 'links of the chain of decisions about an arrival; none when it was let through at once';
COMMENT ON COLUMN verdict.decision IS 'the decision that it came of; empty: the verdict on the arrival itself';
COMMENT ON COLUMN verdict.outcome IS 'NULL: not carried out yet';
COMMENT ON COLUMN verdict.after IS 'the decision whose outcome it is about; empty: the verdict on the arrival itself';

CREATE TABLE copy (
    arrival             text NOT NULL,
    digest              text NOT NULL,
    site                text,
    project             text,
    profile             text,
    study_instance_uid  text,
    series_instance_uid text,
    sop_instance_uid    text,
    key                 text,
    size                bigint,
    anonymised_at       timestamptz,
    anonymised_last     timestamptz,
    validated_at        timestamptz,
    indexed_at          timestamptz,
    thumbnailed_at      timestamptz,
    pictured_at         timestamptz,
    renderer            text,
    picture_key         text,
    no_picture          text,
    rejected_at         timestamptz,
    rejected_stage      text,
    reason              text,
    retracted_at        timestamptz,
    expired_at          timestamptz,
    PRIMARY KEY (arrival, digest)
);
COMMENT ON COLUMN copy.digest IS 'of the clean bytes';
COMMENT ON COLUMN copy.anonymised_last IS 'when the anonymiser last let it through; anonymised_at: when first';
COMMENT ON COLUMN copy.pictured_at IS 'when what renderer, picture_key and no_picture say was said';
CREATE INDEX copy_study ON copy (study_instance_uid);
CREATE INDEX copy_instance ON copy (sop_instance_uid);
CREATE INDEX copy_key ON copy (key);

CREATE TABLE letter (
    letter           text PRIMARY KEY,
    zone             text,
    stage            text,
    reason           text,
    error            text,
    source_topic     text,
    source_partition bigint,
    source_offset    bigint,
    release          text,
    attempts         bigint,
    trace_id         text,
    site             text,
    arrival          text,
    digest           text,
    decision         text,
    first            text,
    requeues         bigint,
    at               timestamptz,
    settled          text,
    settled_at       timestamptz,
    CHECK (settled IN ('requeued', 'resolved', 'discarded'))
);
COMMENT ON COLUMN letter.arrival IS 'what the record is about; NULL when it does not say';
COMMENT ON COLUMN letter.digest IS 'of the clean copy that the record is about';
COMMENT ON COLUMN letter.decision IS 'the decision that the record is';
COMMENT ON COLUMN letter.first IS 'the dead letter that the record was at first, when it has been requeued since';
COMMENT ON COLUMN letter.settled IS 'NULL: open';
CREATE INDEX letter_arrival ON letter (arrival) WHERE arrival IS NOT NULL;
CREATE INDEX letter_open ON letter (reason, stage) WHERE settled IS NULL;

CREATE TABLE position (
    topic     text NOT NULL,
    partition integer NOT NULL,
    next      bigint NOT NULL,
    epoch     integer NOT NULL,
    stamp     timestamptz NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE position IS 'the next offset to read; epoch and stamp are those of the record before it';
"""

# The chain of decisions ends in what counts: a decision that became a dead letter has ended nothing.
STANDING = """
CREATE VIEW standing AS
SELECT v.* FROM verdict v WHERE NOT EXISTS (
    SELECT FROM verdict s WHERE s.arrival = v.arrival AND s.after = v.decision AND NOT (
        s.outcome IS NULL AND EXISTS (
            SELECT FROM letter l WHERE l.arrival = s.arrival AND l.decision = s.decision
                AND (l.settled IS NULL OR l.settled = 'discarded'))));
COMMENT ON VIEW standing IS 'the verdicts after which nothing else was decided';
"""

# What the state of an arrival follows from: of its dead letters, of its verdicts that stand, of its copies.
FACTS = {
    "l": (
        "bool_or(settled IS NULL) AS open, bool_or(settled = 'discarded') AS discarded",
        "letter AS f WHERE f.arrival IS NOT NULL",
    ),
    "v": (
        "bool_or(outcome = 'held') AS held, max(at) FILTER (WHERE outcome = 'rejected') AS refused",
        "standing AS f WHERE true",
    ),
    "c": (
        """max(anonymised_last) AS anonymised, bool_and(rejected_at IS NOT NULL) AS rejected,
        bool_or(indexed_at IS NOT NULL AND thumbnailed_at IS NOT NULL) AS through""",
        "copy AS f WHERE retracted_at IS NULL",
    ),
}

# Exactly one of five. A letter that was discarded is an end only where there is no other one.
RULE = """
SELECT a.arrival, CASE
    WHEN l.open THEN 'dead'
    WHEN v.held THEN 'quarantined'
    WHEN v.refused IS NOT NULL AND NOT coalesce(c.anonymised > v.refused, false) THEN 'rejected'
    WHEN c.through THEN 'clean'
    WHEN c.rejected THEN 'rejected'
    WHEN l.discarded THEN 'dead'
    ELSE 'in_flight' END AS state
FROM arrival a
"""
EACH = "LEFT JOIN LATERAL (SELECT {what} FROM {facts} AND f.arrival = a.arrival) AS {name} ON true\n"
ALL = "LEFT JOIN (SELECT arrival, {what} FROM {facts} GROUP BY arrival) AS {name} USING (arrival)\n"


def _states(join: str) -> str:
    return RULE + "".join(join.format(what=what, facts=facts, name=name) for name, (what, facts) in FACTS.items())


# The same rule twice, because no plan serves both: for some arrivals by their keys, and for all of them at once.
STATE = f"""
CREATE VIEW line_state AS {_states(EACH)};
COMMENT ON VIEW line_state IS 'what arrival.state has to be, from the facts: to be asked for some arrivals';
CREATE VIEW line_states AS {_states(ALL)};
COMMENT ON VIEW line_states IS 'the same, to be asked for all of them';
"""

CONTRADICTIONS = """
CREATE VIEW contradiction AS
SELECT a.arrival, NULL AS digest, 'not-received' AS kind FROM arrival a WHERE NOT a.received
UNION ALL
SELECT c.arrival, c.digest, 'rejected-and-indexed' FROM copy c
    WHERE c.rejected_at IS NOT NULL AND c.indexed_at IS NOT NULL AND c.retracted_at IS NULL
UNION ALL
SELECT c.arrival, c.digest, 'indexed-and-refused' FROM copy c JOIN arrival a USING (arrival)
    WHERE c.indexed_at IS NOT NULL AND c.retracted_at IS NULL AND a.state IN ('quarantined', 'rejected')
UNION ALL
SELECT c.arrival, c.digest, 'not-anonymised' FROM copy c WHERE c.anonymised_at IS NULL
UNION ALL
SELECT c.arrival, c.digest, 'not-validated' FROM copy c
    WHERE c.validated_at IS NULL AND (c.indexed_at IS NOT NULL OR c.thumbnailed_at IS NOT NULL)
UNION ALL
SELECT v.arrival, NULL, 'decided-twice' FROM verdict v WHERE v.after IS NOT NULL
    GROUP BY v.arrival, v.after HAVING count(*) > 1
UNION ALL
SELECT a.arrival, NULL, 'state' FROM arrival a JOIN line_states s USING (arrival) WHERE a.state <> s.state;
COMMENT ON VIEW contradiction IS 'facts that exclude each other. Some pass by themselves while topics are being read';
"""


def upgrade() -> None:
    """From nothing."""
    for part in (TABLES, STANDING, STATE, CONTRADICTIONS):
        op.execute(part)


def downgrade() -> None:
    """Back to nothing. What is lost comes back by replaying the topics."""
    op.execute("DROP VIEW contradiction, line_states, line_state, standing")
    op.execute("DROP TABLE position, letter, copy, verdict, arrival")
