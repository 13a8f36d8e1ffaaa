"""The examiner with real processes, among them ones that crash, hang, devour memory and lie."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from services.anonymiser.pixels.workers import Examiner, Limits, WorkerDied, WorkerFailed, WorkerTimeout
from tests.support import orphans
from tests.unit.anonymiser import jobs

LIMITS = Limits(seconds=2, memory=1024**3)


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner(1, LIMITS) as one:
        yield one


@pytest.fixture(params=[0, 1], ids=["in-process", "worker"])
def either(request: pytest.FixtureRequest, examiner: Examiner) -> Examiner:
    return examiner if request.param else Examiner(0)


def test_payloads_arrive_and_answers_come_back(either: Examiner) -> None:
    image = np.arange(12, dtype=np.uint16).reshape(3, 4)
    assert either.run(jobs.seen, b"abc", image) == (
        jobs.Seen("bytes", 3, b"abc"),
        jobs.Seen("ndarray", 24, image.tobytes()),
    )


def test_views_arrive_as_bytes_wherever_they_stand(examiner: Examiner) -> None:
    data = os.urandom(3_000_000)
    (answer,) = examiner.run(jobs.seen, memoryview(data)[1:])
    assert answer == jobs.Seen("bytes", 2_999_999, data[1:])


def test_a_function_that_raises_tells_its_kind_and_nothing_else(either: Examiner) -> None:
    with pytest.raises(WorkerFailed) as failure:
        either.run(jobs.fail)
    assert failure.value.kind == "LookupError"
    assert "canary" not in repr(failure.value)


def test_a_worker_is_used_again_also_after_an_exception(examiner: Examiner) -> None:
    before = examiner.run(jobs.pid)
    with pytest.raises(WorkerFailed):
        examiner.run(jobs.fail)
    with pytest.raises(WorkerFailed):
        examiner.run(jobs.unspeakable)
    assert examiner.run(jobs.pid) == before != os.getpid()


@pytest.mark.parametrize(
    ("job", "payload", "failure"),
    [
        (jobs.crash, (), WorkerDied),
        (jobs.hang, (), WorkerTimeout),
        (jobs.devour, (4 * 1024**3,), WorkerDied),
        (jobs.lie, (), WorkerDied),
    ],
)
def test_a_bad_job_costs_its_own_answer_only(
    examiner: Examiner, job: Callable[..., object], payload: tuple[object, ...], failure: type[Exception]
) -> None:
    before = examiner.run(jobs.pid)
    with pytest.raises(failure):
        examiner.run(job, *payload)
    assert examiner.run(jobs.pid) != before
    assert not psutil.pid_exists(before)


def test_a_job_may_have_a_time_of_its_own(examiner: Examiner) -> None:
    started = time.monotonic()
    with pytest.raises(WorkerTimeout):
        examiner.run(jobs.hang, seconds=0.1)
    assert time.monotonic() - started < 2


def test_a_job_is_tried_again_in_a_fresh_worker(examiner: Examiner, tmp_path: Path) -> None:
    before = examiner.run(jobs.pid)
    assert examiner.run(jobs.crash_once, str(tmp_path / "mark")) != before


def test_a_payload_beyond_the_memory_limit_is_given_up(examiner: Examiner) -> None:
    with pytest.raises(WorkerDied):
        examiner.run(jobs.seen, memoryview(bytes(1_100_000_000)), seconds=30)
    assert examiner.run(jobs.seen, b"") == (jobs.Seen("bytes", 0, b""),)


_START = """
from services.anonymiser.pixels.workers import Examiner
from tests.unit.anonymiser import jobs
examiner = Examiner(2)
examiner.warm()
def hang(): examiner.run(jobs.hang)
"""


def test_no_worker_outlives_its_parent_not_even_after_kill_9() -> None:
    assert orphans.left(_START, workers=2) == []


def test_closing_leaves_no_process_and_no_zombie() -> None:
    examiner = Examiner(2, LIMITS)
    examiner.warm()
    child = examiner.run(jobs.pid)
    examiner.close()
    assert child not in {process.pid for process in psutil.Process().children(recursive=True)}
