"""`isocentre fetch` from archives that are not ours: dcmtk's and Orthanc, by DIMSE and by DICOMweb."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import CliRunner, Result

from infra.cli import main
from infra.importing.heads import read_head
from tests.support.archives import CALLING, DESTINATION, Archive, dcmqrscp, orthanc
from tests.support.storage_peer import StoragePeer, storage_peer
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "from infra.cli import main; main()"
FILES = Path(pydicom.__file__).parent / "data" / "test_files"
PLAIN = [FILES / name for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")]
PACKED = [FILES / name for name in ("JPEG2000.dcm", "JPGExtended.dcm")]
"""Two of one study."""


@pytest.fixture(scope="module")
def peer() -> Iterator[StoragePeer]:
    with storage_peer(DESTINATION) as made:
        yield made


@pytest.fixture(scope="module")
def dcmtk_archive(tmp_path_factory: pytest.TempPathFactory, peer: StoragePeer) -> Iterator[Archive]:
    with dcmqrscp(tmp_path_factory.mktemp("dcmtk"), peer.port) as archive:
        archive.store(PLAIN)
        yield archive


@pytest.fixture(scope="module")
def orthanc_archive(tmp_path_factory: pytest.TempPathFactory, peer: StoragePeer) -> Iterator[Archive]:
    with orthanc(tmp_path_factory.mktemp("orthanc"), peer.port) as archive:
        archive.store([*PLAIN, *PACKED])
        yield archive


class Bench:
    """One archive, and a receiver that keeps what it gets."""

    def __init__(self, archive: Archive, peer: StoragePeer, folder: Path) -> None:
        self.archive, self.peer, self.folder = archive, peer, folder
        self.files = PLAIN if archive.title == "DCMTK" else [*PLAIN, *PACKED]
        peer.got.clear()
        peer.answer = lambda got, before: 0
        dicom = f"ae_title: {archive.title}, host: 127.0.0.1, port: {archive.port}, calling: {CALLING}"
        (folder / "sources.yaml").write_text(
            f"sources:\n  move: {{mode: move, {dicom}, destination: {DESTINATION}}}\n  get: {{mode: get, {dicom}}}\n"
            f"  web: {{mode: web, url: '{archive.url or 'http://127.0.0.1:1'}'}}\n"
        )

    @property
    def studies(self) -> dict[str, int]:
        """Instances by study."""
        found: dict[str, int] = {}
        for file in self.files:
            study = str(pydicom.dcmread(file).StudyInstanceUID)
            found[study] = found.get(study, 0) + 1
        return found

    def arguments(self, mode: str, *selection: str) -> list[str]:
        to = ["--to", f"127.0.0.1:{self.peer.port}", "--called", DESTINATION, "--calling", "US"]
        kept = ["--journal", str(self.folder / f"{mode}.sqlite"), "--json", str(self.folder / "report.json")]
        return [
            "fetch",
            mode,
            "--sources",
            str(self.folder / "sources.yaml"),
            *kept,
            *to,
            "--patience",
            "5",
            *selection,
        ]

    def fetch(self, mode: str, *selection: str) -> Result:
        return CliRunner().invoke(main, self.arguments(mode, *selection))

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return told

    def list(self, *more: str) -> str:
        (self.folder / "list").write_text("\n".join([*self.studies, *more]))
        return str(self.folder / "list")


WAYS = [("dcmtk", "move"), ("dcmtk", "get"), ("orthanc", "move"), ("orthanc", "get"), ("orthanc", "web")]


@pytest.fixture
def bench(request: pytest.FixtureRequest, peer: StoragePeer, tmp_path: Path) -> Bench:
    return Bench(request.getfixturevalue(f"{request.param}_archive"), peer, tmp_path)


@pytest.mark.parametrize(("bench", "mode"), WAYS, indirect=["bench"])
def test_studies_of_a_list_come_whole(bench: Bench, mode: str) -> None:
    done = bench.fetch(mode, "--studies", bench.list("1.2.3.4.5"))
    assert done.exit_code == 1, done.output  # one of them is not there
    told = bench.told()
    assert told["questions_without_a_study"] == [len(bench.studies) + 1]
    assert told["ends"] == {"complete": len(bench.studies), "short": 0, "failed": 0, "left": 0}
    assert {one["study"]: (one["expected"], one["received"]) for one in told["of_each"]} == {
        uid: (count, count) for uid, count in bench.studies.items()
    }
    assert sorted(bench.peer.uids) == sorted(str(pydicom.dcmread(file).SOPInstanceUID) for file in bench.files)
    assert {got.called for got in bench.peer.got} == {DESTINATION}
    again = bench.fetch(mode, "--studies", bench.list())
    assert again.exit_code == 0, again.output
    assert len(bench.peer.got) == len(bench.files)


@pytest.mark.parametrize(("bench", "mode"), [("orthanc", "get"), ("orthanc", "web")], indirect=["bench"])
def test_what_an_archive_has_is_handed_on_as_it_is(bench: Bench, mode: str) -> None:
    assert bench.fetch(mode, "--studies", bench.list()).exit_code == 0
    server = bench.archive.url.removesuffix("/dicom-web")
    kept = {}
    for one in json.loads(urllib.request.urlopen(f"{server}/instances", timeout=10).read()):
        content = urllib.request.urlopen(f"{server}/instances/{one}/file", timeout=10).read()
        head = read_head(BytesIO(content)).instance
        kept[head.sop_instance_uid] = (head.transfer_syntax_uid, content[head.offset :])
    assert {got.sop_instance_uid: (got.transfer_syntax_uid, got.data_set) for got in bench.peer.got} == kept
    assert len({syntax for syntax, _ in kept.values()}) == 3


@pytest.mark.parametrize(("bench", "mode"), WAYS, indirect=["bench"])
def test_studies_of_days_and_modalities(bench: Bench, mode: str) -> None:
    """CT_small is of 2004-01-19, MR_small of 2004-08-26."""
    done = bench.fetch(mode, "--from", "2004-01-19", "--until", "2004-01-20", "--modality", "CT")
    assert done.exit_code == 0, done.output
    assert bench.told()["studies"] == 1  # and on the other day there is nothing
    assert [got.sop_class_uid for got in bench.peer.got] == ["1.2.840.10008.5.1.4.1.1.2"]
    other = bench.fetch(mode, "--from", "2004-01-19", "--modality", "MR")
    assert other.exit_code == 0
    assert bench.told()["studies"] == 0
    assert len(bench.peer.got) == 1


@pytest.mark.parametrize(("bench", "mode"), WAYS, indirect=["bench"])
def test_studies_of_a_table(bench: Bench, mode: str) -> None:
    ct = pydicom.dcmread(PLAIN[0])
    (bench.folder / "table.csv").write_text(
        f"Patient ID;Study Date\n{ct.PatientID};19.01.2004\n{ct.PatientID};2004-01-20\n"
    )
    done = bench.fetch(mode, "--csv", str(bench.folder / "table.csv"))
    assert done.exit_code == 1
    assert "Patient ID is patient_id, Study Date is day" in done.output
    told = bench.told()
    assert ([one["study"] for one in told["of_each"]], told["questions_without_a_study"]) == (
        [ct.StudyInstanceUID],
        [3],
    )
    assert str(ct.PatientID) not in done.output + json.dumps(told)
    assert bench.peer.uids == [ct.SOPInstanceUID]


@pytest.mark.parametrize(("bench", "mode"), WAYS, indirect=["bench"])
def test_what_the_receiver_refuses_is_missed_and_asked_for_again(bench: Bench, mode: str) -> None:
    refused = str(pydicom.dcmread(bench.files[0]).SOPInstanceUID)
    bench.peer.answer = lambda got, before: 0xC000 if got.sop_instance_uid == refused else 0
    study = str(pydicom.dcmread(bench.files[0]).StudyInstanceUID)
    done = bench.fetch(mode, "--studies", bench.list(), "--tries", "1")
    assert done.exit_code == 1
    ends = {one["study"]: (one["end"], one["received"], one["missing"]) for one in bench.told()["of_each"]}
    assert ends.pop(study) == ("failed", 0, 1)
    assert {end for end, _, _ in ends.values()} == {"complete"}
    assert study in done.output
    bench.peer.answer = lambda got, before: 0
    before = len(bench.peer.got)
    quiet = bench.fetch(mode, "--studies", bench.list(), "--quiet")
    assert quiet.exit_code == 0, quiet.output
    assert study not in quiet.output
    assert bench.peer.uids[before:] == [refused]


@pytest.mark.parametrize(
    ("bench", "mode"), [("orthanc", "move"), ("orthanc", "get"), ("orthanc", "web")], indirect=["bench"]
)
def test_half_a_study_is_short(bench: Bench, mode: str) -> None:
    missed = str(pydicom.dcmread(PACKED[0]).SOPInstanceUID)
    bench.peer.answer = lambda got, before: 0xA900 if got.sop_instance_uid == missed else 0
    assert bench.fetch(mode, "--studies", bench.list(), "--tries", "1").exit_code == 1
    study = str(pydicom.dcmread(PACKED[0]).StudyInstanceUID)
    (told,) = (one for one in bench.told()["of_each"] if one["study"] == study)
    assert (told["end"], told["expected"], told["received"], told["missing"]) == ("short", 2, 1, 1)
    assert told["failed"] == 1 or told["reason"]  # by C-MOVE Orthanc gives up at the first one, and says that it did


@pytest.mark.parametrize(("bench", "mode"), WAYS, indirect=["bench"])
def test_killed_in_the_middle_it_goes_on(bench: Bench, mode: str) -> None:
    bench.peer.answer = lambda got, before: time.sleep(1.0) or 0  # type: ignore[func-returns-value]
    arguments = bench.arguments(mode, "--studies", bench.list())
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT)
    until(lambda: len(bench.peer.got) >= 2, "the second study comes", 60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(2.0)  # the archive may still send
    bench.peer.answer = lambda got, before: 0
    done = bench.fetch(mode, "--studies", bench.list())
    assert done.exit_code == 0, done.output
    assert bench.told()["ends"]["complete"] == len(bench.studies)
    first = bench.peer.uids[0]
    assert bench.peer.uids.count(first) == 1
    assert set(bench.peer.uids) == {str(pydicom.dcmread(file).SOPInstanceUID) for file in bench.files}


@pytest.mark.parametrize("bench", ["dcmtk"], indirect=True)
def test_what_there_is_can_be_asked_without_fetching_it(bench: Bench) -> None:
    assert bench.fetch("move", "--studies", bench.list(), "--find-only").exit_code == 0
    assert bench.told()["ends"]["left"] == len(bench.studies)
    assert bench.peer.got == []


@pytest.mark.parametrize("bench", ["dcmtk"], indirect=True)
def test_a_destination_that_the_archive_does_not_know(bench: Bench) -> None:
    file = bench.folder / "sources.yaml"
    file.write_text(file.read_text().replace(f"destination: {DESTINATION}", "destination: NOBODY"))
    assert bench.fetch("move", "--studies", bench.list(), "--tries", "1").exit_code == 1
    assert {(one["end"], one["reason"]) for one in bench.told()["of_each"]} == {("failed", "destination-unknown")}


@pytest.mark.parametrize("mode", ["move", "get", "web"])
def test_an_archive_that_is_away_is_told(peer: StoragePeer, tmp_path: Path, mode: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bench = Bench(Archive("NOBODY", port, f"http://127.0.0.1:{port}"), peer, tmp_path)
    assert bench.fetch(mode, "--studies", bench.list(), "--tries", "1").exit_code == 1
    assert bench.told()["questions_without_an_answer"] == list(range(1, len(bench.studies) + 1))


@pytest.mark.parametrize("bench", ["dcmtk"], indirect=True)
def test_a_receiver_that_does_not_let_us_in_ends_it(bench: Bench, tmp_path: Path) -> None:
    with storage_peer(callers=("SOMEBODY",)) as closed:
        bench.peer = closed
        done = bench.fetch("get", "--studies", bench.list())
    assert done.exit_code == 2
    assert "title" in done.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "which studies"),
        (["--studies", __file__, "--from", "2026-01-01"], "which studies"),
        (["--studies", __file__, "--modality", "CT"], "go with --from"),
        (["--from", "2026-01-02", "--until", "2026-01-01"], "ends before"),
        (["--from", "2026-01-02", "--window", "at night"], "hours are written"),
    ],
)
def test_bad_usage_is_told(peer: StoragePeer, tmp_path: Path, options: list[str], words: str) -> None:
    bench = Bench(Archive("NOBODY", 1), peer, tmp_path)
    done = bench.fetch("move", *options)
    assert done.exit_code == 2
    assert words in done.output
