"""What was taken is on the disk, and stays there until its site knows."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.receiver.commitment import docket as module
from services.receiver.commitment.asking import Asked, Reference, Refused
from services.receiver.commitment.deciding import FailureReason
from services.receiver.commitment.docket import Docket

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ASKED = Asked("1.9.1", (Reference("1.1", "1.2.1"), Reference("1.1", "1.2.2")))
OTHER = Asked("1.9.1", (Reference("1.1", "1.2.3"),))
TAKES = """
import os, sys, time
from pathlib import Path
from tests.unit.receiver.test_receiver_commitment_docket import ASKED, NOW
from services.receiver.commitment.docket import Docket
print(Docket(Path(sys.argv[1])).add("site-a", "ISOCENTRE", ASKED, NOW), flush=True)
time.sleep(60)
"""


@pytest.fixture
def docket(tmp_path: Path) -> Docket:
    return Docket(tmp_path / "commitments.sqlite")


def test_what_a_killed_process_took_is_there(tmp_path: Path) -> None:
    path = tmp_path / "commitments.sqlite"
    command = [sys.executable, "-c", TAKES, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        number = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    found = Docket(path).open(number)
    assert found is not None
    assert (found.site, found.called, found.asked, found.at, found.result) == ("site-a", "ISOCENTRE", ASKED, NOW, None)


def test_each_commit_is_synced_and_the_file_is_nobody_else_s(docket: Docket, tmp_path: Path) -> None:
    (level,) = docket._db.execute("PRAGMA synchronous").fetchone()
    assert level == 2
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_a_result_is_kept_in_order(docket: Docket) -> None:
    number = docket.add("site-a", "ISOCENTRE", ASKED, NOW)
    docket.judged(number, [None, FailureReason.CLASS_CONFLICT])
    found = docket.open(number)
    assert found is not None
    assert found.result == [None, FailureReason.CLASS_CONFLICT]


def test_asked_again_in_the_same_words_it_begins_anew(docket: Docket) -> None:
    first = docket.add("site-a", "ISOCENTRE", ASKED, NOW)
    docket.judged(first, [None, FailureReason.NO_SUCH_INSTANCE])
    docket.put_off(first, NOW + timedelta(hours=1))
    second = docket.add("site-a", "ISOCENTRE", ASKED, NOW)
    assert docket.open(first) is None
    assert docket.due(NOW) == [(second, "site-a")]
    found = docket.open(second)
    assert found is not None
    assert (found.result, found.attempts) == (None, 0)


def test_a_transaction_uid_means_one_thing_at_a_site(docket: Docket) -> None:
    docket.add("site-a", "ISOCENTRE", ASKED, NOW)
    with pytest.raises(Refused) as refused:
        docket.add("site-a", "ISOCENTRE", OTHER, NOW)
    assert refused.value.status == 0x0115
    docket.add("site-b", "ISOCENTRE", OTHER, NOW)


def test_a_site_has_so_many_open_and_no_more(docket: Docket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_A_SITE", 1)
    docket.add("site-a", "ISOCENTRE", ASKED, NOW)
    with pytest.raises(Refused) as refused:
        docket.add("site-a", "ISOCENTRE", Asked("1.9.2", ASKED.references), NOW)
    assert refused.value.status == 0x0213


def test_with_all_places_taken_one_that_is_open_still_begins_anew(
    docket: Docket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OF_A_SITE", 1)
    first = docket.add("site-a", "ISOCENTRE", ASKED, NOW)
    second = docket.add("site-a", "ISOCENTRE", ASKED, NOW)
    assert docket.open(first) is None
    assert docket.due(NOW) == [(second, "site-a")]


def test_who_waits_longest_is_first_and_who_was_put_off_is_not_there(docket: Docket) -> None:
    late = docket.add("site-a", "ISOCENTRE", ASKED, NOW)
    early = docket.add("site-b", "ISOCENTRE", ASKED, NOW - timedelta(seconds=1))
    assert docket.due(NOW) == [(early, "site-b"), (late, "site-a")]
    docket.put_off(early, NOW + timedelta(seconds=5))
    assert docket.due(NOW) == [(late, "site-a")]
    docket.remove(late)
    assert docket.counts() == {"site-b": 1}
