"""Patients, studies, series, instances, pictures and the journey of each arrival."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# All identifiers are pseudonyms, all values de-identified. A series is keyed within its study, because originals
# exist whose series UID occurs in two studies; both must be found where they say they are.
# Foreign keys are deferred: who owns a SOP Instance UID is decided first, so that an instance that is not let in
# leaves no empty patient, study or series behind.
TABLES = """
CREATE TABLE patient (
    project      text NOT NULL,
    patient_id   text NOT NULL,
    patient_name text,
    birth_date   date,
    sex          text,
    PRIMARY KEY (project, patient_id)
);

CREATE TABLE study (
    study_instance_uid       text PRIMARY KEY,
    project                  text NOT NULL,
    patient_id               text NOT NULL,
    site                     text NOT NULL,
    study_date               date,
    study_time               text,
    timezone_offset          text,
    accession_number         text,
    referring_physician_name text,
    study_id                 text,
    study_description        text,
    FOREIGN KEY (project, patient_id) REFERENCES patient DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX study_patient ON study (patient_id, project);
CREATE INDEX study_day ON study (study_date DESC NULLS LAST, study_instance_uid);
CREATE INDEX study_accession ON study (accession_number) WHERE accession_number IS NOT NULL;

CREATE TABLE series (
    study_instance_uid    text NOT NULL,
    series_instance_uid   text NOT NULL,
    modality              text,
    series_number         integer,
    series_description    text,
    series_date           date,
    series_time           text,
    body_part_examined    text,
    laterality            text,
    performed_start_date  date,
    performed_start_time  text,
    PRIMARY KEY (study_instance_uid, series_instance_uid),
    FOREIGN KEY (study_instance_uid) REFERENCES study DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX series_uid ON series (series_instance_uid);
CREATE INDEX series_modality ON series (modality, study_instance_uid);

CREATE TABLE instance (
    sop_instance_uid    text PRIMARY KEY,
    study_instance_uid  text NOT NULL,
    series_instance_uid text NOT NULL,
    project             text NOT NULL,
    patient_id          text NOT NULL,
    site                text NOT NULL,
    arrival             text NOT NULL,
    profile             text NOT NULL,
    sop_class_uid       text NOT NULL,
    transfer_syntax_uid text NOT NULL,
    key                 text NOT NULL,
    digest              text NOT NULL,
    size                bigint NOT NULL,
    instance_number     integer,
    number_of_frames    integer,
    rows                integer,
    columns             integer,
    bits_allocated      integer,
    header              jsonb NOT NULL,
    header_cut          boolean NOT NULL,
    header_key          text,
    bulk                jsonb NOT NULL,
    FOREIGN KEY (study_instance_uid, series_instance_uid) REFERENCES series DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (project, patient_id) REFERENCES patient DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX instance_series ON instance (study_instance_uid, series_instance_uid, instance_number);
CREATE INDEX instance_arrival ON instance (arrival);
CREATE INDEX instance_digest ON instance (digest);
CREATE INDEX instance_patient ON instance (project, patient_id);

-- Of the clean bytes, not of an instance: it may come before the instance, or for one that is not let in.
CREATE TABLE picture (
    digest   text PRIMARY KEY,
    renderer text NOT NULL,
    key      text,
    width    integer,
    height   integer,
    reason   text,
    at       timestamptz NOT NULL,
    CHECK ((key IS NULL) <> (reason IS NULL))
);

-- No foreign keys: what was refused has a journey too.
CREATE TABLE journey (
    arrival             text NOT NULL,
    step                text NOT NULL,
    outcome             text NOT NULL,
    reason              text,
    at                  timestamptz NOT NULL,
    trace_id            text,
    site                text NOT NULL,
    project             text NOT NULL,
    study_instance_uid  text NOT NULL,
    series_instance_uid text NOT NULL,
    sop_instance_uid    text NOT NULL,
    PRIMARY KEY (arrival, step)
);
CREATE INDEX journey_study ON journey (study_instance_uid);
CREATE INDEX journey_series ON journey (series_instance_uid);
CREATE INDEX journey_instance ON journey (sop_instance_uid);
CREATE INDEX journey_trace ON journey (trace_id);
CREATE INDEX journey_count ON journey (site, step, outcome, reason);
CREATE INDEX journey_newest ON journey (at DESC);
"""

# Counts are derived, never kept: they cannot be wrong after a replay.
VIEWS = """
CREATE VIEW study_found AS
SELECT s.*, p.patient_name, p.birth_date, p.sex,
    (SELECT coalesce(array_agg(DISTINCT e.modality ORDER BY e.modality), '{}') FROM series e
        WHERE e.study_instance_uid = s.study_instance_uid AND e.modality IS NOT NULL) AS modalities,
    (SELECT count(*) FROM series e WHERE e.study_instance_uid = s.study_instance_uid) AS number_of_series,
    (SELECT count(*) FROM instance i WHERE i.study_instance_uid = s.study_instance_uid) AS number_of_instances
FROM study s JOIN patient p USING (project, patient_id);

CREATE VIEW series_found AS
SELECT e.*, s.project, s.patient_id,
    (SELECT count(*) FROM instance i WHERE i.study_instance_uid = e.study_instance_uid
        AND i.series_instance_uid = e.series_instance_uid) AS number_of_instances
FROM series e JOIN study s USING (study_instance_uid);

CREATE VIEW instance_found AS
SELECT i.*, p.key AS picture_key, p.width AS picture_width, p.height AS picture_height, p.reason AS picture_reason
FROM instance i LEFT JOIN picture p USING (digest);
"""


def upgrade() -> None:
    """From nothing."""
    op.execute(TABLES)
    op.execute(VIEWS)


def downgrade() -> None:
    """Back to nothing. What is lost comes back by replaying the topics."""
    op.execute("DROP VIEW instance_found, series_found, study_found")
    op.execute("DROP TABLE journey, picture, instance, series, study, patient")
