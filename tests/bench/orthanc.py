"""The other side: Debian's Orthanc, as a process of its own, with a driver that has it do the same job."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.local.bound import bound
from infra.local.layout import ROOT
from infra.local.ports import free_ports
from tests.bench.instances import Instance
from tests.bench.orthanc_driver import Connection, pseudonyms
from tests.bench.side import Incomplete

START_SECONDS = 30.0
THREADS = 4


def configuration(folder: Path, dicom_port: int, http_port: int, more: Mapping[str, object]) -> dict[str, object]:
    """Everything durable, everything local; what is neither named here nor in `more` is Orthanc's default."""
    return {
        "Name": "bench",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "TemporaryDirectory": str(folder),
        "StorageCompression": False,
        "SyncStorageArea": True,
        "DicomAet": "ORTHANC",
        "DicomPort": dicom_port,
        "DicomAlwaysAllowStore": True,
        "MaximumPduLength": 131_072,
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "KeepAlive": True,
        "TcpNoDelay": True,
        "Plugins": [],
        "LuaScripts": [],
        **more,
    }


def version() -> str | None:
    """What the installed program calls itself; None when there is none."""
    program = shutil.which("Orthanc")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return said.splitlines()[0].rpartition("/")[2]  # it calls itself by its path


class Orthanc:
    """A running server, as a side of the measurement."""

    name = "orthanc"
    called = "ORTHANC"
    calling = "SITE_A"

    def __init__(self, pid: int, dicom_port: int, http_port: int) -> None:
        self._pid = pid
        self._driver: subprocess.Popen[str] | None = None
        self._folder = Path()
        self._finished = 0
        self.port, self.http_port = dicom_port, http_port

    @property
    def pids(self) -> Mapping[str, int]:
        return {"orthanc": self._pid}

    @property
    def beside(self) -> Mapping[str, int]:
        return {"rest driver": self._driver.pid} if self._driver else {}

    def watch(self, folder: Path) -> None:
        """Start the driver for the instances of this folder."""
        self.leave()
        options = ["--port", str(self.http_port), "--threads", str(THREADS)]
        self._driver = subprocess.Popen(
            bound([sys.executable, "-m", "tests.bench.orthanc_driver", str(folder), *options]),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._line(START_SECONDS) != "ready\n":
            raise Incomplete("the driver could not start")

    def expect(self, folder: Path, instances: list[Instance]) -> Callable[[float], float]:
        self.watch(folder)

        def done(deadline: float) -> float:
            line = self._line(max(0.0, deadline - time.monotonic()))
            if not line:
                raise Incomplete("Orthanc did not finish in time")
            told = json.loads(line)
            if told["failures"]:
                raise Incomplete(f"Orthanc failed: {'; '.join(told['failures'])}")
            self._finished += len(instances)
            return float(told["finished"])

        return done

    def verify(self, instances: list[Instance]) -> None:
        connection = Connection(self.http_port)
        if (count := self.held()) != 2 * self._finished:
            raise Incomplete(f"Orthanc holds {count} instances, not {2 * self._finished}")
        patients = {pseudonyms(one)["PatientID"] for one in instances}
        found = 0
        for patient in patients:
            query = {"Level": "Instance", "Query": {"PatientID": patient}}
            found += len(json.loads(connection.ask("POST", "/tools/find", json.dumps(query).encode())))
        if found != len(instances):
            raise Incomplete(f"of {len(instances)} copies a query finds {found}")

    def held(self) -> int:
        """How many instances it has."""
        return int(json.loads(Connection(self.http_port).ask("GET", "/statistics"))["CountInstances"])

    def leave(self) -> None:
        """End the driver; it is over, or no longer wanted."""
        if self._driver is not None:
            self._driver.kill()
            self._driver.communicate()
            self._driver = None

    def _line(self, seconds: float) -> str:
        assert self._driver
        assert self._driver.stdout
        if not select.select([self._driver.stdout], [], [], seconds)[0]:
            return ""
        return self._driver.stdout.readline()


@contextmanager
def running(folder: Path, **more: object) -> Iterator[Orthanc]:
    """A fresh server for the length of this block; `more` is configuration. Its files stay."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    dicom_port, http_port = free_ports(2)
    settings = folder / "orthanc.json"
    settings.write_text(json.dumps(configuration(folder, dicom_port, http_port, more), indent=2))
    with (folder / "orthanc.log").open("ab") as log:
        process = subprocess.Popen(
            bound([shutil.which("Orthanc") or "Orthanc", str(settings)]),
            cwd=folder,
            # dcmtk's sockets wait 40 ms for an acknowledgement without it.
            env={"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", "TCP_NODELAY": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        side = Orthanc(process.pid, dicom_port, http_port)
        try:
            _wait(http_port)
            yield side
        finally:
            side.leave()
            process.terminate()
            process.wait()


def _wait(http_port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/system", timeout=3):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise Incomplete("Orthanc does not start") from None
            time.sleep(0.1)
