"""What is kept equals what was sent, byte for byte: every real file, by three senders.

A sender may write a data set anew before it sends it (dcmtk's two do: lengths of sequences, padding, group lengths).
What it really sent is read from the wire by pynetdicom; where that is what lies in the file, so is what we keep.
"""

import os
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom import AE, _config
from pynetdicom.presentation import PresentationContext

from services.receiver.crew.desk import Desk
from services.receiver.crew.listening import Listening
from services.receiver.edge import Edge
from services.receiver.handler import Answer, Arriving
from services.receiver.intake import Intake
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared import telemetry
from shared.sites import Site, Sites
from tests.support import corpus
from tests.support.generated import data_set_of
from tests.support.tap import Told, tapped

CALLED = "ISOCENTRE"
# The options by which storescu proposes a transfer syntax; it knows no others.
PROPOSE = {
    "1.2.840.10008.1.2": "-xi",
    "1.2.840.10008.1.2.1": "-xe",
    "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.5": "-xr",
}


@dataclass
class Receiver:
    """Where it listens, and what it has got."""

    port: int
    got: list[Told] = field(default_factory=list)


@contextmanager
def ours(folder: Path) -> Iterator[Receiver]:
    receiver = Receiver(0)

    def keep(arriving: Arriving, span: telemetry.Span) -> Answer:
        content = arriving.landed.content
        whole = bytes(content)
        told = (arriving.sop_class_uid, arriving.sop_instance_uid, arriving.transfer_syntax_uid)
        receiver.got.append(Told(*told, data_set_of(whole)))
        return Answer(0)

    site = Site(code="site", project="p", calling_ae_titles=frozenset({"SENDER"}), called_ae_titles=frozenset({CALLED}))
    # So little memory that many a file takes the way through the spool.
    landing = partial(Landing, Spool(folder, Disk(folder, 0)), 2 * 2**20, Budget(8 * 2**20))
    visits = Visits("association", lambda account: None)
    edge = Edge(lambda: Sites(sites=(site,)), Intake(keep), Desk(10), visits, landing)
    listening = Listening("127.0.0.1", 0, edge.take)
    receiver.port = listening.port
    try:
        yield receiver
    finally:
        listening.close()
        visits.drain(5.0)


# --- senders

Send = Callable[[int, Sequence[Path]], None]


def storescu(port: int, files: Sequence[Path]) -> None:
    """One association for each transfer syntax: it proposes one at a time."""
    for syntax, those in _by_syntax(files).items():
        if syntax in PROPOSE:
            _run("storescu", "--no-halt", "--required", PROPOSE[syntax], port=port, files=those)


def dcmsend(port: int, files: Sequence[Path]) -> None:
    _run("dcmsend", "--no-halt", "--no-uid-checks", "--decompress-never", port=port, files=files)


def send_path(port: int, file: Path) -> bool:
    """Whether the file could be sent: pynetdicom's `send_c_store` with a path changes nothing."""
    context = _context(file)
    if context is None:
        return False
    association = AE("SENDER").associate("127.0.0.1", port, [context], CALLED, max_pdu=131072)
    accepted = bool(association.accepted_contexts)
    if accepted:
        assert association.send_c_store(file).Status == 0
    association.release()
    return accepted


def _context(file: Path) -> PresentationContext | None:
    meta = dcmread(file, force=True, specific_tags=[], stop_before_pixels=True).file_meta
    if not {"MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID"} <= set(meta.dir()):
        return None
    context = PresentationContext()
    context.abstract_syntax, context.transfer_syntax = meta.MediaStorageSOPClassUID, [UID(meta.TransferSyntaxUID)]
    return context


def _run(command: str, *options: str, port: int, files: Sequence[Path]) -> None:
    called = [command, *options, "--aetitle", "SENDER", "--call", CALLED, "127.0.0.1", str(port), *map(str, files)]
    environment = {**os.environ, "TCP_NODELAY": "1"}
    subprocess.run(called, env=environment, capture_output=True, timeout=280, check=False)


def _by_syntax(files: Sequence[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        found[str(dcmread(file, stop_before_pixels=True).file_meta.TransferSyntaxUID)].append(file)
    return found


def part10_files(files: Sequence[Path]) -> list[Path]:
    """Those that any sender would open: with a preamble, and meta information that tells what they are."""
    found = []
    for file in files:
        head = file.read_bytes()[:144]
        if head[128:136] == b"DICM\x02\x00\x00\x00" and b"TransferSyntaxUID" in repr(_meta(file)).encode():
            found.append(file)
    return found


def _meta(file: Path) -> list[str]:
    return dcmread(file, force=True, specific_tags=[], stop_before_pixels=True).file_meta.dir()


# --- the test


@pytest.fixture(scope="module", params=["wheel", "folder"])
def files(request: pytest.FixtureRequest) -> list[Path]:
    if request.param == "folder":
        corpus.needed()
    return part10_files(corpus.files_of_the_wheel() if request.param == "wheel" else corpus.files_of_the_folder())


# Of the files how many each of dcmtk's senders sends as they are, at least.
UNCHANGED = {storescu: 0.5, dcmsend: 0.4}


@pytest.mark.parametrize("send", UNCHANGED, ids=lambda send: send.__name__)
def test_what_is_kept_is_what_was_sent(send: Send, files: list[Path], tmp_path: Path) -> None:
    with ours(tmp_path) as receiver, tapped(receiver.port) as tap:
        send(tap.port, files)
    sent = [told for conversation in tap.conversations for told in conversation.stores() if told.status == 0]
    assert receiver.got == sent
    in_files = {data_set_of(file.read_bytes()) for file in files}
    unchanged = [told for told in sent if told.data_set in in_files]
    print(f"{len(files)} files, {len(sent)} sent, {len(unchanged)} of them as they are")
    assert len(unchanged) >= UNCHANGED[send] * len(files)


def test_what_pynetdicom_sends_of_a_path_is_what_lies_in_the_file(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    with ours(tmp_path) as receiver:
        sent = [file for file in files if send_path(receiver.port, file)]
    assert [got.data_set for got in receiver.got] == [data_set_of(file.read_bytes()) for file in sent]
    assert len(sent) >= 0.9 * len(files)
