"""What the measurement of imports makes of its numbers, without anything to measure."""

from pathlib import Path

import pytest

from tests.bench import importing, told
from tests.bench.importing import Import
from tests.bench.receive.door import Door
from tests.bench.side import Incomplete

DOOR = Door("one", 104, "ISOCENTRE", "SITE_A", {}, held=lambda: 0)


def test_an_import_is_told_by_instance() -> None:
    found = Import("fresh", 400, 2.0, {"importer": 1.5, "receiver": 2.25, "kafka": 0.5, "zipkin": 0.1})
    assert "| fresh | 2.0 | 200 | 1.50 | 2.25 | 0.50 |" in told.table(importing.COLUMNS, importing.rows([found]))


def test_files_that_ended_otherwise_are_found_out() -> None:
    report = {"results": {"sent": 3, "repeated": 1}}
    importing.ended_so(report, "sent", 3)
    with pytest.raises(Incomplete, match="of 3 files not all were repeated"):
        importing.ended_so(report, "repeated", 3)


def test_only_the_import_without_the_journal_asks_the_receiver_again() -> None:
    lines = [importing.command(DOOR, Path(wanted.journal), 4) for wanted in importing.RUNS]
    journals = [line[line.index("--journal") + 1] for line in lines]
    assert journals[0] == journals[1] != journals[2]
    assert lines[0][lines[0].index("--to") :][:4] == ["--to", "127.0.0.1:104", "--calling", "SITE_A"]
