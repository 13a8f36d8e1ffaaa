"""Archives that are not ours, as processes of their own: dcmtk's dcmqrscp and Debian's Orthanc.

Black box: imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
DESTINATION, CALLING = "BULK_HERE", "FETCH"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass(frozen=True)
class Archive:
    """Listening as `title`; `url`: of its DICOMweb service, where it has one."""

    title: str
    port: int
    url: str = ""

    def store(self, files: Sequence[Path]) -> None:
        """With dcmtk's sender, each in its own transfer syntax."""
        command = ["dcmsend", "-aec", self.title, "-aet", CALLING, "127.0.0.1", str(self.port), "-nuc"]
        environment = {"PATH": os.defpath, "TCP_NODELAY": "1"}
        subprocess.run([*command, *map(str, files)], check=True, env=environment, capture_output=True)

    def stored(self, source: Path) -> None:
        """All files of a folder."""
        self.store(sorted(path for path in source.rglob("*") if path.is_file()))


def _started(command: Sequence[str], folder: Path, port: int) -> subprocess.Popen[bytes]:
    with (folder / "archive.log").open("ab") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", "TCP_NODELAY": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, (folder / "archive.log").read_text()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return process


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def dcmqrscp(folder: Path, destination: int) -> Iterator[Archive]:
    """dcmtk's archive. It knows `destination`, a port on this machine, as DESTINATION."""
    (port,) = _free_ports(1)
    database = folder / "database"
    database.mkdir(parents=True)
    (folder / "dcmqrscp.cfg").write_text(
        f"""NetworkTCPPort = {port}
MaxPDUSize = 131072
MaxAssociations = 16
HostTable BEGIN
destination = ({DESTINATION}, 127.0.0.1, {destination})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
DCMTK {database} RW (500, 1024mb) ANY
AETable END
"""
    )
    process = _started(["dcmqrscp", "-c", str(folder / "dcmqrscp.cfg")], folder, port)
    try:
        yield Archive("DCMTK", port)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def orthanc(
    folder: Path, destination: int, title: str = "ORTHANC", destination_title: str = DESTINATION
) -> Iterator[Archive]:
    """Orthanc with its DICOMweb plug-in. It knows `destination`, a port on this machine, by that title."""
    folder.mkdir(parents=True, exist_ok=True)
    port, http_port = _free_ports(2)
    settings = {
        "Name": "archive",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "TemporaryDirectory": str(folder),
        "DicomAet": title,
        "DicomPort": port,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomModalities": {
            "destination": [destination_title, "127.0.0.1", destination],
            "fetch": [CALLING, "127.0.0.1", 1],
        },
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "TcpNoDelay": True,
        "OverwriteInstances": True,
        "Plugins": [str(PLUGIN)],
        "LuaScripts": [],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    process = _started([shutil.which("Orthanc") or "Orthanc", str(folder / "orthanc.json")], folder, http_port)
    try:
        url = f"http://127.0.0.1:{http_port}"
        urllib.request.urlopen(f"{url}/system", timeout=10).close()
        yield Archive(title, port, f"{url}/dicom-web")
    finally:
        process.terminate()
        process.wait()
