"""The HTTP edge with real clients: a socket by hand, httpx, dicomweb-client and curl."""

import errno
import json
import os
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from struct import pack
from typing import Any

import httpx
import pytest
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from services.receiver import tls
from services.receiver.accounts import Account
from services.receiver.crew.desk import Desk
from services.receiver.handler import Answer, Arriving
from services.receiver.intake import Intake
from services.receiver.stow import apart as apart_module
from services.receiver.stow import exchange, native, place
from services.receiver.stow.bulk import Bulk
from services.receiver.stow.edge import StowEdge
from services.receiver.stow.limits import Limits
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.upper.porch import UNASKED_OF_ONE
from services.receiver.visits import Visits
from shared import telemetry
from shared.dicom import part10
from shared.dicom.constants import PUSH_MODEL, VERIFICATION
from shared.dicom.statuses import OUT_OF_RESOURCES, SUCCESS
from shared.metrics.registry import counter
from shared.outcome import Reason
from shared.sites import Commitment, Site, Sites
from tests.support.authority import Authority
from tests.support.stow import BOUNDARY, apart, content_type, dicom, multipart, xml
from tests.support.waiting import until

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
MIB = 2**20
SITES = Sites(
    sites=(
        Site.model_validate(
            {"code": "site-a", "project": "demo", "tokens": [sha256(b"token").hexdigest()], "associations": 2}
        ),
    )
)
AUTHORIZED = {"Authorization": "Bearer token"}
WITH_USERS = Site.model_validate(
    {"code": "site-u", "project": "demo", "tokens": [sha256(b"user's").hexdigest()], "users": {"u": None}}
)
AS_A_USER = {"Authorization": "Bearer user's"}

Receive = Callable[[Arriving, telemetry.Span], Answer]


