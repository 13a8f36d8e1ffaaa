"""Archives that answer what makes no sense: one question fails, the others go on, and no value is in any text."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pynetdicom import AE, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

from infra.fetching.archive import Archive, Unanswered
from infra.fetching.declared import GetSource, MoveSource, WebSource
from infra.fetching.dimse import Moving
from infra.fetching.getting import Getting
from infra.fetching.questions import Question
from infra.fetching.web import Web
from infra.sending.association import Peer, Storing
from infra.sending.delivery import Patience

NAME = "SECRET"
QUESTION = Question(patient_id="A")
NOWHERE = Storing(Peer("127.0.0.1", 9, "BULK", "US"))
STUDY = {"0020000D": {"vr": "UI", "Value": ["1.2.3"]}}


def asked(archive: Archive, how: str) -> object:
    return archive.find(QUESTION) if how == "find" else getattr(archive, how)("1.2.3")


def broken(archive: Archive, how: str) -> None:
    """It is not understood, and whatever prints that shows no value."""
    with pytest.raises(Unanswered, match=r"^broken-answer$") as raised:
        asked(archive, how)
    assert NAME not in "".join(traceback.format_exception(raised.value))


# --- DICOMweb


@contextmanager
def web(answer: bytes) -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        source = WebSource(mode="web", url=f"http://127.0.0.1:{server.server_port}")
        yield Web(source, lambda: NOWHERE, Patience(0))
    finally:
        server.shutdown()
        server.server_close()


ODD: list[tuple[str, Any]] = [
    ("find", STUDY | {"00201208": {"Value": [NAME]}}),
    ("find", STUDY | {"00201208": {"Value": [[NAME]]}}),
    ("find", STUDY | {"00201208": {"Value": [float("inf")]}}),
    ("find", STUDY | {"00201208": [NAME]}),
    ("find", STUDY | {"00080061": {"Value": 7}}),
    ("find", STUDY | {"00080020": {"Value": [20260115]}}),
    ("find", STUDY | {"00100020": {"Value": {"Alphabetic": NAME}}}),
    ("find", {"0020000D": NAME}),
    ("modalities", {"00080060": NAME}),
    ("count", {"00201209": {"Value": [NAME]}}),
    ("count", {"00201209": NAME}),
]


@pytest.mark.parametrize(("how", "told"), ODD)
def test_an_odd_qido_answer_is_a_broken_one(how: str, told: Any) -> None:
    with web(json.dumps([told]).encode()) as archive:
        broken(archive, how)


def test_an_answer_that_nests_without_end_is_a_broken_one() -> None:
    with web(b"[" * 100_000) as archive:
        broken(archive, "find")


# --- DIMSE


@contextmanager
def dimse(read: Callable[[], Dataset]) -> Iterator[int]:
    """The port of an archive with one answer to every question, and what pynetdicom makes of that answer."""

    def found(event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        answer = Dataset()
        answer.StudyInstanceUID = "1.2.3"
        yield 0xFF00, answer

    entity = AE("ARCHIVE")
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, found)])
    assert server is not None
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("pynetdicom.association.decode", lambda *_: read())
            yield server.server_address[1]
    finally:
        server.shutdown()


def moving(port: int) -> Archive:
    return Moving(
        MoveSource(mode="move", ae_title="ARCHIVE", host="127.0.0.1", port=port, calling="US", destination="BULK")
    )


def getting(port: int) -> Archive:
    source = GetSource(mode="get", ae_title="ARCHIVE", host="127.0.0.1", port=port, calling="US")
    return Getting(source, lambda: NOWHERE, Patience(0))


def told(tag: int, vr: str, value: bytes) -> Dataset:
    """A study and one element with these bytes."""
    made = Dataset()
    made.StudyInstanceUID = "1.2.3"
    made._dict[BaseTag(tag)] = RawDataElement(BaseTag(tag), vr, len(value), value, 0, True, True)
    return made


@pytest.mark.parametrize(
    ("how", "tag", "vr", "value"),
    [
        ("find", 0x00201208, "IS", NAME.encode()),
        ("find", 0x00201208, "IS", b"1\\2 "),
        ("find", 0x00100020, "SQ", NAME.encode()),
        ("find", 0x00080061, "DS", b"7 "),
        ("modalities", 0x00080060, "SQ", NAME.encode()),
        ("count", 0x00201209, "IS", NAME.encode()),
        ("count", 0x0020000E, "SQ", NAME.encode()),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_odd_c_find_answer_is_a_broken_one(how: str, tag: int, vr: str, value: bytes) -> None:
    with dimse(lambda: told(tag, vr, value)) as port:
        broken(moving(port), how)


@pytest.mark.parametrize("make", [moving, getting])
def test_one_that_cannot_be_read_at_all_is_not_passed_over(make: Callable[[int], Archive]) -> None:
    def failing() -> Dataset:
        raise ValueError(NAME)

    with dimse(failing) as port:
        broken(make(port), "find")
