"""Every file of the pydicom wheel arrives byte for byte as it lies on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pydicom
import pytest
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.transport import ThreadedAssociationServer

from infra.demo.examination import Instance, examine
from infra.demo.plan import Hand, deal
from infra.demo.sending import Accepted, NotSent, Peer, Refused, Result, send_hand
from infra.importing.discovery import find

WHEEL = Path(pydicom.__file__).parent / "data"
CT = WHEEL / "test_files" / "CT_small.dcm"


@dataclass
class Recorder:
    """A storage SCP that keeps what it was sent, and answers as told."""

    port: int = 0
    status: int = 0x0000
    abort_on: str | None = None
    received: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def store(self, event: evt.Event) -> int:
        request: Any = event.request
        context = event.context
        if request.AffectedSOPInstanceUID == self.abort_on:
            event.assoc.abort()
            return 0xC000
        with self.lock:
            calling = str(event.assoc.requestor.ae_title)
            sent = request.DataSet.getvalue()
            self.received.append((calling, str(request.AffectedSOPInstanceUID), str(context.transfer_syntax), sent))
        return self.status


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    entity = AE("ISOCENTRE")
    entity.maximum_pdu_size = 131072
    entity.maximum_associations = 20
    syntaxes = {examined.transfer_syntax_uid for examined in wheel()}
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax), list(syntaxes))
    entity.add_supported_context("1.2.840.10008.5.1.4.39.1", list(syntaxes))
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, recorder.store)])
    assert isinstance(server, ThreadedAssociationServer)
    assert server.socket is not None
    recorder.port = server.socket.getsockname()[1]
    yield recorder
    server.shutdown()


def wheel() -> list[Instance]:
    return [examined for examined in map(examine, find(WHEEL)) if isinstance(examined, Instance)]


def send(recorder: Recorder, chosen: list[Hand]) -> list[Result]:
    results: list[Result] = []
    peer = Peer("127.0.0.1", recorder.port, timeout=10)
    with ThreadPoolExecutor(len(chosen)) as pool:
        list(pool.map(lambda hand: send_hand(peer, hand, results.append, Event()), chosen))
    return results


def one_hand(*instances: Instance) -> list[Hand]:
    return [Hand("SITE_A", instances)]


def by_name(folder: Path) -> dict[str, Instance]:
    return {e.found.name: e for e in map(examine, find(folder)) if isinstance(e, Instance)}


def test_every_file_of_the_wheel_arrives_byte_for_byte(recorder: Recorder) -> None:
    instances = wheel()
    results = send(recorder, deal(instances, per_site=2))
    assert sorted(result.instance.found.name for result in results) == sorted(i.found.name for i in instances)
    taken = [result for result in results if isinstance(result, Accepted)]
    assert len(taken) == len(results) == 180
    expected = sorted(
        (
            result.calling,
            result.instance.sop_instance_uid,
            result.instance.transfer_syntax_uid,
            result.instance.found.path.read_bytes()[result.instance.offset :],
        )
        for result in taken
    )
    assert sorted(recorder.received) == expected


def test_the_digest_is_over_transfer_syntax_and_the_bytes_that_arrive(recorder: Recorder) -> None:
    instance = by_name(CT.parent)["CT_small.dcm"]
    send(recorder, one_hand(instance))
    [(_, _, syntax, data)] = recorder.received
    assert hashlib.sha256(syntax.encode() + data).hexdigest() == instance.digest


def test_a_failure_status_is_a_refusal(recorder: Recorder) -> None:
    recorder.status = 0xA700
    instance = by_name(CT.parent)["CT_small.dcm"]
    assert send(recorder, one_hand(instance)) == [Refused(instance, "SITE_A", 0xA700)]


def test_a_warning_status_is_a_success(recorder: Recorder) -> None:
    recorder.status = 0xB000
    instance = by_name(CT.parent)["CT_small.dcm"]
    assert send(recorder, one_hand(instance)) == [Accepted(instance, "SITE_A")]


def test_the_others_go_on_over_a_new_association_when_one_breaks(recorder: Recorder) -> None:
    known = by_name(CT.parent)
    before, bad, after = known["CT_small.dcm"], known["MR_small.dcm"], known["rtplan.dcm"]
    recorder.abort_on = bad.sop_instance_uid
    results = send(recorder, one_hand(before, bad, after))
    assert [type(result) for result in results] == [Accepted, NotSent, Accepted]
    assert isinstance(results[1], NotSent)
    assert results[1].reason in ("aborted", "connection-lost")


def test_damaged_file_meta_does_not_touch_the_data_set(recorder: Recorder, tmp_path: Path) -> None:
    original = by_name(CT.parent)["CT_small.dcm"]
    data = CT.read_bytes()[original.offset :]
    whole = CT.read_bytes()
    # The group length says far too much.
    (tmp_path / "length").write_bytes(whole[:140] + b"\xff\xff\0\0" + whole[144:])
    # The meta names another instance than the data set.
    meta = pydicom.dcmread(CT).file_meta
    meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3")
    written = DicomBytesIO()
    write_file_meta_info(written, meta)
    (tmp_path / "other").write_bytes(b"\0" * 128 + b"DICM" + written.getvalue() + data)
    # No meta at all: the data set alone.
    (tmp_path / "bare").write_bytes(data)
    results = send(recorder, one_hand(*by_name(tmp_path).values()))
    assert [type(result) for result in results] == [Accepted] * 3
    assert [(uid, sent) for _, uid, _, sent in recorder.received] == [(original.sop_instance_uid, data)] * 3


def test_a_uid_that_no_request_can_carry_costs_only_its_own_file(recorder: Recorder) -> None:
    good = by_name(CT.parent)["CT_small.dcm"]
    long = Instance(good.found, good.offset, "1." * 40 + "1", "1.2.3", good.transfer_syntax_uid, None, "0" * 64)
    results = send(recorder, one_hand(long, good))
    assert results == [NotSent(long, "SITE_A", "malformed-uid"), Accepted(good, "SITE_A")]


def test_nobody_there(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.demo.sending.PAUSE", 0.0)
    instance = by_name(CT.parent)["CT_small.dcm"]
    results: list[Result] = []
    send_hand(Peer("127.0.0.1", 1), one_hand(instance)[0], results.append, Event())
    assert results == [NotSent(instance, "SITE_A", "no-association")]
