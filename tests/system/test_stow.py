"""STOW-RS into the whole stack: dicomweb-client, curl, large bodies, and what is said when store or broker are away."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import psutil
import pytest
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from tests.support.generated import ct, data_set_of, item_of
from tests.support.pipeline import Pipeline
from tests.support.stack import Stack
from tests.support.stow import apart, content_type, dicom, multipart, token_of, xml
from tests.support.waiting import until

COLLECTION = 940
SITE = "site-a"
AUTHORIZED = {"Authorization": f"Bearer {token_of(SITE)}"}
MIB = 2**20


def file_of(name: str) -> bytes:
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def post(stack: Stack, body: object, kind: str = content_type(), **headers: str) -> httpx.Response:
    told = AUTHORIZED | {"Content-Type": kind} | headers
    return httpx.post(f"{stack.stow}/studies", content=body, headers=told, timeout=120)  # type: ignore[arg-type]


def kept(pipeline: Pipeline, sop_instance_uid: str) -> bytes:
    (event,) = pipeline.received(sop_instance_uid)
    return pipeline.stack.read("identified", event["key"])


def test_what_dicomweb_client_sends_is_kept_and_comes_to_its_end(pipeline: Pipeline) -> None:
    files = [ct(COLLECTION, number).part10() for number in range(3)]
    client = DICOMwebClient(pipeline.stack.stow, headers=AUTHORIZED)
    answer = client.store_instances([dcmread(BytesIO(file)) for file in files])
    assert len(answer.ReferencedSOPSequence) == 3
    assert "FailedSOPSequence" not in answer
    for file in files:
        uid = item_of(file).sop_instance_uid
        assert data_set_of(kept(pipeline, uid)) == data_set_of(file)
        steps = pipeline.finished(pipeline.arrival(uid), 60)
        assert steps["indexer"] == ("indexed", None), steps


def test_a_whole_file_is_kept_as_it_was_sent_and_a_repeat_is_a_success(pipeline: Pipeline) -> None:
    file = b"of the sender" + ct(COLLECTION, 10).part10()[13:]
    assert post(pipeline.stack, multipart(dicom(file))).status_code == 200
    uid = item_of(file).sop_instance_uid
    assert kept(pipeline, uid) == file
    again = post(pipeline.stack, multipart(dicom(file, file)))
    assert again.status_code == 200
    assert len(Dataset.from_json(again.content).ReferencedSOPSequence) == 2
    assert len(pipeline.received(uid)) == 1


@pytest.mark.parametrize("form", ["json", "xml"])
def test_metadata_with_bulk_data_come_to_their_end(form: str, pipeline: Pipeline) -> None:
    file = ct(COLLECTION, 20 + ("json", "xml").index(form)).part10()
    model, parts = apart(file)
    kind = f"application/dicom+{form}"
    metadata = json.dumps([model]).encode() if form == "json" else xml(model)
    answer = post(pipeline.stack, multipart([({"Content-Type": kind}, metadata), *parts]), content_type(kind))
    assert answer.status_code == 200, answer.text
    uid = item_of(file).sop_instance_uid
    assert dcmread(BytesIO(kept(pipeline, uid))).PixelData == dcmread(BytesIO(file)).PixelData
    steps = pipeline.finished(pipeline.arrival(uid), 60)
    assert (steps["indexer"], steps["thumbnailer"]) == (("indexed", None), ("thumbnailed", None)), steps


@pytest.mark.parametrize("options", [("-H", "Expect: 100-continue"), ("-H", "Transfer-Encoding: chunked")])
def test_curl_stores(options: tuple[str, ...], pipeline: Pipeline, tmp_path: Path) -> None:
    file = ct(COLLECTION, 30 + len(options[1])).part10()
    (tmp_path / "body").write_bytes(multipart(dicom(file)))
    said = curl(pipeline.stack, tmp_path / "body", token_of(SITE), *options)
    assert said == "200", said
    assert kept(pipeline, item_of(file).sop_instance_uid) == file


def test_who_is_not_known_is_refused_before_he_sends(pipeline: Pipeline, tmp_path: Path) -> None:
    file = ct(COLLECTION, 40).part10()
    (tmp_path / "body").write_bytes(multipart(dicom(file)))
    assert curl(pipeline.stack, tmp_path / "body", "wrong", "-H", "Expect: 100-continue") == "401"
    answer = post(pipeline.stack, multipart(dicom(file)), Authorization="Bearer wrong")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="isocentre"')
    assert pipeline.received(item_of(file).sop_instance_uid) == []
    until(lambda: refused(pipeline.stack) >= 2, "both are counted", 10)


def refused(stack: Stack) -> float:
    return stack.metric("receiver", "isocentre_stow_requests_total", site="unknown", status="401")


def curl(stack: Stack, body: Path, token: str, *options: str) -> str:
    """The status that it got."""
    command = ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}"]
    command += ["-H", f"Content-Type: {content_type()}", "--data-binary", f"@{body}", *options, f"{stack.stow}/studies"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_when_the_disk_of_the_store_is_gone_the_sender_keeps_his_copies(pipeline: Pipeline) -> None:
    check_that_he_is_told(pipeline, pipeline.stack.unmounted(), 100)


def test_when_the_broker_is_away_the_sender_keeps_his_copies(pipeline: Pipeline) -> None:
    check_that_he_is_told(pipeline, pipeline.stack.stopped("kafka"), 110)


def check_that_he_is_told(pipeline: Pipeline, away: AbstractContextManager[None], first: int) -> None:
    stack = pipeline.stack
    files = [ct(COLLECTION, first + number).part10() for number in range(3)]
    body = multipart(dicom(*files))
    with away:
        began = time.monotonic()
        answer = post(stack, body)
        assert time.monotonic() - began < 60
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert [item.FailureReason for item in Dataset.from_json(answer.content).FailedSOPSequence] == [0xA700] * 3
    until(lambda: post(stack, body).status_code == 200, "success", 90)
    for file in files:
        arrivals = {event["arrival"] for event in pipeline.received(item_of(file).sop_instance_uid)}
        assert len(arrivals) == 1


@contextmanager
def watched(process: psutil.Process) -> Iterator[list[int]]:
    """Bytes that the process and its children hold, several times a second; the first before the block begins."""
    seen = [_held(process)]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            seen.append(_held(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _held(process: psutil.Process) -> int:
    return sum(int(one.memory_info().rss) for one in [process, *process.children(recursive=True)])


def test_a_large_body_is_not_held_in_memory(pipeline: Pipeline) -> None:
    """600 MiB in one private element, made while it is sent."""
    stack, size = pipeline.stack, 600 * MIB
    file = ct(COLLECTION, 90)
    whole = file.part10()
    # Behind group 0008, in order: a private creator, then the element.
    at = whole.index(b"\x10\x00\x10\x00PN")
    private = b"\x09\x00\x10\x00LO\x04\x00ACME" + b"\x09\x00\x01\x10OB\0\0" + size.to_bytes(4, "little")
    begin, end = multipart(dicom(whole[:at] + private + whole[at:])).split(private)

    def body() -> Iterator[bytes]:
        yield begin + private
        for _ in range(size // MIB):
            yield bytes(MIB)
        yield end

    process = psutil.Process(stack.pid("receiver"))
    with watched(process) as most:
        answer = post(stack, body())
    assert answer.status_code == 200, answer.text
    (event,) = pipeline.received(file.sop_instance_uid)
    assert event["size"] == len(whole) + len(private) + size
    assert max(most) - most[0] < 100 * MIB, [value // MIB for value in most]
    assert list((stack.home / "data" / "receiver" / "spool").iterdir()) == []
