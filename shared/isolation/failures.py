"""How a job in a worker may fail. None of these says anything of what was worked on.

Lost
├── WorkerDied      it crashed, wanted too much memory, or answered what it cannot mean
├── WorkerTimeout   it took too long
└── WorkerFailed    the function raised; the worker lives
"""


class Lost(Exception):
    """There is no answer, and there will be none."""


class WorkerDied(Lost):
    """Twice, in two processes, the second of them fresh."""


class WorkerTimeout(Lost):
    """Twice, in two processes, the second of them fresh."""


class WorkerFailed(Lost):
    """The function raised an exception of the type `kind`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind
