"""The rows that are made up for the measurement of the ledger are a ledger's, and an index's."""

import psycopg
import pytest

from infra.local.state import Stack
from tests.bench.ledger import QUESTIONS, ask, fill
from tests.support import postgres


@pytest.mark.stack
def test_made_up_lines_do_not_contradict_themselves(components: Stack) -> None:
    made = postgres.fresh(components.database)
    fill(made, 2000, index=True)
    assert [answer.question for answer in ask(made)] == list(QUESTIONS)
    with psycopg.connect(made.url("auditor", made.identified)) as ledger:
        counts = dict(ledger.execute("SELECT state, count(*) FROM arrival GROUP BY state").fetchall())
        clean = set(ledger.execute("SELECT arrival, digest, key FROM copy WHERE indexed_at IS NOT NULL").fetchall())
    assert counts == {"clean": 1920, "quarantined": 40, "rejected": 30, "dead": 6, "in_flight": 4}
    assert set(postgres.ask(made, "SELECT arrival, digest, key FROM instance")) == clean
