"""What may happen in a worker process in place of the real work."""

import os
import signal

from infra.alone.work import Job, Line


def well(job: Job, path: str) -> Line:
    return Line(path, "cleaned")


def killed(job: Job, path: str) -> Line:
    if path == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    return well(job, path)
