"""An import as a whole: what it sends, what it remembers, and that every file is accounted for."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from infra.importing.entries import Source
from infra.importing.heads import NoInstance, read_head
from infra.importing.journal import Journal
from infra.importing.report import Report
from infra.importing.work import Job
from infra.sending.association import Peer, Storing
from infra.sending.delivery import Patience
from infra.sending.way import NotLetIn, Way
from shared.misconfigured import Misconfigured
from tests.support.storage_peer import Got, StoragePeer, storage_peer
from tests.unit.importing.sources import CT, FILES, MR, file_set, zipped

ABOUT = {"source": "here", "receiver": "there"}


@pytest.fixture
def peer() -> Iterator[StoragePeer]:
    with storage_peer() as made:
        yield made


def run(
    peer: StoragePeer,
    source: Source,
    journal: Path,
    *,
    patience: Patience | None = None,
    jobs: int = 4,
    calling: str = "US",
) -> Report:
    report, kept = Report(), Journal(journal, ABOUT)
    to = Peer("127.0.0.1", peer.port, "BULK", calling)
    try:
        Job(lambda: Storing(to), kept, report, patience or Patience(60, pause=lambda _: None), jobs).run(source)
    finally:
        kept.close()
    assert report.balanced, report.equation()
    return report


def results(report: Report) -> dict[str, int]:
    return {result: number for result, number in report.told()["results"].items() if number}


def data_set(path: Path) -> bytes:
    with path.open("rb") as file:
        offset = read_head(file).instance.offset
    return path.read_bytes()[offset:]


@pytest.mark.parametrize("jobs", [1, 4])
def test_every_file_of_the_wheel_arrives_as_it_is_or_is_accounted_for(
    peer: StoragePeer, tmp_path: Path, jobs: int
) -> None:
    report = run(peer, Source(FILES), tmp_path / "j.sqlite", jobs=jobs)
    sent: dict[str, list[bytes]] = {}
    instances = other = 0
    for path in (path for path in FILES.rglob("*") if path.is_file()):
        try:
            with path.open("rb") as file:
                head = read_head(file)
            instances += 1
            sent.setdefault(head.instance.sop_instance_uid, []).append(data_set(path))
        except NoInstance:
            other += 1
    assert instances > 100
    assert other > 10
    assert report.found == instances + other
    assert report.total("sent") + report.total("refused") >= instances
    assert len(peer.got) == report.total("sent")
    for got in peer.got:
        assert got.data_set in sent[got.sop_instance_uid]
    assert report.bytes == sum(len(got.data_set) for got in peer.got)


def test_another_run_sends_only_what_is_missing(peer: StoragePeer, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(CT, folder)
    shutil.copy(MR, folder)
    (folder / "notes.txt").write_text("hello, world")
    peer.answer = lambda got, before: 0xC000 if before == 1 else 0
    first = run(peer, Source(folder), tmp_path / "j.sqlite", jobs=1)
    assert results(first) == {"sent": 1, "refused": 1, "not-dicom": 1}
    assert not first.whole
    second = run(peer, Source(folder), tmp_path / "j.sqlite")
    assert results(second) == {"repeated": 1, "sent": 1, "not-dicom": 1}
    third = run(peer, Source(folder), tmp_path / "j.sqlite")
    assert results(third) == {"repeated": 2, "not-dicom": 1}
    assert third.whole
    assert len(peer.got) == 3


def test_a_file_that_changed_is_another_one(peer: StoragePeer, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(CT, folder / "a")
    run(peer, Source(folder), tmp_path / "j.sqlite")
    shutil.copy(MR, folder / "a")
    assert results(run(peer, Source(folder), tmp_path / "j.sqlite")) == {"sent": 1}
    assert len(set(peer.uids)) == 2


def test_archives_and_file_sets_go_the_same_way(peer: StoragePeer, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "in.zip", {"a/ct": CT.read_bytes(), "a/mr": MR.read_bytes()})
    assert results(run(peer, Source(archive), tmp_path / "zip.sqlite")) == {"sent": 2}
    assert {got.data_set for got in peer.got} == {data_set(CT), data_set(MR)}
    dicomdir = file_set(tmp_path / "set")
    assert results(run(peer, Source(dicomdir), tmp_path / "set.sqlite")) == {"sent": 2}
    assert results(run(peer, Source(tmp_path / "set"), tmp_path / "all.sqlite")) == {"sent": 2, "not-dicom": 1}
    assert results(run(peer, Source(archive), tmp_path / "zip.sqlite")) == {"repeated": 2}


def test_a_file_that_names_no_instance_is_refused_before_it_is_sent(peer: StoragePeer, tmp_path: Path) -> None:
    nameless = pydicom.dcmread(CT)
    del nameless.SOPInstanceUID
    del nameless.file_meta.MediaStorageSOPInstanceUID
    folder = tmp_path / "in"
    folder.mkdir()
    with (folder / "nameless").open("wb") as file:
        pydicom.dcmwrite(file, nameless, enforce_file_format=False)
    report = run(peer, Source(folder), tmp_path / "j.sqlite")
    assert dict(report.counts) == {("refused", "no-sop-uids"): 1}
    assert peer.got == []


def test_a_torn_member_is_reported_and_the_others_are_sent(peer: StoragePeer, tmp_path: Path) -> None:
    path = zipped(tmp_path / "in.zip", {"a": CT.read_bytes(), "b": MR.read_bytes()}, 0)
    data = bytearray(path.read_bytes())
    data[30_000] ^= 0xFF
    path.write_bytes(data)
    report = run(peer, Source(path), tmp_path / "j.sqlite", jobs=1)
    assert dict(report.counts) == {("failed", "unreadable"): 1, ("sent", ""): 1}
    assert [trouble.key for trouble in report.troubles] == ["in.zip!a"]
    assert len(peer.got) == 1


@pytest.mark.parametrize("left", [132, 20_000, -1])
def test_a_file_that_shrinks_while_it_is_sent_is_not_taken_for_an_instance(
    peer: StoragePeer, tmp_path: Path, left: int
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(MR, folder / "a")
    shutil.copy(CT, folder / "b")
    shutil.copy(MR, folder / "c")
    length = left % (folder / "b").stat().st_size

    def shrinking(got: Got, before: int) -> int:
        if before == 0:
            os.truncate(folder / "b", length)
        return 0

    peer.answer = shrinking
    report = run(peer, Source(folder), tmp_path / "j.sqlite", jobs=1)
    assert dict(report.counts) == {("failed", "changed"): 1, ("sent", ""): 2}
    assert [trouble.key for trouble in report.troubles] == ["b"]
    assert [got.data_set for got in peer.got] == [data_set(MR)] * 2


def test_who_is_full_for_long_is_left_for_the_next_run(peer: StoragePeer, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(20):
        shutil.copy(CT, folder / str(number))
    peer.answer = lambda got, before: 0xA700
    report = run(peer, Source(folder), tmp_path / "j.sqlite", patience=Patience(0))
    assert dict(report.counts) == {("failed", "out-of-resources"): 20}
    peer.answer = lambda got, before: 0
    assert results(run(peer, Source(folder), tmp_path / "j.sqlite")) == {"sent": 20}


@pytest.mark.parametrize("lacks", ["a way", "a thread"])
def test_a_sender_that_cannot_be_made_ends_it(
    peer: StoragePeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    """The others wait for what to send, and must be told that nothing will come."""
    made, start = Counter[str](), threading.Thread.start

    def way() -> Way:
        made["a way"] += 1
        if lacks == "a way" and made["a way"] == 2:
            raise RuntimeError(lacks)
        return Storing(Peer("127.0.0.1", peer.port, "BULK", "US"))

    def starts(thread: threading.Thread) -> None:
        made["a thread"] += thread.name.startswith("send")
        if lacks == "a thread" and made["a thread"] == 2:
            raise RuntimeError(lacks)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starts)
    journal = Journal(tmp_path / "j.sqlite", ABOUT)
    job, failed = Job(way, journal, Report(), Patience(60), 4), list[str]()

    def run_it() -> None:
        try:
            job.run(Source(FILES))
        except RuntimeError as ours:
            failed.append(str(ours))

    running = threading.Thread(target=run_it, daemon=True)
    running.start()
    running.join(10)
    assert failed == [lacks]
    journal.close()


def test_a_receiver_that_does_not_let_us_in_ends_it(tmp_path: Path) -> None:
    with storage_peer(callers=("SOMEBODY",)) as peer, pytest.raises(NotLetIn):
        run(peer, Source(FILES), tmp_path / "j.sqlite")


def test_told_to_stop_it_accounts_for_all_that_it_found(peer: StoragePeer, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for number in range(300):
        (folder / str(number // 10)).mkdir(parents=True, exist_ok=True)
        shutil.copy(CT, folder / str(number // 10) / str(number))
    stop = threading.Event()
    peer.answer = lambda got, before: stop.set() or 0 if before == 30 else 0  # type: ignore[func-returns-value]
    first = run(peer, Source(folder), tmp_path / "j.sqlite", patience=Patience(60, stop))
    assert 31 <= first.total("sent") < 100
    assert first.counts["failed", "interrupted"] == first.found - first.total("sent")
    second = run(peer, Source(folder), tmp_path / "j.sqlite")
    assert second.total("repeated") == first.total("sent")
    assert second.total("sent") == 300 - first.total("sent")
    assert len(peer.got) == 300


# --- the journal


def test_a_journal_is_for_its_owner_and_for_one_import_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "j.sqlite"
    journal = Journal(path, ABOUT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}
    with pytest.raises(Misconfigured, match="another run"):
        Journal(path, ABOUT)
    journal.close()
    with pytest.raises(Misconfigured, match="another import"):
        Journal(path, {**ABOUT, "receiver": "elsewhere"})
    Journal(path, ABOUT).close()
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        Journal(path, ABOUT)


def test_something_else_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b"something else" * 100)
    (tmp_path / "j").chmod(0o600)
    with pytest.raises(Misconfigured, match="no journal"):
        Journal(tmp_path / "j", ABOUT)
    with pytest.raises(Misconfigured, match="cannot be opened"):
        Journal(tmp_path, ABOUT)