def element(tag: str, vr: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return bytes.fromhex(tag[2:4] + tag[:2] + tag[6:] + tag[4:6]) + vr + len(value).to_bytes(2, "little") + value


def image(number: int, size: int = 1000, sop_class: str = CT, syntax: str = EXPLICIT, study: str = "1.2.1") -> bytes:
    """A file of that many bytes of pixels, with file meta and a preamble that are not ours."""
    instance = f"1.2.3.{number}"
    data_set = element("00080016", b"UI", sop_class.encode()) + element("00080018", b"UI", instance.encode())
    data_set += element("0020000D", b"UI", study.encode())
    data_set += b"\xe0\x7f\x10\x00OW\0\0" + size.to_bytes(4, "little") + bytes([number % 256]) * size
    return b"sent" * 32 + part10.front(syntax, sop_class, instance)[128:] + data_set


class Bench:
    def __init__(
        self, folder: Path, secure: Callable[[socket.socket], ssl.SSLSocket] | None = None, reserve: int = 0
    ) -> None:
        self.contents: list[bytes] = []
        self.arrived: list[Arriving] = []
        self.accounts: list[Account] = []
        self.answer: Receive = lambda arriving, span: Answer(SUCCESS)
        self.desk = Desk(3)
        self.folder = folder
        self.budget = Budget(4 * MIB)
        spool = Spool(folder, Disk(folder, reserve))
        self.edge = StowEdge(
            lambda: SITES,
            Intake(self._receive),
            self.desk,
            Visits("http", self.accounts.append),
            partial(Landing, spool, MIB, self.budget),
            spool=spool,
            limits=Limits(part=8 * MIB, request=16 * MIB, metadata=MIB),
            secure=secure,
        )
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.edge.take(connection)

    def _receive(self, arriving: Arriving, span: telemetry.Span) -> Answer:
        self.arrived.append(arriving)
        content = arriving.landed.content
        self.contents.append(bytes(content))
        return self.answer(arriving, span)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.edge.visits.drain(1.0)

    def post(self, body: Any, path: str = "/studies", headers: Mapping[str, str] = {}) -> httpx.Response:
        told = AUTHORIZED | {"Content-Type": content_type()} | headers
        return httpx.post(self.url + path, content=body, headers=told, timeout=30)

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            yield connection


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def told(answer: httpx.Response) -> Dataset:
    return Dataset.from_json(answer.content)


def failures(answer: httpx.Response) -> list[int]:
    dataset = told(answer)
    items = [*dataset.get("FailedSOPSequence", []), *dataset.get("OtherFailuresSequence", [])]
    return [int(item.FailureReason) for item in items]


def head(body_length: int, **headers: str) -> bytes:
    lines = {"Host": "x", "Content-Type": content_type(), "Content-Length": str(body_length)} | AUTHORIZED | headers
    return ("POST /studies HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n").encode()


def answer_of(connection: socket.socket) -> bytes:
    """All that is said until the other end closes."""
    said = b""
    while data := connection.recv(65536):
        said += data
    return said


# --- instances


def test_what_is_stored_is_what_was_sent(bench: Bench) -> None:
    files = [image(1), image(2, 3 * MIB), image(3, 0)]
    answer = bench.post(multipart(dicom(*files)))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert bench.contents == files
    assert [item.ReferencedSOPInstanceUID for item in told(answer).ReferencedSOPSequence] == [
        "1.2.3.1",
        "1.2.3.2",
        "1.2.3.3",
    ]
    for arriving, file in zip(bench.arrived, files, strict=True):
        data_set = file[arriving.landed.front :]
        assert arriving.landed.digest == part10.digest(data_set, EXPLICIT)
        assert (arriving.site.code, arriving.sop_class_uid, arriving.lane) == ("site-a", CT, "live")
    assert list(bench.folder.iterdir()) == []


def test_a_body_may_be_chunked_and_a_part_may_be_all_of_it(bench: Bench) -> None:
    file = image(1, 3 * MIB)
    body = multipart(dicom(file))
    assert bench.post(iter(body[at : at + 70_001] for at in range(0, len(body), 70_001))).status_code == 200
    assert bench.post(file, headers={"Content-Type": "application/dicom"}).status_code == 200
    assert bench.contents == [file, file]


def test_a_body_whose_length_is_known_is_received_into_one_place(bench: Bench) -> None:
    body = multipart(dicom(image(1, 900_000)))
    with bench.connected() as connection:
        tracemalloc.start()
        connection.sendall(head(len(body), Connection="close") + body)
        said = answer_of(connection)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert b"HTTP/1.1 200 OK" in said
    assert peak - 2 * len(body) < 512 * 1024  # what we have sent, and what the bench has kept


def test_dicomweb_client_stores(bench: Bench) -> None:
    client = DICOMwebClient(bench.url, headers=AUTHORIZED, chunk_size=100_000)
    names = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "rtplan.dcm", "examples_overlay.dcm")
    paths = [Path(str(get_testdata_file(name, download=False))) for name in names]
    answer = client.store_instances([dcmread(path) for path in paths])
    assert len(answer.ReferencedSOPSequence) == len(paths)
    for path, kept, arriving in zip(paths, bench.contents, bench.arrived, strict=True):
        sent = path.read_bytes()
        front = int.from_bytes(sent[140:144], "little") + 144
        assert kept[arriving.landed.front :] == sent[front:], path


