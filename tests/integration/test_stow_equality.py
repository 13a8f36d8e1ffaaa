"""What is kept equals what was sent by HTTP, byte for byte: every real file, whole or as dicomweb-client writes it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import httpx
import pytest
import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset

from services.receiver.crew.desk import Desk
from services.receiver.crew.listening import Listening
from services.receiver.handler import Answer, Arriving
from services.receiver.intake import Intake
from services.receiver.stow.edge import StowEdge
from services.receiver.stow.limits import Limits
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared import telemetry
from shared.dicom import part10
from shared.sites import Site, Sites
from tests.support import corpus
from tests.support.stow import content_type, dicom, multipart

AUTHORIZED = {"Authorization": "Bearer token"}
MIB = 2**20
SITE = Site(code="site", project="p", tokens=frozenset({sha256(b"token").hexdigest()}))


@dataclass
class Receiver:
    """Where it listens, and what it has got."""

    url: str
    got: list[bytes] = field(default_factory=list)


@contextmanager
def ours(folder: Path) -> Iterator[Receiver]:
    receiver = Receiver("")

    def keep(arriving: Arriving, span: telemetry.Span) -> Answer:
        content = arriving.landed.content
        whole = bytes(content)
        assert arriving.landed.digest == part10.digest(whole[arriving.landed.front :], arriving.transfer_syntax_uid)
        receiver.got.append(whole)
        return Answer(0)

    # So little memory that many a file takes the way through the spool.
    spool = Spool(folder, Disk(folder, 0))
    landing = partial(Landing, spool, 2 * MIB, Budget(8 * MIB))
    limits = Limits(part=512 * MIB, request=1024 * MIB, metadata=MIB)
    sites, intake = Sites(sites=(SITE,)), Intake(keep)
    visits = Visits("http", lambda account: None)
    edge = StowEdge(lambda: sites, intake, Desk(10), visits, landing, spool=spool, limits=limits)
    listening = Listening("127.0.0.1", 0, edge.take)
    receiver.url = f"http://127.0.0.1:{listening.port}"
    try:
        yield receiver
    finally:
        listening.close()
        visits.drain(5.0)


@pytest.fixture(scope="module", params=["wheel", "folder"])
def files(request: pytest.FixtureRequest) -> list[bytes]:
    if request.param == "folder":
        corpus.needed()
    paths = corpus.files_of_the_wheel() if request.param == "wheel" else corpus.files_of_the_folder()
    return [file for path in paths if named(file := path.read_bytes())]


def named(file: bytes) -> bool:
    """Whether its file meta information names what it is, as PS3.10 asks."""
    try:
        return part10.read_front(file, whole=True) is not None
    except part10.NotPart10:
        return False


def batched_by_size(files: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Several to a request, of 20 MiB and one more file."""
    some: list[bytes] = []
    for file in files:
        some.append(file)
        if sum(map(len, some)) > 20 * MIB:
            yield some
            some = []
    if some:
        yield some


def stored(answer: Dataset, files: Sequence[bytes]) -> list[bytes]:
    """Of these files those that are not named as failed: of a class, say, that is none of storage."""
    failed = {item.ReferencedSOPInstanceUID for item in answer.get("FailedSOPSequence", [])}
    assert {item.FailureReason for item in answer.get("FailedSOPSequence", [])} <= {0x0122, 0xC122}
    return [file for file in files if part10.read_front(file, whole=True).sop_instance_uid not in failed]  # type: ignore[union-attr]


def test_whole_files_are_kept_as_they_are(files: list[bytes], tmp_path: Path) -> None:
    kept: list[bytes] = []
    with ours(tmp_path) as receiver:
        for some in batched_by_size(files):
            headers = AUTHORIZED | {"Content-Type": content_type()}
            answer = httpx.post(
                f"{receiver.url}/studies", content=multipart(dicom(*some)), headers=headers, timeout=120
            )
            assert answer.status_code in (200, 202, 409)
            kept += stored(Dataset.from_json(answer.content), some)
    assert receiver.got == kept
    assert len(kept) >= 0.9 * len(files)


def test_what_dicomweb_client_sends_is_kept(files: list[bytes], tmp_path: Path) -> None:
    kept: list[bytes] = []
    with ours(tmp_path) as receiver:
        client = DICOMwebClient(receiver.url, headers=AUTHORIZED)
        for file in files:
            dataset = dcmread(BytesIO(file), force=True)
            try:
                dcmwrite(written := BytesIO(), dataset)
            except (AttributeError, OSError, TypeError, ValueError):
                continue  # it cannot send what pydicom cannot write
            try:
                answer = client.store_instances([dataset])
            except requests.HTTPError as refused:
                answer = Dataset.from_json(refused.response.content)
            kept += stored(answer, [written.getvalue()])
    assert receiver.got == kept
    assert len(kept) >= 0.9 * len(files)
