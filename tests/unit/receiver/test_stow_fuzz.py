"""STOW-RS bodies that were tampered with: each is answered, in time, and leaves nothing behind."""

import itertools
import json
import os
import socket
import threading
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from services.receiver.accounts import Account
from services.receiver.crew.desk import Desk
from services.receiver.handler import Answer, Arriving
from services.receiver.intake import Intake
from services.receiver.stow.edge import StowEdge
from services.receiver.stow.limits import Limits
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared import telemetry
from shared.dicom.statuses import SUCCESS
from shared.sites import Site, Sites
from tests.support.stow import apart, content_type, dicom, multipart, xml

SITES = Sites(sites=(Site(code="site-a", project="demo", tokens=frozenset({sha256(b"token").hexdigest()})),))
ANSWERS = {200, 202, 400, 408, 409, 413, 415, 431}
MIB = 2**20


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arrived = 0
        self.accounts: list[Account] = []
        spool = Spool(folder, Disk(folder, 0))
        self.edge = StowEdge(
            lambda: SITES,
            Intake(self._receive),
            Desk(64),
            Visits("http", self.accounts.append),
            partial(Landing, spool, 64 * 1024, Budget(4 * MIB)),
            spool=spool,
            limits=Limits(part=MIB, request=2 * MIB, metadata=64 * 1024),
        )
        self._server = socket.create_server(("127.0.0.1", 0))

    def _receive(self, arriving: Arriving, span: telemetry.Span) -> Answer:
        self.arrived += 1
        assert arriving.landed.digest
        return Answer(SUCCESS)

    def post(self, body: bytes, kind: str, cuts: list[int]) -> int:
        """The status of the answer to a body that comes in pieces."""
        with socket.create_connection(self._server.getsockname(), timeout=60) as connection:
            self.edge.take(self._server.accept()[0])
            http = h11.Connection(h11.CLIENT)
            headers = [("Host", "x"), ("Authorization", "Bearer token"), ("Content-Type", kind)]
            headers += [("Content-Length", str(len(body))), ("Connection", "close")]
            connection.sendall(http.send(h11.Request(method="POST", target="/studies", headers=headers)) or b"")
            edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
            for begin, end in itertools.pairwise(edges):
                connection.sendall(http.send(h11.Data(data=body[begin:end])) or b"")
            while (event := http.next_event()) is h11.NEED_DATA:
                http.receive_data(connection.recv(65536))
        assert isinstance(event, h11.Response), event
        return event.status_code

    def close(self) -> None:
        self._server.close()
        self.edge.visits.drain(1.0)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("spool"))
    yield made
    made.close()


def corpus() -> list[tuple[str, bytes]]:
    """Requests as they should be, of each kind."""
    files = [Path(str(get_testdata_file(name, download=False))).read_bytes() for name in ("CT_small.dcm", "rtplan.dcm")]
    found = [(content_type(), multipart(dicom(*files))), ("application/dicom", files[1])]
    model, parts = apart(files[0])
    for form, metadata in (("json", json.dumps([model]).encode()), ("xml", xml(model))):
        kind = f"application/dicom+{form}"
        found.append((content_type(kind), multipart([({"Content-Type": kind}, metadata), *parts])))
    return found


CORPUS = corpus()
NOISE = st.binary(min_size=1, max_size=8) | st.sampled_from(
    [b"\r\n", b"\r\n\r\n", b"--", b"\r\n--isocentre-test", b"\r\n--isocentre-test--", b"\xff\xff\xff\xff",
     b"<!DOCTYPE a>", b"[" * 400, b"{" * 400, b"<a>" * 400, b"\0" * 300, b"7FE00010",
     b"BulkDataURI", b'"vr"', b"SQ", b"DICM"]
)  # fmt: skip
CHANGE = st.tuples(st.sampled_from(["put", "in", "out", "again", "end"]), st.integers(0, 2**20), NOISE)


def changed(body: bytes, changes: list[tuple[str, int, bytes]]) -> bytes:
    for how, place, noise in changes:
        at = place % (len(body) + 1)
        if how == "put":
            body = body[:at] + noise + body[at + len(noise) :]
        elif how == "in":
            body = body[:at] + noise + body[at:]
        elif how == "out":
            body = body[:at] + body[at + place % 500 :]
        elif how == "again":
            body = body[:at] + body[at // 2 : at // 2 + 2000] + body[at:]
        else:
            body = body[:at]
    return body


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    which=st.integers(0, len(CORPUS) - 1),
    changes=st.lists(CHANGE, max_size=6),
    cuts=st.lists(st.integers(0, 2**20), max_size=5),
)
def test_whatever_comes_is_answered(
    bench: Bench, which: int, changes: list[tuple[str, int, bytes]], cuts: list[int]
) -> None:
    kind, body = CORPUS[which]
    assert bench.post(changed(body, changes), kind, cuts) in ANSWERS


def test_the_corpus_is_stored_as_it_is(bench: Bench) -> None:
    assert [bench.post(body, kind, []) for kind, body in CORPUS] == [200] * len(CORPUS)


def test_nothing_is_left_behind(bench: Bench) -> None:
    """Last: neither threads, nor files, nor open ones."""
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        for kind, body in CORPUS:
            bench.post(body[: len(body) // 2] + b"--isocentre-test", kind, [100, 1000])
    bench.edge.visits.drain(20.0)
    assert bench.edge.visits._present == set()
    assert bench.edge.visits.accounts() == []
    assert list(bench.folder.iterdir()) == []
    assert [thread for thread in threading.enumerate() if thread.name == "http"] == []
    assert len(os.listdir("/proc/self/fd")) <= before + 2
    assert bench.arrived > 0
