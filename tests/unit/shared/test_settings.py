"""Settings that are wrong or missing are told without what was given."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.validator.settings import Settings
from shared.misconfigured import Misconfigured
from shared.outcome import Transient
from shared.settings import StoreSettings
from shared.storage import TreeStore, open_bucket

S3 = {"S3_ENDPOINT": "http://127.0.0.1:9", "S3_ACCESS_KEY": "user", "S3_SECRET_KEY": "topsecretvalue"}


def test_a_missing_setting_does_not_print_the_secrets_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTRE_S3_SECRET_KEY", "topsecretvalue")
    monkeypatch.setenv("ISOCENTRE_HEALTH_PORT", "no number")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "health_port" in str(refused.value)
    assert "topsecretvalue" not in str(refused.value)


@pytest.mark.parametrize("missing", S3)
def test_a_store_takes_all_of_its_credentials(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in S3.items():
        monkeypatch.setenv(f"ISOCENTRE_{name}", "" if name == missing else value)
    with pytest.raises(Misconfigured, match="ISOCENTRE_STORE_TREE") as refused:
        open_bucket(StoreSettings(), "clean")
    assert "topsecretvalue" not in str(refused.value)


def test_whoever_is_told_the_tree_needs_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTRE_STORE_TREE", "/srv/objects")
    assert isinstance(open_bucket(StoreSettings(), "clean"), TreeStore)


def test_who_is_told_both_takes_the_files_of_what_the_tree_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "derived").symlink_to("not mounted")
    for name, value in (S3 | {"STORE_TREE": str(tmp_path)}).items():
        monkeypatch.setenv(f"ISOCENTRE_{name}", value)
    assert not isinstance(open_bucket(StoreSettings(), "clean"), TreeStore)
    derived = open_bucket(StoreSettings(), "derived")
    with pytest.raises(Transient):
        derived.put("a.jpg", b"x")