@pytest.mark.parametrize("options", [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]])
def test_curl_stores(options: list[str], bench: Bench, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(multipart(dicom(image(1, 2 * MIB))))
    said = curl(bench, body, "Authorization: Bearer token", *options)
    assert said.endswith(" 200"), said
    body.unlink()
    assert bench.contents == [image(1, 2 * MIB)]


def test_curl_is_refused_before_it_sends(bench: Bench, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(bytes(2 * MIB))
    said = curl(bench, body, "Authorization: Bearer wrong", "-H", "Expect: 100-continue", "-w", " sent=%{size_upload}")
    assert said == "unknown-sender\n sent=0", said
    body.unlink()


def curl(bench: Bench, body: Path, authorization: str, *options: str) -> str:
    command = ["curl", "-sS", "-w", " %{http_code}", "-H", authorization, "-H", f"Content-Type: {content_type()}"]
    command += ["--data-binary", f"@{body}", *options, f"{bench.url}/studies"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_each_instance_is_judged_by_itself(bench: Bench) -> None:
    files = [
        image(1),
        image(2, sop_class="1.2.840.10008.1.3.10"),
        image(3, syntax="1.2.840.10008.1.2.4.999"),
        b"no DICOM",
        image(5, 9 * MIB),
        image(6),
    ]
    answer = bench.post(multipart([*dicom(*files), ({"Content-Type": "text/plain"}, b"x")]))
    assert answer.status_code == 202
    assert bench.contents == [files[0], files[5]]
    assert failures(answer) == [0x0122, 0xC122, 0x0110, 0xC000, 0xC000]


@pytest.mark.parametrize("sop_class", [VERIFICATION, PUSH_MODEL])
def test_what_is_there_for_commands_cannot_be_stored(bench: Bench, sop_class: str) -> None:
    committing = SITES.sites[0].model_copy(
        update={"commitment": Commitment(ae_title="PACS", host="x", port=104, days=1)}
    )
    bench.edge.sites = lambda: Sites(sites=(committing,))
    answer = bench.post(multipart(dicom(image(1, sop_class=sop_class))))
    assert (answer.status_code, failures(answer), bench.contents) == (409, [0x0122], [])


def test_when_nothing_was_taken_it_is_a_conflict(bench: Bench) -> None:
    answer = bench.post(multipart(dicom(image(1, sop_class="1.2.840.10008.1.3.10"), b"")))
    assert answer.status_code == 409
    assert failures(answer) == [0x0122, 0xC000]


def test_a_study_in_the_path_takes_no_other(bench: Bench) -> None:
    answer = bench.post(multipart(dicom(image(1), image(2, study="1.2.2"))), "/studies/1.2.1")
    assert answer.status_code == 202
    assert failures(answer) == [0xA901]
    assert bench.contents == [image(1)]


def test_what_the_receiver_answers_is_told(bench: Bench) -> None:
    statuses = iter([SUCCESS, 0xA900, 0xC000, OUT_OF_RESOURCES])
    bench.answer = lambda arriving, span: Answer(next(statuses), Reason.UNEXPECTED)
    answer = bench.post(multipart(dicom(*map(image, range(4)))))
    assert answer.status_code == 202
    assert failures(answer) == [0xA900, 0xC000, OUT_OF_RESOURCES]


@pytest.mark.parametrize("reason", [Reason.STORE_AWAY, Reason.BROKER_AWAY])
def test_when_store_or_broker_are_away_the_rest_is_not_tried(reason: Reason, bench: Bench) -> None:
    bench.answer = lambda arriving, span: Answer(OUT_OF_RESOURCES, reason)
    answer = bench.post(multipart(dicom(*map(image, range(3)))))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert failures(answer) == [OUT_OF_RESOURCES] * 3
    assert len(bench.arrived) == 1


def test_a_bug_is_never_a_success(bench: Bench) -> None:
    def broken(arriving: Arriving, span: telemetry.Span) -> Answer:
        raise KeyError

    bench.answer = broken
    assert bench.post(multipart(dicom(image(1)))).status_code == 503


def test_the_lane_goes_with_the_instances(bench: Bench) -> None:
    assert bench.post(multipart(dicom(image(1))), headers={"Isocentre-Lane": "bulk"}).status_code == 200
    assert bench.arrived[0].lane == "bulk"


def test_every_request_has_an_account_and_is_counted(bench: Bench) -> None:
    requests = counter("isocentre_stow_requests_total").labels("site-a", "202")
    before = requests._value.get()
    bench.post(multipart(dicom(image(1), image(2, study="1.2.2"))), "/studies/1.2.1")
    (account,) = bench.accounts
    assert (account.site, account.way, account.end) == ("site-a", "stow", "202")
    assert (account.received, account.stored, account.refused) == (2, 1, {"A901": 1})
    assert account.association == bench.arrived[0].association
    assert requests._value.get() == before + 1
    assert bench.edge.visits.accounts() == []
    until(lambda: not bench.desk.counts(), "its place is free", 10)


# --- metadata and bulk data


@pytest.mark.parametrize("form", ["json", "xml"])
def test_metadata_and_bulk_data_become_an_instance(form: str, bench: Bench) -> None:
    file = Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes()
    model, parts = apart(file)
    kind = f"application/dicom+{form}"
    metadata = json.dumps([model]).encode() if form == "json" else xml(model)
    body = multipart([({"Content-Type": kind}, metadata), *parts])
    answer = bench.post(body, headers={"Content-Type": content_type(kind), "Accept": "application/dicom+xml"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+xml"
    assert b'keyword="ReferencedSOPSequence"' in answer.content
    (kept,) = bench.contents
    (bench.folder / "kept").write_bytes(kept)
    again, sent = dcmread(bench.folder / "kept"), dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    assert again.PixelData == sent.PixelData
    assert again.PatientName == sent.PatientName
    assert bench.arrived[0].landed.digest == part10.digest(kept[bench.arrived[0].landed.front :], EXPLICIT)


def test_metadata_without_their_bulk_data_are_no_instance(bench: Bench) -> None:
    model, parts = apart(Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes())
    whole = {"00080016": {"vr": "UI", "Value": [CT]}, "00080018": {"vr": "UI", "Value": ["1.2.3"]}}
    kind = "application/dicom+json"
    body = multipart([({"Content-Type": kind}, json.dumps([model, 5, whole]).encode()), *parts[:-1]])
    answer = bench.post(body, headers={"Content-Type": content_type(kind)})
    assert answer.status_code == 202
    assert failures(answer) == [0xC000, 0xC000]
    assert [arriving.sop_instance_uid for arriving in bench.arrived] == ["1.2.3"]


@pytest.mark.parametrize("body", [b"[" * 100_000, b"{", b"\xff", b"<a/>"])
def test_metadata_that_are_none_are_a_conflict(body: bytes, bench: Bench) -> None:
    for kind in ("application/dicom+json", "application/dicom+xml"):
        answer = bench.post(body, headers={"Content-Type": kind})
        assert (answer.status_code, failures(answer)) == (409, [0xC000])


def test_an_instance_cannot_be_blown_up_by_naming_bulk_data_often(bench: Bench) -> None:
    uids = {"00080016": {"vr": "UI", "Value": [CT]}, "00080018": {"vr": "UI", "Value": ["1.2.3"]}}
    many = {f"60{number:02X}3000": {"vr": "OB", "BulkDataURI": "b"} for number in range(0, 32, 2)}
    bulk = {"Content-Type": "application/octet-stream", "Content-Location": "b"}
    kind = "application/dicom+json"
    body = multipart([({"Content-Type": kind}, json.dumps([uids | many]).encode()), (bulk, bytes(2 * MIB))])
    assert bench.post(body, headers={"Content-Type": content_type(kind)}).status_code == 413
    assert bench.arrived == []


def test_a_disk_that_fails_under_bulk_data_is_no_verdict_on_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = counter("isocentre_receive_instances_total").labels("site-a", "A700", "no-space")
    before = refused._value.get()
    model, parts = apart(Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes())
    kind = "application/dicom+json"
    body = multipart([({"Content-Type": kind}, json.dumps([model]).encode()), *parts])

    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", fail)
        answer = bench.post(body, headers={"Content-Type": content_type(kind)})
    assert (answer.status_code, failures(answer)) == (503, [0xA700])
    assert refused._value.get() == before + 1
    assert bench.post(body, headers={"Content-Type": content_type(kind)}).status_code == 200


JSON = "application/dicom+json"


@pytest.mark.parametrize(
    ("form", "metadata"),
    [("json", b"[" + b",".join([b"[]"] * 200_000) + b"]"), ("xml", b"<a>" + b"<a b=''/>" * 101_000 + b"</a>")],
)
def test_metadata_of_too_many_nodes_are_too_large(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, form: str, metadata: bytes
) -> None:
    monkeypatch.setattr(native, "MOST_NODES", 100_000)
    tracemalloc.start()
    answer = bench.post(metadata, headers={"Content-Type": f"application/dicom+{form}"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 413
    assert peak < 8 * MIB
    assert bench.budget.held <= MIB


def test_memory_that_metadata_become_is_counted_before_they_are_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart_module, "_PATIENCE", 0.1)
    post = partial(bench.post, b"[" + b",".join([b"[]"] * 1000) + b"]", headers={"Content-Type": JSON})
    assert bench.budget.take(3 * MIB + MIB // 2)
    answer = post()
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    bench.budget.give_back(3 * MIB + MIB // 2)
    assert post().status_code == 409


def test_metadata_wait_for_those_of_another_request(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart_module, "_PATIENCE", 0.1)
    with apart_module.turn():
        assert bench.post(b"[]", headers={"Content-Type": JSON}).status_code == 503
    assert bench.post(b"[5]", headers={"Content-Type": JSON}).status_code == 409
    assert bench.budget.held <= MIB


def test_metadata_do_not_wait_until_those_of_another_request_are_stored(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart_module, "_PATIENCE", 0.1)
    goes_on = threading.Event()

    def hang(arriving: Arriving, span: telemetry.Span) -> Answer:
        goes_on.wait(20)
        return Answer(SUCCESS)

    bench.answer = hang
    metadata = json.dumps([{"00080016": {"vr": "UI", "Value": [CT]}, "00080018": {"vr": "UI", "Value": ["1.2.3"]}}])
    first = threading.Thread(target=bench.post, args=(metadata.encode(),), kwargs={"headers": {"Content-Type": JSON}})
    first.start()
    until(lambda: bench.arrived, "the first is being stored", 10)
    try:
        assert bench.post(b"[5]", headers={"Content-Type": JSON}).status_code == 409
    finally:
        goes_on.set()
        first.join(20)


# --- limits


def test_a_body_that_is_too_large_by_its_head_is_refused_there(bench: Bench) -> None:
    with bench.connected() as connection:
        connection.sendall(head(17 * MIB, Expect="100-continue"))
        assert answer_of(connection).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_grows_too_large_is_cut_and_what_was_stored_is_told(bench: Bench) -> None:
    body = multipart(dicom(image(1), image(2, 20 * MIB)))
    answer = bench.post(iter([body[:MIB], body[MIB:]]))
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert [item.ReferencedSOPInstanceUID for item in told(answer).ReferencedSOPSequence] == ["1.2.3.1"]


def test_an_instance_that_is_too_large_is_told(bench: Bench) -> None:
    answer = bench.post(multipart(dicom(image(1, 9 * MIB))))
    assert (answer.status_code, failures(answer)) == (413, [0x0110])


def test_metadata_that_are_too_large_are_not_held(bench: Bench) -> None:
    answer = bench.post(bytes(2 * MIB), headers={"Content-Type": "application/dicom+json"})
    assert answer.status_code == 413


def test_before_a_disk_is_full_what_would_have_to_lie_on_it_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path, reserve=2**62)
    refused = counter("isocentre_receive_instances_total").labels("site-a", "A700", "no-space")
    before = refused._value.get()
    answer = bench.post(multipart(dicom(image(1, 3 * MIB), image(2))))
    assert (answer.status_code, failures(answer)) == (202, [OUT_OF_RESOURCES])
    answer = bench.post(multipart(dicom(image(1, 3 * MIB))))
    assert (answer.status_code, failures(answer)) == (503, [OUT_OF_RESOURCES])
    bulk = {"Content-Type": "application/octet-stream", "Content-Location": "b"}
    answer = bench.post(multipart([(bulk, b"x")]))
    assert (answer.status_code, failures(answer)) == (503, [OUT_OF_RESOURCES])
    assert refused._value.get() == before + 3
    assert [account.refused for account in bench.accounts] == [{"A700 no-space": 1}] * 3
    assert capsys.readouterr().out.count("no-space") == 3
    bench.close()


def test_a_site_has_no_more_requests_than_it_may(bench: Bench) -> None:
    with bench.connected() as first, bench.connected() as second:
        for connection in (first, second):
            connection.sendall(head(100) + b"--" + BOUNDARY.encode())
        until(lambda: len(bench.edge.visits.accounts()) == 2, "both are under way", 10)
        answer = bench.post(multipart(dicom(image(1))))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    until(lambda: not bench.edge.visits.accounts(), "both are gone", 10)
    assert {account.end for account in bench.accounts} == {"closed"}
    assert bench.post(multipart(dicom(image(1)))).status_code == 200


def test_a_connection_keeps_its_place_for_the_request_that_follows_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    admit = bench.desk.admit

    def seen(association: str, site: str, most: int | None) -> bool:
        asked.append(site)
        return admit(association, site, most)

    monkeypatch.setattr(bench.desk, "admit", seen)
    body = multipart(dicom(image(1)))
    with bench.connected() as connection:
        connection.sendall((head(len(body)) + body) * 3)
        until(lambda: len(bench.arrived) == 3, "all have come", 10)
        assert asked == ["site-a"]
        until(lambda: not bench.desk.counts(), "none follows, and its place is free", 10)
        connection.sendall(head(len(body), Connection="close") + body)
        assert answer_of(connection).count(b"HTTP/1.1 200 OK") == 4
    assert len(asked) == 2


def test_who_finds_places_that_are_only_kept_waits_for_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "KEPT", 1.0)
    monkeypatch.setattr(place, "_PATIENCE", 10.0)
    body = multipart(dicom(image(1)))
    with bench.connected() as first, bench.connected() as second:
        for connection in (first, second):
            connection.sendall(head(len(body)) + body)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert bench.desk.counts() == {"site-a": 2}
        assert bench.post(body).status_code == 200


def test_a_head_that_trickles_does_not_keep_a_place(bench: Bench) -> None:
    body = multipart(dicom(image(1)))
    with bench.connected() as connection:
        connection.sendall(head(len(body)) + body)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        for byte in head(len(body))[:40]:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
        assert bench.desk.counts() == {}
        connection.sendall(head(len(body))[40:] + body)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(("kind", "status"), [(content_type(), 200), ("text/plain", 415)])
def test_who_sends_no_more_holds_nothing_and_makes_room_for_others(bench: Bench, kind: str, status: int) -> None:
    body = multipart(dicom(image(1))) if status == 200 else b""
    idle = [socket.create_connection(("127.0.0.1", bench.port), timeout=10) for _ in range(UNASKED_OF_ONE)]
    for one in idle:
        one.sendall(head(len(body), **{"Content-Type": kind}) + body)
        assert one.recv(4096).startswith(f"HTTP/1.1 {status} ".encode())
    until(lambda: len(bench.edge.visits._porch._callers) == len(idle), "all wait", 10)
    assert (bench.budget.held, bench.desk.counts()) == (0, {})
    with bench.connected():
        assert is_ended(idle[0])
    idle[1].sendall(head(len(body), **{"Content-Type": kind}) + body)
    assert idle[1].recv(4096).startswith(f"HTTP/1.1 {status} ".encode())
    for one in idle:
        one.close()


# --- HTTP


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"HEAD /studies HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"OPTIONS /studies HTTP/1.1\r\nHost: x\r\n\r\n", 204),
        (b"POST /studies HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 401),
        (b"POST /studies HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000, 431),
        (b"POST /studies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /studies HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\n", 400),
        (head(1) + b"x", 400),
        (head(3)[:-2] + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_no_such_request_gets_its_status(said: bytes, status: int, bench: Bench) -> None:
    with bench.connected() as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        assert answer_of(connection).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize(
    ("version", "connection", "closes"),
    [
        ("1.1", "", False),
        ("1.1", "Connection: keep-alive\r\n", False),
        ("1.1", "Connection: close\r\n", True),
        ("1.1", "Connection: x, Close\r\n", True),
        ("1.1", "Connection: x\r\nConnection: close\r\n", True),
        ("1.0", "", True),
        ("1.0", "Connection: keep-alive\r\n", True),
    ],
)
def test_who_says_that_he_sends_no_more_is_let_go(version: str, connection: str, closes: bool, bench: Bench) -> None:
    said = f"OPTIONS /studies HTTP/{version}\r\nHost: x\r\n{connection}\r\n".encode()
    with bench.connected() as socket_:
        socket_.sendall(said)
        answer = socket_.recv(4096)
        assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
        assert answer.endswith(b"\r\n\r\n")
        assert b"content-length" not in answer.lower()
        assert (b"\r\nConnection: close\r\n" in answer) is closes
        if closes:
            assert socket_.recv(4096) == b""
        else:
            socket_.sendall(said)
            assert socket_.recv(4096) == answer


def test_only_a_refusal_is_a_warning(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert httpx.options(f"{bench.url}/studies").status_code == 204
    assert "request-refused" not in capsys.readouterr().out
    assert httpx.get(f"{bench.url}/studies").status_code == 405
    assert "request-refused" in capsys.readouterr().out


def test_a_malformed_body_tells_what_was_stored_before(bench: Bench) -> None:
    answer = bench.post(multipart(dicom(image(1), image(2)))[:-8])
    assert answer.status_code == 400
    assert len(told(answer).ReferencedSOPSequence) == 1


def test_a_connection_takes_one_request_after_the_other(bench: Bench) -> None:
    body = multipart(dicom(image(1)))
    with bench.connected() as connection:
        connection.sendall((head(len(body)) + body) * 2 + head(len(body), Connection="close") + body)
        assert answer_of(connection).count(b"HTTP/1.1 200 OK") == 3


def test_nothing_is_asked_for_before_the_head_is_judged(bench: Bench) -> None:
    body = multipart(dicom(image(1)))
    with bench.connected() as connection:
        connection.sendall(head(len(body), Expect="100-continue"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_who_sends_slowly_is_cut_off(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(exchange, "BODY_SECONDS", 1.0)
    began = time.monotonic()
    with bench.connected() as head_only, bench.connected() as body_too:
        body_too.sendall(head(100_000))
        with pytest.raises(OSError):  # noqa: PT012  # either may be cut off while it is written to
            for byte in head(1):
                head_only.sendall(bytes([byte]))
                body_too.sendall(b"x")
                time.sleep(0.05)
            raise AssertionError("nobody was cut off")
        assert time.monotonic() - began < 10
    until(lambda: not bench.edge.visits._present, "both are gone", 20)
    assert [account.end for account in bench.accounts] == ["408"]


def test_a_traceparent_from_outside_is_dropped(bench: Bench) -> None:
    seen: list[str] = []

    def see(arriving: Arriving, span: telemetry.Span) -> Answer:
        seen.append(span.trace_id)
        return Answer(SUCCESS)

    bench.answer = see
    bench.post(multipart(dicom(image(1))), headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert seen
    assert "a" * 32 not in seen


@pytest.mark.parametrize("failure", [OSError(5, "a disk that fails"), KeyError("a bug")])
def test_what_fails_here_is_no_success_and_tells_nothing(
    failure: Exception, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Landing, "begin", fail)
    answer = bench.post(multipart(dicom(image(1))))
    assert (answer.status_code, answer.text) == (500, "Internal Server Error\n")
    assert "retry-after" not in answer.headers
    assert [account.end for account in bench.accounts] == ["500"]


def test_a_disk_that_fails_behind_an_answer_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Bulk) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(Bulk, "close", fail)
    with pytest.raises(httpx.HTTPError):
        bench.post(multipart(dicom(image(1))))
    until(lambda: not bench.edge.visits._present, "gone", 10)
    assert "unexpected" in capsys.readouterr().out


def test_who_is_gone_before_he_is_met_is_no_trouble(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours = server.accept()[0]
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
    theirs.close()  # by a reset
    bench.edge.take(ours)
    until(lambda: not bench.edge.visits._present, "gone", 10)
    assert "unexpected" not in capsys.readouterr().out


# --- TLS


def test_a_site_with_users_is_not_let_in_without_tls(bench: Bench) -> None:
    bench.edge.sites = lambda: Sites(sites=(WITH_USERS,))
    assert bench.post(multipart(dicom(image(1))), headers=AS_A_USER).status_code == 403
    assert bench.contents == []


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def test_over_tls_a_certificate_tells_the_site_as_a_token_does(tmp_path: Path) -> None:
    ours, theirs, strangers = (self_signed(tmp_path, name) for name in ("ours", "theirs", "strangers"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ours)
    context.verify_mode = ssl.CERT_OPTIONAL
    for certificate, _ in (theirs, strangers):
        context.load_verify_locations(certificate)
    fingerprint = sha256(ssl.PEM_cert_to_DER_cert(theirs[0].read_text())).hexdigest()
    certified = Site(code="site-b", project="demo", certificates=frozenset({fingerprint}))
    spool = tmp_path / "spool"
    spool.mkdir()
    bench = Bench(spool, lambda connection: context.wrap_socket(connection, server_side=True))
    bench.edge.sites = lambda: Sites(sites=(*SITES.sites, certified, WITH_USERS))

    def post(certificate: tuple[Path, Path] | None, authorized: Mapping[str, str]) -> int:
        trusting = ssl.create_default_context(cafile=str(ours[0]))
        if certificate:
            trusting.load_cert_chain(*certificate)
        headers = {"Content-Type": content_type()} | authorized
        url, body = f"https://127.0.0.1:{bench.port}/studies", multipart(dicom(image(1, 3 * MIB)))
        return httpx.post(url, content=body, headers=headers, verify=trusting, timeout=60).status_code

    assert post(None, AUTHORIZED) == 200
    assert post(theirs, {}) == 200
    assert post(strangers, {}) == post(None, {}) == 401
    assert post(None, AS_A_USER) == 200
    assert bench.contents == [image(1, 3 * MIB)] * 3
    assert [arriving.site.code for arriving in bench.arrived] == ["site-a", "site-b", "site-u"]
    with pytest.raises(httpx.HTTPError):
        bench.post(b"plain")
    bench.close()


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"noise" * 10])
def test_a_handshake_that_fails_is_counted_and_told(
    tmp_path: Path, sent: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path, "ours"))
    bench = Bench(tmp_path, lambda connection: context.wrap_socket(connection, server_side=True))
    failed = counter("isocentre_receive_associations_total").labels("unknown", "tls-failed")
    before = failed._value.get()
    with bench.connected() as connection:
        connection.sendall(sent)
        until(lambda: failed._value.get() == before + 1, "counted", 30)
    until(lambda: not bench.edge.visits._present, "gone", 30)
    with bench.connected():  # who only comes and goes has not failed
        until(lambda: bool(bench.edge.visits._present), "come", 30)
    until(lambda: not bench.edge.visits._present, "gone", 30)
    assert failed._value.get() == before + 1
    assert "handshake-failed" in capsys.readouterr().out
    bench.close()


@pytest.mark.parametrize("greets", [True, False])
def test_over_tls_who_only_connects_does_not_keep_others_out(tmp_path: Path, greets: bool) -> None:
    """The oldest of an address go when too many wait there, whether their handshake is done or not."""
    authority = Authority(tmp_path)
    ours, client = authority.issue("server", ["127.0.0.1"]), authority.issue("client").client()
    identity = tls.identity_of(ours.files())
    bench = Bench(tmp_path, lambda connection: tls.offered(identity, connection))
    idle = [socket.create_connection(("127.0.0.1", bench.port), timeout=10) for _ in range(UNASKED_OF_ONE)]
    if greets:
        idle = [client.wrap_socket(one, server_hostname="127.0.0.1") for one in idle]
    with bench.connected():
        assert is_ended(idle[0])
    for one in idle:
        one.close()
    bench.close()


def is_ended(connection: socket.socket) -> bool:
    """Whether the other side closes it, with an alert or without."""
    try:
        while connection.recv(100):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


# --- what is left behind


def test_whom_no_thread_serves_leaves_nothing_behind(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError

    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
    left: list[int] = []
    monkeypatch.setattr(bench.edge.visits, "_left", lambda: left.append(1))
    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            bench.edge.take(ours)
    assert (bench.edge.visits._present, bench.edge.visits._porch._callers, left) == (set(), {}, [1])
    ours.close()


def test_a_request_that_cannot_begin_leaves_its_place(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise KeyError

    with monkeypatch.context() as without:
        without.setattr(telemetry, "start", broken)
        with pytest.raises(httpx.HTTPError):
            bench.post(multipart(dicom(image(1))))
    assert bench.desk.counts() == {}
    assert bench.post(multipart(dicom(image(1)))).status_code == 200


# --- draining


def test_drains_at_once_when_nothing_is_under_way(bench: Bench) -> None:
    with httpx.Client() as client:  # which keeps its connection
        client.post(bench.url + "/studies", content=multipart(dicom(image(1))), headers=AUTHORIZED)
        began = time.monotonic()
        bench.edge.visits.drain(10.0)
        assert time.monotonic() - began < 5


def test_a_request_under_way_may_end_by_itself(bench: Bench) -> None:
    body = multipart(dicom(image(1)))
    with bench.connected() as connection:
        connection.sendall(head(len(body)) + body[:-10])
        until(lambda: bench.edge.visits.accounts(), "it is under way", 10)
        drained = threading.Thread(target=bench.edge.visits.drain, args=(10.0,))
        drained.start()
        time.sleep(0.2)
        connection.sendall(body[-10:])
        assert b"HTTP/1.1 200 OK" in answer_of(connection)
        drained.join(10)


def test_a_request_that_takes_longer_ends_behind_an_instance(bench: Bench) -> None:
    body = multipart(dicom(image(1)))
    with bench.connected() as connection:
        connection.sendall(head(10 * len(body)) + body[: -len(BOUNDARY) - 6])
        until(lambda: bench.edge.visits.accounts(), "it is under way", 10)
        began = time.monotonic()
        bench.edge.visits.drain(2.0)
        assert time.monotonic() - began < 10
        said = answer_of(connection)
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"Connection: close" in said
