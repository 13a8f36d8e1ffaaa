"""The pool with real processes, among them ones that crash, hang, devour memory and lie."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from services.thumbnailer.picture import NoPicture, Picture
from services.thumbnailer.render import render
from services.thumbnailer.worker import Renderer
from shared.outcome import Reason, Transient
from tests.support import orphans
from tests.unit.thumbnailer.images import file_of, image, ramp
from tests.unit.thumbnailer.renders import JPEG, by_order

MEMORY = 1024**3
DIED = NoPicture(Reason.DECODER_DIED)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer(by_order, workers=1, memory=MEMORY, seconds=2) as pool:
        yield pool


def pid(renderer: Renderer) -> int:
    answer = renderer.render(b"pid")
    assert isinstance(answer, Picture)
    return int(answer.jpeg.removeprefix(JPEG))


def test_answers_come_back(renderer: Renderer) -> None:
    assert renderer.render(b"draw") == Picture(JPEG, 256, 128)
    assert renderer.render(b"none") == NoPicture(Reason.NO_PIXELS)
    assert pid(renderer) != os.getpid()


def test_a_worker_is_used_again(renderer: Renderer) -> None:
    assert pid(renderer) == pid(renderer)


def test_large_objects_go_through(renderer: Renderer) -> None:
    assert renderer.render(bytes(30_000_000)) == Picture(JPEG + b"30000000", 3, 3)


@pytest.mark.parametrize("order", ["segfault", "allocate", "native-allocate", "half-import", "hang", "lie", "large"])
def test_a_bad_stream_costs_its_own_picture_only(renderer: Renderer, order: str) -> None:
    before = pid(renderer)
    assert renderer.render(order.encode()) == DIED
    assert renderer.render(b"draw") == Picture(JPEG, 256, 128)
    assert pid(renderer) != before
    assert not psutil.pid_exists(before)


def test_an_exception_is_no_death(renderer: Renderer) -> None:
    before = pid(renderer)
    assert renderer.render(b"raise") == NoPicture(Reason.DECODER_FAILED)
    assert pid(renderer) == before


def test_what_was_bad_luck_succeeds_the_second_time(renderer: Renderer, tmp_path: Path) -> None:
    assert renderer.render(f"once {tmp_path}/mark".encode()) == Picture(JPEG, 2, 2)


def test_a_worker_killed_while_idle_costs_nothing(renderer: Renderer) -> None:
    os.kill(pid(renderer), signal.SIGKILL)
    assert renderer.render(b"draw") == Picture(JPEG, 256, 128)


def test_an_orderly_stop_of_the_group_leaves_the_worker_at_work(renderer: Renderer) -> None:
    before = pid(renderer)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(before, number)
    assert pid(renderer) == before


def test_workers_print_nothing(renderer: Renderer, capfd: pytest.CaptureFixture[str]) -> None:
    renderer.render(b"print")
    assert capfd.readouterr() == ("", "")


def test_workers_get_no_credentials(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTRE_S3_SECRET_KEY", "canary")
    os.kill(pid(renderer), signal.SIGKILL)
    answer = renderer.render(b"environment")
    assert isinstance(answer, Picture)
    assert b"ISOCENTRE" not in answer.jpeg


def test_a_worker_outlives_the_thread_that_needed_it(renderer: Renderer) -> None:
    """The kernel's parent death signal goes by thread: one that ends must not take the worker with it."""
    os.kill(pid(renderer), signal.SIGKILL)
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(pid(renderer)))
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert [pid(renderer)] == found


def test_several_threads_share_the_pool_while_one_object_hangs() -> None:
    orders = [b"hang", *[b"draw", b"segfault"] * 3, b"draw"]
    with Renderer(by_order, workers=2, memory=MEMORY, seconds=2) as pool, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(pool.render, orders))
    assert answers == [Picture(JPEG, 256, 128) if order == b"draw" else DIED for order in orders]


def test_closing_leaves_nobody_behind() -> None:
    pool = Renderer(by_order, workers=2, memory=MEMORY, seconds=2)
    pool.warm()
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    pool.close()
    assert len(children - {child.pid for child in psutil.Process().children(recursive=True)}) == 2


def test_workers_that_cannot_start_are_transient_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with Renderer(by_order, workers=1, memory=MEMORY, seconds=2) as pool, pytest.raises(Transient):
        pool.render(b"draw")


_START = """
from services.thumbnailer.worker import Renderer
from tests.unit.thumbnailer.renders import by_order
pool = Renderer(by_order, workers=2, memory=2**30, seconds=600)
pool.warm()
def hang(): pool.render(b"hang")
"""


def test_workers_die_with_their_parent_however_that_ends() -> None:
    assert orphans.left(_START, workers=2) == []


def test_the_real_renderer_in_a_worker_draws_the_same_picture() -> None:
    data = file_of(image(ramp()))
    with Renderer(render, workers=1, memory=2 * MEMORY, seconds=60) as pool:
        assert pool.render(data) == render(data)


def test_an_image_beyond_the_memory_limit_is_given_up() -> None:
    bomb = file_of(image(ramp("u1"), Rows=65_000, Columns=65_000))
    vast = bomb + bytes(300_000_000)
    with Renderer(render, workers=1, memory=400 * 1024**2, seconds=60) as pool:
        assert pool.render(vast) in (DIED, NoPicture(Reason.DECODER_FAILED))  # whichever library notices first
        assert isinstance(pool.render(file_of(image(ramp()))), Picture)
