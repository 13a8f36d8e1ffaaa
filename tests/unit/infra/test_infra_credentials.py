"""Secrets: made once, closed from their first moment."""

import stat
from pathlib import Path

from infra.local.credentials import keep_private, project_key, secret, token


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


def test_a_project_key_is_32_bytes_and_never_the_same() -> None:
    assert len(bytes.fromhex(project_key())) == 32
    assert project_key() != project_key()
