"""`isocentre anonymise`: every file has an outcome, nothing is written over, nobody sees a traceback."""

import json
import os
import random
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from tests.unit.anonymiser.building import SC, instance, text
from tests.unit.infra.alone import RING, modified, person, run, written

RETAINS_UIDS = "name: own\nbase: basic\ntitle: Own\noptions: [retain-uids]\n"
LINE_KEYS = {"input", "outcome", "reason", "output", "places", "findings"}


def told(report: Path) -> dict[str, dict[str, object]]:
    """Lines of a report by name of the file."""
    found = [json.loads(line) for line in report.read_text().splitlines()]
    assert all(set(line) == LINE_KEYS for line in found)
    return {os.path.basename(line["input"]): line for line in found}


def fuzzed() -> dict[str, bytes]:
    """Bytes that are hardly an object, or only nearly one."""
    whole = person("1.2.3.90")
    chance = random.Random(7)
    noise = bytes(chance.randrange(256) for _ in range(400))
    return {
        "empty": b"",
        "text": b"no image at all\n",
        "only-magic": bytes(128) + b"DICM",
        "cut-in-meta": whole[:180],
        "cut-in-value": whole[:-3],
        "noise": bytes(128) + b"DICM" + noise,
        "noise-behind-meta": whole[:330] + noise,
        "huge-length": whole + b"\x10\x00\x10\x00UT\0\0\xfe\xff\xff\xff",
        "huge-sequence": whole + b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff" * 500,
        "huge-meta": bytes(128) + b"DICM" + b"\x02\x00\x01\x00OB\0\0\xff\xff\xff\x7f",
        "zeros": bytes(5000),
    }


@dataclass(frozen=True)
class Ran:
    """A run over a folder with all kinds of files."""

    folder: Path
    result: Result
    report: Path

    @property
    def output(self) -> Path:
        return self.folder / "out"


def filled(folder: Path) -> Path:
    given = folder / "in"
    (given / "deep" / "er").mkdir(parents=True)
    (given / "folder.dcm").mkdir()
    for name, content in fuzzed().items():
        (given / f"{name}.dcm").write_bytes(content)
    (given / "deep" / "er" / "good").write_bytes(person("1.2.3.1"))
    (given / "deep" / "twin").write_bytes(person("1.2.3.1"))
    (given / "folder.dcm" / "other.dcm").write_bytes(person("1.2.3.2"))
    (given / "captured.dcm").write_bytes(instance(text(0x00420011, "OB", "%PDF"), sop_class=SC))
    (given / os.fsdecode(b"\xff\xfe.dcm")).write_bytes(person("1.2.3.3"))
    os.mkfifo(given / "fifo.dcm")
    (given / "loop.dcm").symlink_to(given / "loop.dcm")
    (given / "dangling.dcm").symlink_to(given / "nowhere")
    (given / "up").symlink_to(given)
    return given


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("alone")
    (folder / "key").touch(0o600)
    (folder / "key").write_text(RING)
    given, report = filled(folder), folder / "report.jsonl"
    arguments = (given, folder / "out", "--profile", "research", "--key", folder / "key", "--report", report)
    return Ran(folder, run(*arguments, "--jobs", "2"), report)


def test_every_file_has_one_outcome_and_the_command_ends_well(ran: Ran):
    assert ran.result.exit_code == 0
    outcomes = told(ran.report)
    assert len(ran.report.read_text().splitlines()) == 5 + len(fuzzed()) + 3
    assert {name: line["outcome"] for name, line in outcomes.items() if name in ("good", "twin", "other.dcm")} == {
        "good": "cleaned",
        "twin": "cleaned",
        "other.dcm": "cleaned",
    }
    assert outcomes[os.fsdecode(b"\xff\xfe.dcm")]["outcome"] == "cleaned"
    assert outcomes["captured.dcm"]["reason"] == "encapsulated-document"
    assert {name: outcomes[f"{name}.dcm"]["reason"] for name in ("empty", "fifo", "loop", "dangling", "text")} == {
        "empty": "empty-file",
        "fifo": "no-regular-file",
        "loop": "unreadable-file",
        "dangling": "unreadable-file",
        "text": "not-dicom",
    }
    for name in fuzzed():
        assert outcomes[f"{name}.dcm"]["outcome"] in ("failed", "rejected", "quarantined"), name
        assert outcomes[f"{name}.dcm"]["reason"] != "unexpected", name


def test_the_summary_counts_all_of_them(ran: Ran):
    assert f"{5 + len(fuzzed()) + 3} files" in ran.result.output
    assert "cleaned" in ran.result.output


def test_the_report_is_its_owners_alone(ran: Ran):
    assert stat.S_IMODE(ran.report.stat().st_mode) == 0o600


