"""The view of what was received before, as several processes use it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from services.receiver import scratch
from services.receiver.__main__ import arrivals_in
from services.receiver.arrivals import Arrivals, Occupied, Standing
from services.receiver.quotas import Quotas

ROOT = Path(__file__).parents[3]
DIGEST, OTHER = "a" * 64, "b" * 64
HOLDS = """
import sys, time
from pathlib import Path
from services.receiver.arrivals import Arrivals
arrivals = Arrivals(Path(sys.argv[1]))
with arrivals.alone("site-a", sys.argv[2], 10.0):
    print("holds", flush=True)
    sys.stdin.readline()
    arrivals.add("site-a", sys.argv[2], "1.2.3")
"""


def holder(path: Path, digest: str) -> "subprocess.Popen[str]":
    """Another process that works on that arrival until it gets a line, or its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path), digest],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    return process


def test_another_process_waits_and_then_knows(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    arrivals = Arrivals(path)
    with holder(path, DIGEST) as other:
        known: list[bool] = []

        def work() -> None:
            with arrivals.alone("site-a", DIGEST, 10.0):
                known.append(arrivals.standing("site-a", DIGEST) is Standing.PUBLISHED)

        waiting = threading.Thread(target=work)
        waiting.start()
        with arrivals.alone("site-a", OTHER, 10.0):
            pass  # nobody works on that one
        time.sleep(0.2)
        assert known == []
        other.communicate("\n", timeout=10)
        waiting.join(10)
    assert known == [True]
    arrivals.close()


def test_who_waits_for_one_that_hangs_gives_up(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    arrivals = Arrivals(path)
    with holder(path, DIGEST) as other:
        with pytest.raises(Occupied), arrivals.alone("site-a", DIGEST, 0.1):
            pytest.fail("two at the same time")
        other.communicate("\n", timeout=10)
    with arrivals.alone("site-a", DIGEST, 10.0):
        entered = threading.Event()

        def wait() -> None:
            with pytest.raises(Occupied), arrivals.alone("site-a", DIGEST, 0.1):
                pytest.fail("two at the same time")
            entered.set()

        threading.Thread(target=wait).start()
        assert entered.wait(10)
    with arrivals.alone("site-a", DIGEST, 10.0):
        pass
    arrivals.close()


def test_who_dies_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    arrivals = Arrivals(path)
    with holder(path, DIGEST) as other:
        other.kill()
    with arrivals.alone("site-a", DIGEST, 10.0):
        assert arrivals.standing("site-a", DIGEST) is not Standing.PUBLISHED
    arrivals.close()


def test_a_view_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    first = Arrivals(path)
    first.add("site-a", DIGEST, "1.2.3")
    first._db.execute("PRAGMA user_version = 1")
    first.close()
    again = Arrivals(path)
    assert again.standing("site-a", DIGEST) is not Standing.PUBLISHED
    again.close()


def test_the_same_bytes_of_two_sites_do_not_unlock_each_other(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    arrivals = Arrivals(path)
    with holder(path, DIGEST) as other:
        with arrivals.alone("site-b", DIGEST, 10.0):
            pass  # another place than that of site-a
        free: list[bool] = []

        def work() -> None:
            with arrivals.alone("site-a", DIGEST, 10.0):
                free.append(True)

        waiting = threading.Thread(target=work)
        waiting.start()
        time.sleep(0.2)
        assert free == []
        other.communicate("\n", timeout=10)
        waiting.join(10)
    with arrivals.alone("site-a", DIGEST, 10.0):
        with arrivals.alone("site-b", DIGEST, 10.0):
            pass
        second = subprocess.Popen([sys.executable, "-c", HOLDS, str(path), DIGEST], stdout=subprocess.PIPE, cwd=ROOT)
        time.sleep(0.5)
        assert second.poll() is None  # it waits for site-a yet
        second.kill()
        second.communicate()
    arrivals.close()


def test_what_we_noted_and_the_topic_lacks_is_missing(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path / "arrivals.sqlite")
    arrivals.add("site-a", DIGEST, "1.2.3")
    assert not arrivals.missing("site-a", DIGEST, 0.0)
    assert arrivals.missing("site-a", DIGEST, time.time() + 1)
    assert arrivals.missing("site-a", OTHER, 0.0)
    arrivals.close()


def test_what_is_announced_once_more_is_in_doubt_and_still_came(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path / "arrivals.sqlite")
    arrivals.add("site-a", DIGEST, "1.2.3")
    for _ in range(2):
        arrivals.doubt("site-a", DIGEST, "1.2.3")
        assert arrivals.standing("site-a", DIGEST) is Standing.DOUBTED_AGAIN
        assert arrivals.missing("site-a", DIGEST, 0.0)
        assert arrivals.of_instance("site-a", "1.2.3") == [DIGEST]
    assert arrivals.doubts() == 1
    assert arrivals.add("site-a", OTHER, "1.2.3")
    arrivals.add("site-a", DIGEST, "1.2.3")
    assert arrivals.standing("site-a", DIGEST) is Standing.PUBLISHED
    assert arrivals.doubts() == 0
    arrivals.close()


def test_what_was_never_announced_has_not_come_however_often_it_was_tried(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path / "arrivals.sqlite")
    for _ in range(2):
        arrivals.doubt("site-a", DIGEST, "1.2.3")
        assert arrivals.of_instance("site-a", "1.2.3") == []
    assert not arrivals.add("site-a", OTHER, "1.2.3")
    arrivals.close()


def test_damage_is_noted_of_what_was_announced(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path / "arrivals.sqlite")
    arrivals.add("site-a", DIGEST, "1.2.3")
    arrivals.doubt("site-a", OTHER, "1.2.4")
    assert arrivals.damaged("site-a", DIGEST)
    assert not arrivals.damaged("site-a", OTHER)
    assert not arrivals.damaged("site-b", DIGEST)
    assert arrivals.of_instance("site-a", "1.2.3") == [DIGEST]
    assert arrivals.doubts() == 1
    arrivals.close()


def test_an_orderly_end_leaves_all_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.sqlite"
    arrivals = Arrivals(path)
    arrivals.add("site-a", DIGEST, "1.2.3")
    arrivals.settle()
    assert not path.with_name("arrivals.sqlite-wal").exists()
    again = Arrivals(path)
    assert again.standing("site-a", DIGEST) is Standing.PUBLISHED
    again.close()


@pytest.mark.parametrize("torn", [b"no database at all" * 100, b"SQLite format 3\0" + bytes(8000)])
def test_a_torn_file_is_thrown_away(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "quotas.sqlite"
    path.write_bytes(torn)
    scratch.mended(path)
    assert Quotas(path).spent("site-a") == 0


@pytest.mark.parametrize("name", ["arrivals.sqlite", "quotas.sqlite"])
def test_a_receiver_starts_on_a_torn_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no database at all" * 100)
    arrivals_in(tmp_path, anew=False).close()
    assert Quotas(tmp_path / "quotas.sqlite").spent("site-a") == 0


@pytest.mark.parametrize("of_pages", [0.3, 0.6, 0.9])
def test_a_view_that_is_torn_somewhere_is_read_again_from_its_beginning(tmp_path: Path, of_pages: float) -> None:
    path = tmp_path / "arrivals.sqlite"
    full = Arrivals(path)
    for number in range(1000):
        full.add("site-a", f"{number:064x}", f"1.2.{number}")
    full.settle()
    page = int(path.stat().st_size * of_pages) // 4096 * 4096
    with path.open("r+b") as file:
        file.seek(page)
        file.write(b"\xff" * 4096)
    view = arrivals_in(tmp_path, anew=False)
    assert {view.standing("site-a", f"{number:064x}") for number in range(1000)} == {None}
    view.close()


def test_a_sound_view_stays_with_what_a_killed_process_left_beside_it(tmp_path: Path) -> None:
    killed = Arrivals(tmp_path / "arrivals.sqlite")
    killed.add("site-a", DIGEST, "1.2.3")
    view = arrivals_in(tmp_path, anew=False)
    assert view.standing("site-a", DIGEST) is Standing.PUBLISHED
    view.close()
    killed.close()


def test_a_sound_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "quotas.sqlite"
    quotas = Quotas(path)
    quotas.add("site-a", 5)
    quotas.close()
    scratch.mended(path)
    assert Quotas(path).spent("site-a") == 5
