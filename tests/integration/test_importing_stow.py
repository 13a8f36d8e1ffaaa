"""`isocentre import` by STOW-RS, to a service that is not ours: Orthanc's."""

from __future__ import annotations

import json
import urllib.request
from io import BytesIO
from pathlib import Path

import pydicom
from click.testing import CliRunner

from infra.cli import main
from infra.importing.heads import read_head
from tests.support.archives import orthanc

FILES = Path(pydicom.__file__).parent / "data" / "test_files"
SENT = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "JPGExtended.dcm", "rtplan.dcm")


def test_files_arrive_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in SENT:
        (folder / name).symlink_to(FILES / name)
    with orthanc(tmp_path / "orthanc", 1) as archive:
        arguments = ["import", str(folder), "--to", f"{archive.url}/studies", "--journal", str(tmp_path / "j.sqlite")]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        assert "5 files = 5 sent" in done.output
        server = archive.url.removesuffix("/dicom-web")
        kept = set()
        for one in json.loads(urllib.request.urlopen(f"{server}/instances", timeout=10).read()):
            content = urllib.request.urlopen(f"{server}/instances/{one}/file", timeout=10).read()
            kept.add(content[read_head(BytesIO(content)).instance.offset :])
    sent = set()
    for name in SENT:
        content = (FILES / name).read_bytes()
        sent.add(content[read_head(BytesIO(content)).instance.offset :])
    assert kept == sent
