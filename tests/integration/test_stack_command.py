"""`isocentre stack` as people use it."""

import json
import subprocess
import sys
from pathlib import Path

import psutil

from infra.local.layout import ROOT


def isocentre(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("isocentre")
    return subprocess.run(
        [script, "stack", *arguments, "--home", str(home)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_down_with_nothing_up_is_fine_and_makes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "never"
    said = isocentre("down", home=home)
    assert said.returncode == 0
    assert said.stdout == "nothing was up\n"
    assert not home.exists()
    assert isocentre("status", home=home).returncode == 1


def test_up_leaves_a_stack_that_down_ends(tmp_path: Path) -> None:
    up = isocentre("up", "--only", "versitygw", home=tmp_path)
    try:
        assert up.returncode == 0, up.stderr
        assert "versitygw: ready" in up.stderr
        status = isocentre("status", "--json", home=tmp_path)
        assert status.returncode == 0
        stack = json.loads(status.stdout)
        assert stack["object_store"]["endpoint"] in up.stdout
        supervisor = psutil.Process(stack["supervisor_pid"])
        assert supervisor.terminal() is None
        assert supervisor.ppid() != psutil.Process().pid
        again = isocentre("up", "--only", "versitygw", home=tmp_path)
        assert again.returncode == 0
        assert "already" in again.stderr
        assert "versitygw" in isocentre("status", home=tmp_path).stdout
        assert "stack: ready" in isocentre("logs", "supervisor", home=tmp_path).stdout
    finally:
        down = isocentre("down", home=tmp_path)
    assert down.returncode == 0
    assert not supervisor.is_running() or supervisor.status() == psutil.STATUS_ZOMBIE  # nobody reaps it in a container
    assert "not up" in isocentre("status", home=tmp_path).stdout


def test_up_that_fails_shows_the_log_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "data" / "postgres").mkdir(parents=True, mode=0o700)
    up = isocentre("up", "--only", "postgres", home=tmp_path)
    assert up.returncode == 1
    assert "postgres.log" in up.stderr
    assert "postgresql.conf" in up.stderr  # the log's own words
    assert isocentre("status", home=tmp_path).returncode == 1


def test_a_log_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    said = isocentre("logs", "nobody", home=tmp_path)
    assert said.returncode == 1
    assert "no such log" in said.stderr
