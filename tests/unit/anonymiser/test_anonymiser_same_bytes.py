"""The same input gives the same bytes: in every process, and through the service as on the command line."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydicom.data import get_testdata_file

from infra.cli import main
from services.anonymiser.dataset.tree import Element
from services.anonymiser.engine import Cleaned, Engine
from services.anonymiser.engines import Engines
from services.anonymiser.handler import Anonymise
from services.anonymiser.profile.load import load, shipped
from shared.dicom import part10
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing
from shared.dicom.patients import Patients
from shared.outcome import Done
from shared.runner import Incoming
from tests.support.events import received
from tests.support.memory_store import MemoryStore
from tests.support.probe import SYNTAXES, Probe
from tests.unit.anonymiser.building import CT, MR, instance, sequence, text

SITE = "site-a"
RING = KeyRing.new().dumps()
PROFILES = ("research", "eucaim", "basic")


def objects() -> dict[str, bytes]:
    """Objects of many kinds, at whose pixels nobody has to look."""
    reference = (text(0x00081150, "UI", MR), text(0x00081155, "UI", "2.77.4711"))
    private = (
        text(0x20050010, "LO", "Philips MR Imaging DD 001 "),
        Element(0x2005100D, "FL", b"\0\0\x80?"),
        text(0x20051035, "CS", "MAGIC "),
    )
    words = text(0x0008103E, "LO", "T2 axial Doe 17.05.2016 knee")
    made = {f"probe-{name}": Probe().file(name) for name in SYNTAXES}
    made["text"] = instance(words, text(0x00080020, "DA", "20160517"), text(0x00204000, "LT", "seen by Dr. Roe"))
    made["private"] = instance(*private, sequence(0x00081140, reference), sop_class=CT)
    for name in ("CT_small.dcm", "rtstruct.dcm", "rtplan.dcm", "reportsi.dcm", "waveform_ecg.dcm"):
        path = get_testdata_file(name, download=False)
        assert isinstance(path, str)
        made[name] = Path(path).read_bytes()
    return made


def digests(ring: str) -> dict[str, str]:
    """SHA-256 of what becomes of all of them, by profile and name; nothing for what is held."""
    made = {}
    for profile in PROFILES:
        engine = Engine(load(profile), Pseudonyms.of(KeyRing.parse(ring)), Patients.of(SITE))
        for name, content in objects().items():
            verdict = engine.anonymise(content, SITE)
            told = (
                [verdict.digest, verdict.header, list(map(str, verdict.findings))]
                if isinstance(verdict, Cleaned)
                else []
            )
            made[f"{profile} {name}"] = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return made


TELL = "import sys, json; from tests.unit.anonymiser.test_anonymiser_same_bytes import digests; "
TELL += "json.dump(digests(sys.stdin.read()), sys.stdout)"


def in_a_process_of_its_own(seed: str) -> dict[str, str]:
    ran = subprocess.run(
        [sys.executable, "-c", TELL],
        input=RING,
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(ran.stdout)
    return found


def test_processes_that_hash_in_different_ways_agree():
    one, other = in_a_process_of_its_own("1"), in_a_process_of_its_own("4711")
    assert one == other == digests(RING)
    held = hashlib.sha256(b"[]").hexdigest()
    assert sum(digest != held for digest in one.values()) >= 2 * len(objects()), "most of them are cleaned"
    assert len(set(one.values())) > 20


# --- the service and the command line


def served(folder: Path, profile: str) -> dict[str, bytes]:
    """What the service makes of the files of `folder`, by SOP Instance UID."""
    pseudonyms = Pseudonyms.of(KeyRing.parse(RING))
    identified, clean = MemoryStore("identified"), MemoryStore("clean")
    engines = Engines(
        profiles={SITE: profile},
        texts=shipped(),
        pseudonyms=pseudonyms,
        patients=Patients.of(SITE),
        examiner=None,
    )
    handle = Anonymise(
        identified=identified,
        clean=clean,
        engines=engines,
        pseudonyms=pseudonyms,
        ended=lambda arrival: False,
        erased=lambda arrival: False,
        largest=2**30,
    )
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        digest = part10.digest(content, "")
        event = received(site=SITE, digest=digest, key=f"{SITE}/{digest}.dcm", arrival=pseudonyms.arrival(SITE, digest))
        identified.put(event.key, content)
        outcome = handle(Incoming(event, event.topic, 0, 0, datetime.now(UTC)))
        assert isinstance(outcome, Done), (path.name, outcome)
    return {
        key.rsplit("/", 1)[1].rsplit(".", 2)[0]: value for key, value in clean.objects.items() if key.endswith("dcm")
    }


@pytest.mark.parametrize("profile", ["research", "basic"])
def test_the_service_and_the_command_line_make_the_same_bytes(profile: str, tmp_path: Path):
    given, key, out = tmp_path / "in", tmp_path / "key", tmp_path / "out"
    given.mkdir()
    for name, content in objects().items():
        if name in ("text", "private", "CT_small.dcm", "rtplan.dcm", "probe-explicit"):
            (given / name).write_bytes(distinct(content, name))
    key.touch(0o600)
    key.write_text(RING)
    arguments = ["anonymise", str(given), str(out), "--profile", profile, "--key", str(key), "--site", SITE]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    alone = {path.stem: path.read_bytes() for path in out.rglob("*.dcm")}
    assert alone == served(given, profile)
    assert len(alone) == len(list(given.iterdir()))


def distinct(content: bytes, name: str) -> bytes:
    """Objects built here have one SOP Instance UID; here each gets its own."""
    return content.replace(b"1.2.3.4.5\0", f"1.2.3.4.{len(name) % 10}\0".encode())
