"""What reconciliation needs: keys in the stores' order, associations of an arrival, records that nobody can read."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Stores list their keys in the order of bytes; the books have to, whatever the database's collation is.
KEYS = """
ALTER TABLE arrival ALTER raw_key TYPE text COLLATE "C";
ALTER TABLE copy ALTER key TYPE text COLLATE "C", ALTER picture_key TYPE text COLLATE "C";
CREATE INDEX copy_picture ON copy (picture_key) WHERE picture_key IS NOT NULL;
"""

# One arrival can be announced by several associations: the broker had taken the event although it did not say so, the
# store had lost the object, the sweep found it. Each of them was told that it is stored.
ASSOCIATIONS = """
ALTER TABLE arrival ADD COLUMN associations text;
COMMENT ON COLUMN arrival.associations IS 'all that announced it, blanks between; association: the first';
"""

UNDECODABLE = """
CREATE TABLE undecodable (
    topic     text NOT NULL,
    partition integer NOT NULL,
    "offset"  bigint NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);
COMMENT ON TABLE undecodable IS 'records of which the ledger could make nothing';
"""


def upgrade() -> None:
    """From 0001."""
    for part in (KEYS, ASSOCIATIONS, UNDECODABLE):
        op.execute(part)


def downgrade() -> None:
    """Back to 0001."""
    op.execute("DROP TABLE undecodable")
    op.execute("ALTER TABLE arrival DROP COLUMN associations")
    op.execute("DROP INDEX copy_picture")
