"""What comes by an import or a retrieval: a lane of its own, to the same end."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.archives import CALLING, Archive, orthanc
from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import Item, ct
from tests.support.pipeline import IN_BULK, RECEIVED, Pipeline
from tests.support.stack import ROOT
from tests.support.stow import token_of

COLLECTION = 260
BULK = "ISOCENTRE_BULK"
PROGRAM = "from infra.cli import main; main()"


def isocentre(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


def imported(pipeline: Pipeline, source: Path, folder: Path) -> dict[str, int]:
    to = ["--to", f"127.0.0.1:{pipeline.stack.dicom_port}", "--calling", "SITE_A"]
    kept = ["--journal", folder / "journal.sqlite", "--json", folder / "report.json"]
    done = isocentre("import", source, *to, *kept)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, int] = json.loads((folder / "report.json").read_text())["results"]
    return told


def address(archive: Archive) -> str:
    return f"ae_title: {archive.title}, host: 127.0.0.1, port: {archive.port}, calling: {CALLING}"


def lane(pipeline: Pipeline, item: Item) -> list[str]:
    """On which topics it was announced."""
    uid = item.sop_instance_uid
    return [topic for topic in (RECEIVED, IN_BULK) for _ in pipeline.topics.events(topic, sop_instance_uid=uid)]


def test_an_import_takes_the_lane_for_bulk_and_comes_to_the_same_end(pipeline: Pipeline, tmp_path: Path) -> None:
    items = [ct(COLLECTION, number) for number in range(3)]
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, item in enumerate(items):
            archive.writestr(f"study/{number}", item.part10())
        archive.writestr("readme.txt", "hello, world")
    told = imported(pipeline, tmp_path / "in.zip", tmp_path)
    assert told == {"sent": 3, "repeated": 0, "not-dicom": 1, "refused": 0, "failed": 0}
    for item in items:
        assert lane(pipeline, item) == [IN_BULK]
        (event,) = pipeline.received(item.sop_instance_uid)
        assert pipeline.stack.read("identified", event["key"]).endswith(item.data_set)
        pipeline.arrived(item.sop_instance_uid)
    again = imported(pipeline, tmp_path / "in.zip", tmp_path)
    assert again == {"sent": 0, "repeated": 3, "not-dicom": 1, "refused": 0, "failed": 0}


def test_the_same_on_both_lanes_is_one_arrival(pipeline: Pipeline, tmp_path: Path) -> None:
    first, second = ct(COLLECTION, 10), ct(COLLECTION, 11)
    port = pipeline.stack.dicom_port
    assert send_all(port, [first]) == [SUCCESS]
    (tmp_path / "in").mkdir()
    for number, item in enumerate((first, second)):
        (tmp_path / "in" / str(number)).write_bytes(item.part10())
    assert imported(pipeline, tmp_path / "in", tmp_path)["sent"] == 2
    assert send_all(port, [second]) == [SUCCESS]
    assert (lane(pipeline, first), lane(pipeline, second)) == ([RECEIVED], [IN_BULK])
    for item in (first, second):
        pipeline.arrived(item.sop_instance_uid)


def test_an_import_by_http_takes_the_same_lane_and_keeps_the_whole_file(pipeline: Pipeline, tmp_path: Path) -> None:
    items = [ct(COLLECTION, number) for number in (20, 21)]
    (tmp_path / "in").mkdir()
    for number, item in enumerate(items):
        (tmp_path / "in" / str(number)).write_bytes(item.part10())
    (tmp_path / "in" / "bare").write_bytes(ct(COLLECTION, 22).data_set)
    (tmp_path / "token").write_text(token_of("site-a"))
    (tmp_path / "token").chmod(0o600)
    to = ["--to", f"{pipeline.stack.stow}/studies", "--token-file", tmp_path / "token"]
    done = isocentre("import", tmp_path / "in", *to, "--journal", tmp_path / "journal.sqlite")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 files = 3 sent" in done.stdout
    for item in items:
        assert lane(pipeline, item) == [IN_BULK]
        (event,) = pipeline.received(item.sop_instance_uid)
        assert pipeline.stack.read("identified", event["key"]) == item.part10()
    for number in (20, 21, 22):
        pipeline.arrived(ct(COLLECTION, number).sop_instance_uid)
    (tmp_path / "token").write_text("some other token")
    shut_out = isocentre("import", tmp_path / "in", *to, "--journal", tmp_path / "other.sqlite")
    assert shut_out.returncode == 2
    assert "token" in shut_out.stderr


@pytest.mark.parametrize("mode", ["get", "web"])
def test_a_study_comes_from_an_archive_and_all_the_way(pipeline: Pipeline, tmp_path: Path, mode: str) -> None:
    items = [ct(COLLECTION + 1 + (mode == "web"), number) for number in range(2)]
    (tmp_path / "files").mkdir()
    for number, item in enumerate(items):
        (tmp_path / "files" / str(number)).write_bytes(item.part10())
    with orthanc(tmp_path / "orthanc", 1) as archive:
        archive.stored(tmp_path / "files")
        (tmp_path / "sources.yaml").write_text(
            f"sources:\n  get: {{mode: get, {address(archive)}}}\n  web: {{mode: web, url: '{archive.url}'}}\n"
        )
        (tmp_path / "studies").write_text(items[0].sop_instance_uid.rpartition(".1.")[0])
        done = isocentre(
            *("fetch", mode, "--sources", tmp_path / "sources.yaml", "--studies", tmp_path / "studies"),
            *("--to", f"127.0.0.1:{pipeline.stack.dicom_port}", "--calling", "SITE_A"),
            *("--journal", tmp_path / "journal.sqlite"),
        )
    assert done.returncode == 0, done.stdout + done.stderr
    for item in items:
        assert lane(pipeline, item) == [IN_BULK]
        pipeline.arrived(item.sop_instance_uid)


def test_an_archive_sends_to_the_lane_for_bulk_by_itself(pipeline: Pipeline, tmp_path: Path) -> None:
    """C-MOVE: the archive calls our bulk title, under a title that the sites file knows."""
    items = [ct(COLLECTION + 3, number) for number in range(2)]
    (tmp_path / "files").mkdir()
    for number, item in enumerate(items):
        (tmp_path / "files" / str(number)).write_bytes(item.part10())
    with orthanc(tmp_path / "orthanc", pipeline.stack.dicom_port, title="SITE_A", destination_title=BULK) as archive:
        archive.stored(tmp_path / "files")
        (tmp_path / "sources.yaml").write_text(
            f"sources:\n  move: {{mode: move, {address(archive)}, destination: {BULK}}}\n"
        )
        (tmp_path / "studies").write_text(items[0].sop_instance_uid.rpartition(".1.")[0])
        done = isocentre(
            *("fetch", "move", "--sources", tmp_path / "sources.yaml", "--studies", tmp_path / "studies"),
            *("--journal", tmp_path / "journal.sqlite"),
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 studies = 1 complete" in done.stdout
    for item in items:
        assert lane(pipeline, item) == [IN_BULK]