def test_results_lie_under_their_new_uids_and_hold_no_old_ones(ran: Ran):
    files = written(ran.output)
    assert len(files) == 3, "twins are one object"
    lines = [line for line in told(ran.report).values() if line["outcome"] == "cleaned"]
    assert {str(Path(str(line["output"])).relative_to(ran.output)) for line in lines} == set(files)
    for name, content in files.items():
        study, series, instance_name = name.split("/")
        assert study.startswith("2.25.")
        assert series.startswith("2.25.")
        assert instance_name.removesuffix(".dcm").encode() in content
        assert b"T2 axial" in content
        for gone in (b"Doe", b"Jane", b"4711", b"1.2.3."):
            assert gone not in content


def test_the_same_again_writes_the_same_and_changes_nothing(ran: Ran, tmp_path: Path):
    before = written(ran.output)
    times = modified(ran.output)
    arguments = (ran.folder / "in", ran.output, "--profile", "research", "--key", ran.folder / "key")
    again = run(*arguments, "--report", tmp_path / "second.jsonl")
    assert again.exit_code == 0
    assert written(ran.output) == before
    assert modified(ran.output) == times
    first, second = told(ran.report), told(tmp_path / "second.jsonl")
    assert first == second


def test_an_object_that_has_changed_under_its_uid_is_a_conflict_and_the_old_one_stays(ran: Ran, tmp_path: Path):
    changed = tmp_path / "changed.dcm"
    changed.write_bytes(person("1.2.3.1").replace(b"T2 axial", b"T1 axial"))
    before = written(ran.output)
    arguments = (changed, ran.output, "--profile", "research", "--key", ran.folder / "key")
    result = run(*arguments, "--report", tmp_path / "report.jsonl")
    assert result.exit_code == 0
    assert told(tmp_path / "report.jsonl")["changed.dcm"] | {"input": ""} == {
        "input": "",
        "outcome": "failed",
        "reason": "uid-conflict",
        "output": "",
        "places": [],
        "findings": [],
    }
    assert written(ran.output) == before


def test_a_dry_run_writes_nothing_and_tells_what_would_change_and_why(ran: Ran, tmp_path: Path):
    given = tmp_path / "one.dcm"
    given.write_bytes(person("1.2.3.9", text(0x00081090, "LO", "[red]Trio")))
    arguments = (given, tmp_path / "out", "--profile", "research", "--key", ran.folder / "key", "--dry-run")
    result = run(*arguments)
    assert result.exit_code == 0
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.dcm"]
    shown = result.output
    for words in ("(0010,0010) PatientName", "Doe^Jane", "IC-", "the patient's code", "SOPInstanceUID", "1.2.3.9"):
        assert words in shown
    assert "SeriesDescription" not in shown, "it stays as it is"
    assert "Table E.1-1: U" in shown


def test_one_file_goes_where_a_folder_goes(ran: Ran, tmp_path: Path):
    given = tmp_path / "one.dcm"
    given.write_bytes(person("1.2.3.1"))
    run(given, tmp_path / "out", "--profile", "research", "--key", ran.folder / "key")
    ((name, content),) = written(tmp_path / "out").items()
    assert written(ran.output)[name] == content


@pytest.mark.parametrize("uid", ["..", "../../up", "1.2\\..", "/up"])
def test_no_uid_leads_out_of_the_folder_of_results(tmp_path: Path, uid: str):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "own.yaml").write_text(RETAINS_UIDS)
    (tmp_path / "key").touch(0o600)
    (tmp_path / "key").write_text(RING)
    given = tmp_path / "given.dcm"
    given.write_bytes(person("1.2.3.1", text(0x0020000D, "UI", uid), text(0x0020000E, "UI", uid)))
    before = set(tmp_path.iterdir())
    output = tmp_path / "deep" / "out"
    arguments = ("--profile", "own", "--profiles", tmp_path / "profiles", "--key", tmp_path / "key")
    assert run(given, output, *arguments, "--jobs", "1").exit_code == 0
    (name,) = written(tmp_path / "deep")
    assert name.startswith("out/2.25.")
    assert set(tmp_path.iterdir()) - before == {tmp_path / "deep"}


def test_basic_needs_no_key_says_so_and_gives_others_each_time(tmp_path: Path):
    given = tmp_path / "one.dcm"
    given.write_bytes(person("1.2.3.1"))
    for out in ("a", "b"):
        result = run(given, tmp_path / out, "--profile", "basic")
        assert result.exit_code == 0
        assert "used once" in result.output
    assert len({name for out in ("a", "b") for name in written(tmp_path / out)}) == 2
