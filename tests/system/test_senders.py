"""Senders that are not ours: dcmtk's commands, and what a client of DICOMweb finds of what they sent."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from dicomweb_client import DICOMwebClient
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file

from tests.support.dicom import SUCCESS, Refused, association, dcmtk, send_all
from tests.support.generated import ct, data_set_of, item_of
from tests.support.pipeline import Pipeline
from tests.support.stack import Stack
from tests.support.waiting import until

COLLECTION = 100
# Files of the pydicom wheel that each command can send as they are, no two with the same SOP Instance UID.
FILES = {
    "storescu": ("CT_small.dcm", "rtplan.dcm", "waveform_ecg.dcm"),
    "dcmsend": ("MR_small.dcm", "rtdose_1frame.dcm", "693_J2KI.dcm"),
}
# What storescp has to be told to accept the same transfer syntax as we did.
ACCEPT = {"1.2.840.10008.1.2": "+xi", "1.2.840.10008.1.2.1": "+xe", "1.2.840.10008.1.2.4.91": "+xa"}


def folder_of(command: str, folder: Path) -> list[Path]:
    """The files that `command` sends, a generated one among them."""
    image = ct(COLLECTION, sorted(FILES).index(command))
    (folder / "generated.dcm").write_bytes(image.part10())
    for name in FILES[command]:
        shutil.copy(str(get_testdata_file(name, download=False)), folder)
    return sorted(folder.iterdir())


@contextmanager
def storescp(folder: Path, accept: str) -> Iterator[int]:
    """dcmtk's own receiver, which keeps the bytes that it gets; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = ["storescp", "--bit-preserving", accept, "--output-directory", str(folder), str(port)]
    server = subprocess.Popen(command, env={"TCP_NODELAY": "1"}, stderr=subprocess.DEVNULL)
    try:
        until(lambda: dcmtk("echoscu", port).status == 0, "storescp answers", 10, every=0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


def as_sent(command: str, file: Path, syntax: str, folder: Path) -> bytes:
    """The data set that the command sends of a file in a transfer syntax, as another receiver gets it."""
    folder.mkdir()
    with storescp(folder, ACCEPT[syntax]) as port:
        said = dcmtk(command, port, file)
        assert said.status == 0, said
    (received,) = folder.iterdir()
    assert item_of(received.read_bytes()).transfer_syntax_uid == syntax
    return data_set_of(received.read_bytes())


@pytest.mark.parametrize("command", sorted(FILES))
def test_what_dcmtk_sends_is_kept_and_found(command: str, pipeline: Pipeline, tmp_path: Path) -> None:
    stack = pipeline.stack
    (tmp_path / "out").mkdir()
    files = folder_of(command, tmp_path / "out")
    said = dcmtk(command, stack.dicom_port, *files)
    assert said.status == 0, said
    for file in files:
        (event,) = pipeline.received(item_of(file.read_bytes()).sop_instance_uid)
        kept = data_set_of(stack.read("identified", event["key"]))
        assert kept == as_sent(command, file, event["transfer_syntax_uid"], tmp_path / file.stem), file.name
        steps = pipeline.finished(event["arrival"])
        assert steps["indexer"] == ("indexed", None), (file.name, steps)
        check_found(stack, pipeline.instance(event["arrival"]))
        if "waveform" not in file.name and "rtplan" not in file.name:
            assert steps["thumbnailer"] == ("thumbnailed", None), (file.name, steps)
            check_picture(stack, pipeline.instance(event["arrival"]))


def uids(event: dict[str, str]) -> tuple[str, str, str]:
    return event["study_instance_uid"], event["series_instance_uid"], event["sop_instance_uid"]


def check_found(stack: Stack, event: dict[str, str]) -> None:
    """QIDO-RS on all three levels, then WADO-RS."""
    client = DICOMwebClient(stack.gateway)
    study, series, instance = uids(event)
    (found,) = client.search_for_studies(search_filters={"StudyInstanceUID": study})
    assert found["00100020"]["Value"] == [event["patient_id"]]
    (found,) = client.search_for_series(study, search_filters={"SeriesInstanceUID": series})
    assert found["0020000E"]["Value"] == [series]
    (found,) = client.search_for_instances(study, series, search_filters={"SOPInstanceUID": instance})
    assert found["00080016"]["Value"] == [event["sop_class_uid"]]
    retrieved = client.retrieve_instance(study, series, instance, media_types=(("application/dicom", "*"),))
    assert retrieved.SOPInstanceUID == instance
    assert retrieved.PatientIdentityRemoved == "YES"
    assert "113100" in {item.CodeValue for item in retrieved.DeidentificationMethodCodeSequence}
    metadata = client.retrieve_instance_metadata(study, series, instance)
    assert metadata["00120062"]["Value"] == ["YES"]


def check_picture(stack: Stack, event: dict[str, str]) -> None:
    study, series, instance = uids(event)
    path = f"/studies/{study}/series/{series}/instances/{instance}/thumbnail"
    answer = httpx.get(stack.gateway + path, headers={"Accept": "image/jpeg"}, timeout=10)
    assert answer.status_code == 200, answer
    with Image.open(BytesIO(answer.content)) as picture:
        assert picture.format == "JPEG"
        assert max(picture.size) == 256


def test_a_retrieved_file_is_whole(pipeline: Pipeline) -> None:
    """What WADO-RS gives is a Part 10 file, with an empty preamble, whose pixels are those that were sent."""
    stack = pipeline.stack
    sent = ct(COLLECTION, 10)
    assert send_all(stack.dicom_port, [sent]) == [SUCCESS]
    event = pipeline.arrived(sent.sop_instance_uid)
    study, series, instance = uids(event)
    path = f"{stack.gateway}/studies/{study}/series/{series}/instances/{instance}"
    answer = httpx.get(path, headers={"Accept": "application/dicom; transfer-syntax=*"}, timeout=10)
    assert answer.status_code == 200, answer
    file = answer.content
    assert file[:132] == bytes(128) + b"DICM"
    clean, original = dcmread(BytesIO(file)), dcmread(BytesIO(sent.part10()))
    assert clean.PixelData == original.PixelData
    assert clean.PatientID == event["patient_id"]
    assert clean.StudyDate != original.StudyDate
    assert clean.LongitudinalTemporalInformationModified == "MODIFIED"


def test_echo(stack: Stack) -> None:
    said = dcmtk("echoscu", stack.dicom_port)
    assert said.status == 0, said


@pytest.mark.parametrize(
    ("calling", "called", "code"), [("NOBODY", "ISOCENTRE", (1, 1, 3)), ("SITE_A", "ELSEWHERE", (1, 1, 7))]
)
def test_an_unknown_title_is_refused_and_counted(
    calling: str, called: str, code: tuple[int, int, int], stack: Stack
) -> None:
    def refused() -> float:
        labels = {"site": "unknown", "result": "unknown-ae-title"}
        return stack.metric("receiver", "isocentre_receive_associations_total", **labels)

    before = refused()
    with pytest.raises(Refused) as answer, association(stack.dicom_port, [ct(COLLECTION, 0)], calling, called):
        pass
    assert answer.value.code == code
    assert refused() > before
    said = dcmtk("echoscu", stack.dicom_port, calling=calling, called=called)
    assert said.status != 0
