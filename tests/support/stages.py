"""Single workers of a stage as processes of their own, beside each other, on the running components."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from infra.local.layout import ROOT
from infra.local.ports import free_ports
from infra.local.state import Stack
from tests.support.waiting import until

TRIES = tuple(f"isocentre_stage_{name}" for name in ("commit_seconds_count", "aborts_total", "retries_total"))


class Worker:
    """One process of a stage. `instance` names it among those of its stage."""

    def __init__(
        self, components: Stack, stage: str, instance: str, folder: Path, settings: Mapping[str, str], s3: str = ""
    ) -> None:
        """`s3`: where it finds the store instead."""
        (self._port,) = free_ports(1)
        keys = components.object_store.users[stage]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS": components.kafka_bootstrap_servers,
            "ISOCENTRE_HEALTH_PORT": str(self._port),
            "ISOCENTRE_INSTANCE": instance,
            "ISOCENTRE_S3_ENDPOINT": s3 or components.object_store.endpoint,
            "ISOCENTRE_S3_ACCESS_KEY": keys.access_key,
            "ISOCENTRE_S3_SECRET_KEY": keys.secret_key,
            "ISOCENTRE_STATE_DIR": str(folder),
            **settings,
        }
        self._log = folder / f"{stage}-{instance}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"services.{stage}"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """It stands still: its sockets stay open and nobody answers."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def tries(self) -> float:
        """How many batches it has committed, given up, or found itself unable to go on with."""
        try:
            said = httpx.get(f"http://127.0.0.1:{self._port}/metrics", timeout=10).text
        except httpx.TransportError:
            return 0.0
        return sum(float(line.split("} ")[1].split(" ")[0]) for line in said.splitlines() if line.startswith(TRIES))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def working(
    components: Stack, stage: str, instance: str, folder: Path, settings: Mapping[str, str], s3: str = ""
) -> Iterator[Worker]:
    """A worker that is ready, for as long as this block."""
    worker = Worker(components, stage, instance, folder, settings, s3)
    try:
        until(lambda: worker.ready() or worker.ended, f"{stage} {instance} is ready", 90)
        assert not worker.ended, worker.log
        yield worker
    finally:
        worker.kill()
