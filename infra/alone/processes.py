"""Many files over several processes, in the order of their ends; one that kills or hangs its process is told so."""

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache
from itertools import islice
from pathlib import Path

from infra.alone.work import Job, Line, Worker
from shared.isolation import Limits, Pool, WorkerDied, WorkerFailed, WorkerTimeout
from shared.outcome import Transient

LIMITS = Limits(seconds=3600, memory=64 * 1024**3)
"""For one file. Address space: a file is mapped whole and passes through little memory."""
_AHEAD = 4
"""Files per process that are handed out before they are asked for."""


def lines(job: Job, paths: Iterable[Path], processes: int) -> Iterator[Line]:
    """One line for each path."""
    waiting = iter(paths)
    running: set[Future[Line]] = set()
    with Pool(processes, LIMITS) as pool, ThreadPoolExecutor(processes) as threads:
        while True:
            room = processes * _AHEAD - len(running)
            running |= {threads.submit(_line, pool, job, path) for path in islice(waiting, room)}
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def _line(pool: Pool, job: Job, path: Path) -> Line:
    try:
        return pool.run(in_worker, job, str(path))
    except WorkerDied:
        return Line(str(path), "failed", "process-died")
    except WorkerTimeout:
        return Line(str(path), "failed", "too-slow")
    except WorkerFailed:
        return Line(str(path), "failed", "unexpected")
    except Transient:
        return Line(str(path), "failed", "no-process")


def in_worker(job: Job, path: str) -> Line:
    """What a worker process does with one file; its engine stays for the next one."""
    return _worker(job)(Path(path))


@cache
def _worker(job: Job) -> Worker:
    return Worker(job)
