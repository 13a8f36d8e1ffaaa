"""Who runs a home."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.layout import ROOT, Home
from infra.local.ownership import sole_owner, supervisor_pid

HOLD = "from infra.local.ownership import sole_owner; from infra.local.layout import Home; from pathlib import Path\n"


def test_nobody_runs_a_home_that_was_never_used(tmp_path: Path) -> None:
    assert supervisor_pid(Home(tmp_path / "never")) is None
    assert not (tmp_path / "never").exists()


def test_the_holder_is_named_as_long_as_it_lives(tmp_path: Path) -> None:
    script = f"{HOLD}with sole_owner(Home(Path({str(tmp_path)!r}))):\n    print(1, flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout
        holder.stdout.readline()
        assert supervisor_pid(Home(tmp_path)) == holder.pid
        with pytest.raises(BlockingIOError), sole_owner(Home(tmp_path)):
            pass
        assert supervisor_pid(Home(tmp_path)) == holder.pid
    finally:
        holder.kill()
        holder.communicate()
    assert supervisor_pid(Home(tmp_path)) is None


def test_a_new_owner_finds_an_empty_workplace(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    (home.run / "left" / "over").mkdir(parents=True)
    (home.run / "file").touch()
    (home.data / "kept").touch()
    with sole_owner(home):
        assert list(home.run.iterdir()) == [home.lock_file]
        assert (home.data / "kept").exists()
