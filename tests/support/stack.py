"""A whole stack as an operator has it: the supervisor as a process, `stack.json`, and the servers it names.

Black box: imports nothing of ours.
"""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
from minio import Minio

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("receiver", "anonymiser", "validator", "indexer", "thumbnailer", "tracker", "gateway", "bookkeeper")
START_SECONDS, STOP_SECONDS = 180.0, 90.0


@dataclass(frozen=True)
class Stack:
    """One running stack, by the folder in which it lies."""

    home: Path

    # --- stack.json

    def told(self) -> dict[str, Any]:
        """The file as it is now."""
        found: dict[str, Any] = json.loads((self.home / "stack.json").read_text())
        return found

    def process(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(item for item in self.told()["processes"] if item["name"] == name)
        return found

    def pid(self, name: str) -> int:
        return int(self.process(name)["pid"])

    @property
    def kafka(self) -> str:
        return str(self.told()["kafka_bootstrap_servers"])

    @property
    def dicom_port(self) -> int:
        return int(self.told()["services"]["receiver"]["dicom_port"])

    @property
    def stow(self) -> str:
        return str(self.told()["services"]["receiver"]["http_url"])

    @property
    def gateway(self) -> str:
        return str(self.told()["services"]["gateway"]["http_url"])

    @property
    def trace_store(self) -> str:
        return str(self.told()["trace_store_url"])

    def health_url(self, service: str) -> str:
        return str(self.told()["services"][service]["health_url"])

    def log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"

    # --- its servers

    def metrics(self, service: str) -> str:
        return httpx.get(f"{self.health_url(service)}/metrics", timeout=10).text

    def metric(self, service: str, name: str, **labels: str) -> float:
        """The sum over all samples of that name that carry these labels; 0 when there is none."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        samples = (line for line in self.metrics(service).splitlines() if line.split("{")[0].split(" ")[0] == name)
        values = (
            line.rpartition("} ")[2] if "{" in line else line.split(" ")[1]
            for line in samples
            if all(w in line for w in wanted)
        )
        return sum(float(value.split(" ")[0]) for value in values)

    def objects(self) -> Minio:
        """The object store as its root user."""
        store = self.told()["object_store"]
        where, root = urlsplit(store["endpoint"]), store["root"]
        return Minio(where.netloc, root["access_key"], root["secret_key"], secure=where.scheme == "https")

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        found = self.objects().list_objects(bucket, prefix=prefix, recursive=True)
        return [str(item.object_name) for item in found if not str(item.object_name).startswith(".probe/")]

    def read(self, bucket: str, key: str) -> bytes:
        response = self.objects().get_object(bucket, key)
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    def put(self, bucket: str, key: str, data: bytes) -> None:
        self.objects().put_object(bucket, key, io.BytesIO(data), len(data))

    def database(self, name: str = "name", role: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """The clean side's database (`name`) or the other one (`identified`), as its superuser or as that role."""
        told = self.told()["database"]
        return psycopg.connect(
            host=told["host"],
            port=told["port"],
            dbname=told[name],
            user=role,
            password=told["passwords"][role],
            autocommit=True,
        )

    def ledger(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the ledger answers to an auditor."""
        with self.database("identified", "auditor") as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.database() as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def execute(self, statement: str, *parameters: object) -> None:
        with self.database() as connection:
            connection.execute(statement.encode(), parameters or None)

    # --- signals

    def kill(self, name: str) -> int:
        """`kill -9`; returns the pid that it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def terminate(self, name: str) -> int:
        """Tell it to stop, and the supervisor starts another; returns the pid that it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGTERM)
        return pid

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """The process stands still within this block: its sockets stay open and nobody answers."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def unmounted(self) -> Iterator[None]:
        """The folder of the raw objects is not where it was."""
        bucket = Path(self.told()["object_store"]["tree"]) / "identified"
        bucket.rename(bucket.with_name("elsewhere"))
        try:
            yield
        finally:
            bucket.with_name("elsewhere").rename(bucket)

    def ready(self, name: str, not_pid: int | None = None) -> bool:
        """Whether it works (again), as another process than `not_pid`."""
        process = self.process(name)
        return process["state"] == "ready" and process["pid"] not in (None, not_pid)


@contextmanager
def running(
    home: Path,
    settings: Sequence[str] = (),
    store: str = "tree",
    options: Sequence[str] = (),
    *,
    code: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """A stack that lives as long as this block, and dies with this process. `settings`: `SERVICE.NAME=VALUE`.

    `store`: how the services write objects, `tree` or `s3`. `options`: more of the supervisor's. `code`: the checkout
    that runs. `environment`: what the supervisor gets beside ours.
    """
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "infra.local.supervisor", "--home", str(home), "--quiet", f"--store={store}"]
    command += options
    command += [f"--set={setting}" for setting in settings]
    with (home / "supervisor.out").open("ab") as output:
        supervisor = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            cwd=code,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield _ready(Stack(home), supervisor)
    finally:
        supervisor.terminate()
        try:
            supervisor.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()


def _ready(stack: Stack, supervisor: subprocess.Popen[bytes]) -> Stack:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and supervisor.poll() is None:
        try:
            told = stack.told()
        except (FileNotFoundError, ValueError):
            told = {}
        if told.get("state") == "ready" and told.get("supervisor_pid") == supervisor.pid:
            return stack
        time.sleep(0.1)
    raise AssertionError(f"the stack in {stack.home} did not start: {_complaint(stack)}")


def _complaint(stack: Stack) -> str:
    try:
        return str(stack.told()["error"] or stack.log("supervisor").read_text()[-2000:])
    except (OSError, ValueError):
        return (stack.home / "supervisor.out").read_text()[-2000:]


def end_at_once(supervisor: psutil.Process) -> None:
    """All processes of a stack, the supervisor first: nothing is started again."""
    family = [supervisor, *supervisor.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(family[1:], timeout=30)
    assert not alive, alive
