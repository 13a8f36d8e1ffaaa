"""Set-up: order, failure, stamps, tools."""

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from infra.local.install import tools
from infra.local.install.plan import Step, run
from infra.local.install.work import SetupError, Work, set_stamp, stamped, whole_folder
from infra.local.layout import ROOT, Cache


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(Cache(tmp_path / "cache"), logs=tmp_path / "logs", venv=tmp_path / "venv")


def never_done() -> bool:
    return False


def test_steps_run_side_by_side_but_after_what_they_need(work: Work) -> None:
    both_here = threading.Barrier(2, timeout=10)
    order: list[str] = []

    def meet(_: Work) -> None:
        both_here.wait()
        order.append("first")

    run(
        work,
        [
            Step("last", never_done, lambda _: order.append("last"), after=("one", "two")),
            Step("one", never_done, meet),
            Step("two", never_done, meet),
        ],
    )
    assert order == ["first", "first", "last"]


def test_a_failure_names_its_step_and_ends_the_others(work: Work) -> None:
    started = threading.Event()

    def fail(_: Work) -> None:
        started.wait(10)
        raise SetupError("no such tool")

    def long(work_: Work) -> None:
        started.set()
        work_.run("long", ["sleep", "60"])

    with pytest.raises(SetupError, match="broken: no such tool"):
        run(work, [Step("long", never_done, long), Step("broken", never_done, fail)])


def test_a_failing_command_shows_the_end_of_its_log(work: Work) -> None:
    with pytest.raises(SetupError, match="what was wrong"):
        work.run("step", ["sh", "-c", "echo what was wrong; exit 1"])


def test_every_cache_is_ours(work: Work) -> None:
    seen = work.environment()
    for name in ("PIP_CACHE_DIR", "GOPATH", "GOMODCACHE", "GOCACHE", "XDG_CONFIG_HOME", "TMPDIR"):
        assert Path(seen[name]).is_relative_to(work.cache.folder), name


def test_a_stamp_is_for_its_inputs_only(tmp_path: Path) -> None:
    assert not stamped(tmp_path, "a")
    set_stamp(tmp_path, "a")
    assert stamped(tmp_path, "a")
    assert not stamped(tmp_path, "b")


def test_an_interrupted_folder_does_not_take_the_name(tmp_path: Path) -> None:
    target = tmp_path / "libs"

    def interrupted() -> None:
        with whole_folder(target) as draft:
            (draft / "half.jar").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not target.exists()
    with whole_folder(target) as draft:
        (draft / "whole.jar").touch()
    assert [file.name for file in target.iterdir()] == ["whole.jar"]


@pytest.mark.parametrize(
    ("said", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ("go version go1.26.8 linux/amd64", 1),
        ("v20.20.2", 20),
        ("Apache Maven 3.8.7", 3),
        ("nothing", None),
    ],
)
def test_versions_are_read(said: str, major: int | None) -> None:
    assert tools.major_version(said) == major


def test_a_missing_tool_says_how_to_get_it(work: Work) -> None:
    absent = tools.Tool("no-such-tool", "--version", 1, "get it from there")
    with pytest.raises(SetupError, match="no-such-tool is missing: get it from there"):
        tools.missing_packages(work, [absent])


def test_a_missing_tool_that_debian_has_is_a_package(work: Work) -> None:
    absent = tools.Tool("no-such-tool", "--version", 1, "apt-get install it", package="it")
    assert "it" in tools.missing_packages(work, [absent])


def test_set_up_needs_nothing_but_the_standard_library() -> None:
    """-S: no site-packages; -E: no path from the environment."""
    modules = "import sys; sys.path.insert(0, '.'); import infra.local.setup"
    subprocess.run([sys.executable, "-S", "-E", "-c", modules], cwd=ROOT, check=True)


def test_it_runs_by_path_too() -> None:
    subprocess.run([sys.executable, "infra/local/setup.py", "--help"], cwd=ROOT, check=True, capture_output=True)


def test_knows_which_debian_packages_are_there() -> None:
    if shutil.which("dpkg-query") is None:
        pytest.skip("no Debian")
    assert tools.installed("dpkg")
    assert not tools.installed("no-such-package-of-debian")


def test_down_without_an_environment_sets_nothing_up(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    command = ["make", "--no-print-directory", "down"]
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert said.stdout == "nothing was up\n"
    assert [file.name for file in tmp_path.iterdir()] == ["Makefile"]


def test_what_a_killed_set_up_had_started_ends_too(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from infra.local.install.work import Work
from infra.local.layout import Cache
place = Path({str(tmp_path)!r})
Work(Cache(place / "cache"), logs=place).run("long", ["sh", "-c", "echo $$ > {tmp_path}/pid; exec sleep 600"])
"""
    set_up = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 20
    while not (pid.exists() and pid.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child = psutil.Process(int(pid.read_text()))
    set_up.kill()
    set_up.wait()
    child.wait(10)
