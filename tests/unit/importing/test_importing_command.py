"""`isocentre import` as a command: what it prints, how it ends, and what a kill leaves."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from infra.cli import main
from tests.support.storage_peer import StoragePeer, storage_peer
from tests.support.waiting import until
from tests.unit.importing.sources import CT, MR

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = "from infra.cli import main; main()"


def folder_of(path: Path, count: int) -> Path:
    for number in range(count):
        folder = path / str(number // 20)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(CT, folder / str(number))
    return path


def command(peer: StoragePeer, source: Path, tmp_path: Path, *more: str) -> list[str]:
    to = ["--to", f"127.0.0.1:{peer.port}", "--called", "BULK", "--calling", "US"]
    return ["import", str(source), *to, "--journal", str(tmp_path / "j.sqlite"), *more]


def invoke(arguments: list[str]) -> Result:
    return CliRunner().invoke(main, arguments)


def test_says_what_became_of_every_file(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", 3)
    shutil.copy(MR, source / "mr")
    (source / "notes").write_text("hello, world")
    with storage_peer() as peer:
        peer.answer = lambda got, before: 0xA900 if got.sop_class_uid.endswith(".4") else 0
        done = invoke(command(peer, source, tmp_path, "--json", str(tmp_path / "report.json")))
    assert done.exit_code == 1, done.output
    assert "5 files = 3 sent + 0 repeated + 1 not DICOM + 1 refused + 0 failed" in done.output
    assert "refused (data-set-does-not-match): mr" in done.output
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o600
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["balanced"]
    assert told["results"] == {"sent": 3, "repeated": 0, "not-dicom": 1, "refused": 1, "failed": 0}
    assert told["troubles"] == [{"file": "mr", "result": "refused", "reason": "data-set-does-not-match"}]


def test_ends_well_when_nothing_is_left(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", 3)
    with storage_peer() as peer:
        assert invoke(command(peer, source, tmp_path)).exit_code == 0
        again = invoke(command(peer, source, tmp_path))
    assert again.exit_code == 0
    assert "3 files = 0 sent + 3 repeated" in again.output


def test_the_journal_lies_in_the_working_directory_unless_somebody_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder_of(tmp_path / "in", 1)
    monkeypatch.chdir(tmp_path)
    with storage_peer() as peer:
        to = ["--to", f"127.0.0.1:{peer.port}", "--called", "BULK", "--calling", "US"]
        assert invoke(["import", str(source), *to]).exit_code == 0
    assert (tmp_path / "isocentre-import" / "in.sqlite").exists()
    assert [one.name for one in source.iterdir()] == ["0"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "nowhere", "--calling", "US"], "HOST:PORT"),
        (["--to", "127.0.0.1:104"], "--calling TITLE is missing"),
        (["--to", "127.0.0.1:104", "--calling", "much too long to be a title"], "no AE title"),
        (["--to", "127.0.0.1:104", "--calling", "US", "--tls-key", str(CT)], "--tls-ca"),
        (["--to", "127.0.0.1:104", "--calling", "US", "--tls-ca", str(CT)], "TLS"),
        (["--to", "http://127.0.0.1/studies", "--token-file", str(CT)], "open to others"),
    ],
)
def test_bad_usage_is_told_before_anything_is_sent(tmp_path: Path, options: list[str], words: str) -> None:
    done = invoke(["import", str(folder_of(tmp_path / "in", 1)), "--journal", str(tmp_path / "j"), *options])
    assert done.exit_code == 2
    assert words in done.output


def test_not_let_in_is_bad_usage_too(tmp_path: Path) -> None:
    with storage_peer(callers=("SOMEBODY",)) as peer:
        done = invoke(command(peer, folder_of(tmp_path / "in", 1), tmp_path))
    assert done.exit_code == 2
    assert "calling AE title" in done.output


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_in_the_middle_it_loses_nothing(tmp_path: Path, number: signal.Signals) -> None:
    source = folder_of(tmp_path / "in", 200)
    with storage_peer() as peer:
        peer.answer = lambda got, before: time.sleep(0.02) or 0  # type: ignore[func-returns-value]
        arguments = command(peer, source, tmp_path, "--json", str(tmp_path / "report.json"))
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, stdout=subprocess.PIPE)
        until(lambda: len(peer.got) >= 40, "some were sent", 60)
        process.send_signal(number)
        output = process.communicate(timeout=60)[0].decode()
        acknowledged = len(peer.got)
        assert acknowledged < 200
        assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 1)
        assert ("interrupted" in output) == (number != signal.SIGKILL)
        peer.answer = lambda got, before: 0
        assert invoke(arguments).exit_code == 0
        # At most one on each association was acknowledged and not noted: it goes twice, and the receiver knows it.
        assert 200 <= len(peer.got) <= 204
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["files"] == 200
    assert told["results"]["sent"] + told["results"]["repeated"] == 200


def test_on_a_terminal_there_is_a_bar(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", 3)
    ours, theirs = pty.openpty()
    with storage_peer() as peer:
        arguments = command(peer, source, tmp_path)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, check=True
        )
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    os.close(theirs)
    assert "3 found, 3 sent, 0 refused or failed" in shown
    assert "━" in shown
    assert "3 files = 3 sent" in done.stdout.decode()
