"""A tree's files in the order of the keys, a folder at a time."""

import shutil
from pathlib import Path

import pytest

from shared.storage.walk import files


def keys(bucket: Path, prefix: str = "") -> list[str]:
    return [key for key, _ in files(bucket, prefix)]


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    for key in ("a/1", "a/2", "b/1", "c", ".sgwtmp/draft", ".sgwtmp/multipart/x/1"):
        (tmp_path / "bucket" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bucket" / key).touch()
    return tmp_path / "bucket"


def test_what_is_on_its_way_is_not_there(bucket: Path) -> None:
    assert keys(bucket) == ["a/1", "a/2", "b/1", "c"]
    assert keys(bucket, ".sgwtmp/") == []


def test_looks_into_a_folder_when_it_comes_to_it(bucket: Path) -> None:
    walk = files(bucket, "")
    assert next(walk)[0] == "a/1"
    shutil.rmtree(bucket / "b")
    (bucket / "c").unlink()
    assert [key for key, _ in walk] == ["a/2", "c"]


@pytest.mark.parametrize("prefix", ["/", "//", "../", "a/../../", "./", "x/", "c/", "a/1/", "a\0/"])
def test_no_prefix_leads_out_of_the_bucket(bucket: Path, prefix: str) -> None:
    (bucket.parent / "beside").touch()
    assert keys(bucket, prefix) == []
