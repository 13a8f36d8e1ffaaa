"""Other receivers, as processes of ours: Orthanc with fsync, dcmtk's storescp, pynetdicom. All with TCP_NODELAY."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.local.bound import bound
from infra.local.layout import ROOT
from infra.local.ports import free_ports
from tests.bench import orthanc
from tests.bench.receive import loop_peer, ours
from tests.bench.receive.door import Door
from tests.bench.receive.measured import LOOP
from tests.bench.side import Incomplete

TITLE, CALLING = "PEER", "SITE_A"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
"""Where Debian's orthanc-dicomweb puts it."""
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TCP_NODELAY": "1"}
_START_SECONDS = 30.0


@contextmanager
def orthanc_running(folder: Path, associations: int) -> Iterator[Door]:
    """Every file synced before the answer, a thread for each association; with its DICOMweb plugin where that is
    installed."""
    threads = {"DicomThreadsCount": associations, "HttpThreadsCount": associations}
    plugins = [str(PLUGIN)] if PLUGIN.exists() else []
    with orthanc.running(folder, **threads, Plugins=plugins) as server:
        url = f"http://127.0.0.1:{server.http_port}/dicom-web/studies" if plugins else None
        pids = {"receiver": server.pids["orthanc"]}
        yield Door("Orthanc, fsync", server.port, server.called, server.calling, pids, server.held, stow=url)


@contextmanager
def storescp_running(folder: Path) -> Iterator[Door]:
    """dcmtk's, which writes what comes as it comes, in a process for each association, and syncs nothing."""
    options = ["--fork", "--bit-preserving", "--max-pdu", "131072", "--output-directory", str(folder)]
    with _process(folder, lambda port: ["storescp", "--aetitle", TITLE, *options, str(port)]) as (port, pid):
        yield _writing("dcmtk storescp, no fsync", folder, port, pid)


@contextmanager
def pynetdicom_running(folder: Path, associations: int) -> Iterator[Door]:
    """pynetdicom's own storescp, as far as what it does with an instance goes; syncs nothing."""
    module = [sys.executable, "-m", "tests.bench.receive.pynetdicom_peer"]
    with _process(folder, lambda port: [*module, TITLE, str(port), str(folder), str(associations)]) as (port, pid):
        yield _writing("pynetdicom, no fsync", folder, port, pid)


@contextmanager
def loop_running(folder: Path) -> Iterator[Door]:
    """Our own receive loop, with nothing behind it."""
    module = [sys.executable, "-m", "tests.bench.receive.loop_peer"]
    with _process(folder, lambda port: [*module, str(port), str(folder)]) as (port, pid):
        taken = folder / loop_peer.TAKEN
        yield Door(LOOP, port, ours.CALLED, ours.CALLING, {"receiver": pid}, lambda: taken.stat().st_size)


def _writing(name: str, folder: Path, port: int, pid: int) -> Door:
    return Door(name, port, TITLE, CALLING, {"receiver": pid}, lambda: len(list(folder.iterdir())))


@contextmanager
def _process(folder: Path, line: Callable[[int], Sequence[str]]) -> Iterator[tuple[int, int]]:
    """Port and pid of a fresh process that writes into `folder`, where its files stay."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    (port,) = free_ports(1)
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen(
            bound(line(port)), cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise Incomplete(f"nobody listens on port {port}") from None
            time.sleep(0.1)
