"""Has Orthanc do the whole job, over its REST interface: an anonymised copy of each instance, and its picture.

For every instance that Orthanc's change feed reports, one of several threads, each on a connection kept open,
asks for the anonymised file (`/instances/ID/anonymize`; names and UIDs are given, so that copies of one study stay
together), stores it (`POST /instances`) and asks for a JPEG of 256 pixels (`/instances/COPY/rendered`).
Prints when the last one was done, then waits for the end of its input: its cost is read while it lives.
"""

import argparse
import hashlib
import http.client
import json
import queue
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.bench.instances import Instance, read_index, uid

POLL_SECONDS = 0.05
PIXELS = 256


class Connection:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._http.connect()
        self._http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, body: bytes = b"", accept: str = "*/*") -> bytes:
        """The answer's body. Raises OSError for anything but 200."""
        self._http.request(method, path, body=body or None, headers={"Accept": accept})
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise OSError(f"{method} {path}: {answer.status}")
        return content


def identifier(instance: Instance) -> str:
    """Orthanc's own id of an instance: SHA-1 over its four identifiers."""
    parts = (instance.patient_id, instance.study, instance.series, instance.sop)
    digest = hashlib.sha1("|".join(parts).encode()).hexdigest()
    return "-".join(digest[place : place + 8] for place in range(0, 40, 8))


def pseudonyms(instance: Instance) -> dict[str, str]:
    """What stands in the copy; the same for all instances of a patient, study, series."""
    return {
        "PatientID": "P" + uid("anonymous", instance.patient_id)[-12:],
        "PatientName": "Anonymous",
        "StudyInstanceUID": uid("anonymous", instance.study),
        "SeriesInstanceUID": uid("anonymous", instance.series),
        "SOPInstanceUID": uid("anonymous", instance.sop),
    }


def whole_job(connection: Connection, known: str, instance: Instance) -> None:
    """Copy and picture of one instance. Raises OSError when Orthanc does not do it."""
    wish = json.dumps({"Replace": pseudonyms(instance), "Force": True}).encode()
    copy = connection.ask("POST", f"/instances/{known}/anonymize", wish)
    stored = json.loads(connection.ask("POST", "/instances", copy))
    if stored["Status"] != "Success":
        raise OSError(f"the copy was answered with {stored['Status']}")
    size = f"width={PIXELS}&height={PIXELS}"
    picture = connection.ask("GET", f"/instances/{stored['ID']}/rendered?{size}", accept="image/jpeg")
    if picture[:2] != b"\xff\xd8":
        raise OSError("the picture is no JPEG")


class Driver:
    """The threads, and what they have done."""

    def __init__(self, port: int, instances: list[Instance]) -> None:
        self._port = port
        self._expected = {identifier(one): one for one in instances}
        self._work: queue.Queue[str | None] = queue.Queue()
        self.failures: list[str] = []

    def run(self, threads: int) -> float:
        """Returns when all was done."""
        workers = [threading.Thread(target=self._worker) for _ in range(threads)]
        feed = Connection(self._port)
        since = json.loads(feed.ask("GET", "/changes?last"))["Last"]
        for worker in workers:
            worker.start()
        print("ready", flush=True)
        self._feed(feed, since)
        for _ in workers:
            self._work.put(None)
        for worker in workers:
            worker.join()
        return time.monotonic()

    def _feed(self, feed: Connection, since: int) -> None:
        seen = 0
        while seen < len(self._expected):
            answer: dict[str, Any] = json.loads(feed.ask("GET", f"/changes?since={since}&limit=500"))
            since = answer["Last"]
            for change in answer["Changes"]:
                if change["ChangeType"] == "NewInstance" and change["ID"] in self._expected:
                    seen += 1
                    self._work.put(change["ID"])
            if answer["Done"]:
                time.sleep(POLL_SECONDS)

    def _worker(self) -> None:
        connection = Connection(self._port)
        while (known := self._work.get()) is not None:
            try:
                whole_job(connection, known, self._expected[known])
            except (OSError, http.client.HTTPException) as failed:
                self.failures.append(str(failed))
                connection = Connection(self._port)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    driver = Driver(options.port, read_index(options.folder))
    finished = driver.run(options.threads)
    print(json.dumps({"finished": finished, "failures": driver.failures[:5]}), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
