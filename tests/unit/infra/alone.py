"""`isocentre anonymise` run in this process, and what it leaves."""

from pathlib import Path

from click.testing import CliRunner, Result

from infra.cli import main
from services.anonymiser.dataset.tree import Element
from shared.dicom.keys import KeyRing
from tests.unit.anonymiser.building import CT, instance, text

RING = KeyRing.new().dumps()


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["anonymise", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def modified(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def person(uid: str, *more: Element) -> bytes:
    return instance(text(0x00080018, "UI", uid), text(0x0008103E, "LO", "T2 axial"), *more, sop_class=CT)
