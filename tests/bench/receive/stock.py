"""dcmtk's storescu as it comes, on one association."""

import os
import subprocess
import time
from pathlib import Path

from shared.dicom import part10
from tests.bench.instances import read_index
from tests.bench.receive.door import Door
from tests.bench.sender import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN
from tests.bench.side import Incomplete


def files_of(folder: Path, files: Path) -> None:
    """The instances of `folder` as Part 10 files in `files`."""
    files.mkdir()
    for one in read_index(folder):
        front = part10.front(EXPLICIT_VR_LITTLE_ENDIAN, CT_IMAGE_STORAGE, one.sop)
        (files / f"{one.file}.dcm").write_bytes(front + (folder / one.file).read_bytes())


def per_second(door: Door, folder: Path, *, no_delay: bool) -> float:
    """Instances/s of one run, its association included. Raises Incomplete unless all were taken."""
    files = folder.with_name(f"{folder.name}-files")
    if not files.exists():
        files_of(folder, files)
    instances = read_index(folder)
    door.expect(folder, instances)
    environment = {"PATH": os.environ.get("PATH", os.defpath)} | ({"TCP_NODELAY": "1"} if no_delay else {})
    titles = ["--call", door.called, "--aetitle", door.calling]
    command = ["storescu", *titles, "--scan-directories", "127.0.0.1", str(door.port), str(files)]
    began = time.monotonic()
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    if said.returncode != 0:
        raise Incomplete(f"storescu ended with {said.returncode}: {said.stderr}")
    door.verify(instances)
    return len(instances) / seconds
