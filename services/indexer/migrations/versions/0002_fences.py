"""Which worker may write for a partition, and which arrivals are never let in again."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Beside what was there: an indexer that does not know these tables goes on as before.
TABLES = """
CREATE TABLE partition_epoch (
    topic      text NOT NULL,
    partition  integer NOT NULL,
    epoch      bigint NOT NULL,
    owner      text NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition)
);

CREATE TABLE erased (
    arrival text PRIMARY KEY,
    at      timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Two tables more."""
    op.execute(TABLES)


def downgrade() -> None:
    """Without them. Claims are made anew; the marks of what was erased are lost."""
    op.execute("DROP TABLE erased, partition_epoch")
