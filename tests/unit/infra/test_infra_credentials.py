"""Secrets: made once, closed from their first moment."""

import stat
from pathlib import Path

from infra.local.credentials import keep_private, key_ring, secret, token
from shared.dicom.keys import KeyRing


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = secret(tmp_path, "s3-receiver", token())
    assert secret(tmp_path, "s3-receiver", token()) == first
    assert mode(tmp_path / "s3-receiver") == 0o600


def test_replacing_an_open_file_closes_it(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text("old")
    file.chmod(0o644)
    keep_private(file, "new")
    assert file.read_text() == "new"
    assert mode(file) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_key_ring_has_one_key_and_is_never_the_same() -> None:
    one, other = KeyRing.parse(key_ring("demo")), KeyRing.parse(key_ring())
    assert (one.project, len(one.keys), other.project) == ("demo", 1, None)
    assert len({one.active.secret, one.node, other.active.secret, other.node}) == 4
