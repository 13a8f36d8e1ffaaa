"""Kafka's class-data archive: the broker starts in half the time with it."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from infra.local.bound import bound
from infra.local.install.work import SetupError, Work
from infra.local.kafka import Listeners, java_command, server_properties
from infra.local.layout import Cache
from infra.local.ports import free_ports

START_SECONDS = 180.0


@cache
def java_key() -> str:
    """Which JVM this is: an archive is valid for one build only. (Read from its own release file.)"""
    java = shutil.which("java")
    if java is None:
        return "none"
    release = Path(java).resolve().parents[1] / "release"
    said = release.read_bytes() if release.exists() else _ask(java)
    return hashlib.sha256(said).hexdigest()[:12]


def _ask(java: str) -> bytes:
    return subprocess.run([java, "-version"], capture_output=True, check=False).stderr


def archive_done(work: Work) -> bool:
    """Whether this JVM has its archive."""
    return archive_file(work.cache).exists()


def archive_file(cache_: Cache) -> Path:
    """Where this JVM's archive lies."""
    return cache_.kafka / f"classes-{java_key()}.jsa"


def make_archive(work: Work) -> None:
    """The archive, if this JVM can make one: Kafka starts without it too, only later."""
    try:
        _run_once(work)
    except SetupError as error:
        print(f"setup  Kafka will start more slowly: {error}", file=sys.stderr, flush=True)


def _run_once(work: Work) -> None:
    """Run a broker for nothing but the classes that it loads."""
    folder = work.cache.temporary / "kafka-archive"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    broker, controller = free_ports(2)
    properties = folder / "server.properties"
    properties.write_text(server_properties(folder / "data", Listeners(broker, controller)))
    draft = folder / "classes.jsa"
    java = java_command(work.cache, temporary=folder, archive=None)
    work.run(
        "kafka archive",
        [*java, "kafka.tools.StorageTool", "format", "--standalone", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", properties],
    )
    log = work.logs / "kafka-archive.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            bound([java[0], f"-XX:ArchiveClassesAtExit={draft}", *java[1:], "kafka.Kafka", str(properties)]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            _wait_for_port(broker, process)
            process.terminate()
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            raise SetupError("the broker did not stop") from None
        finally:
            process.kill()
            process.wait()
    if not draft.exists():
        raise SetupError(f"the JVM wrote no class-data archive; see {log}")
    draft.replace(archive_file(work.cache))
    shutil.rmtree(folder)


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SetupError("the broker did not start")
