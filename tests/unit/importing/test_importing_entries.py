"""What is found in folders, archives and file-sets, and why something is not."""

from __future__ import annotations

import contextlib
import os
import random
import zipfile
from pathlib import Path

import pydicom
import pytest

from infra.importing.archives import Limits
from infra.importing.entries import Source
from infra.importing.entry import Entry
from infra.importing.heads import NoInstance, read_head
from tests.unit.importing.sources import CT, MR, content, file_set, listed, zipped

# --- folders


def test_a_folder_of_any_depth_comes_folder_by_folder(tmp_path: Path) -> None:
    for name in ("b/deep/er/2", "b/1", "a/9", "0"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    entries = [one for one in Source(tmp_path) if isinstance(one, Entry)]
    assert [one.key for one in entries] == ["0", "a/9", "b/1", "b/deep/er/2"]
    assert [Path(one.folder).name for one in entries] == [tmp_path.name, "a", "b", "er"]


def test_what_is_no_file_or_cannot_be_opened_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert listed(Source(tmp_path)) == {
        "pipe": "not-dicom/not-a-file",
        "empty": "not-dicom/empty",
        "nowhere": "failed/unreadable",
        "circle": "failed/unreadable",
    }


def test_a_folder_that_cannot_be_listed_is_not_passed_over_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").touch()
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "closed", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root may list everything
    assert listed(Source(tmp_path)) == {"open": "not-dicom/empty", "closed": "failed/unreadable-folder"}


def test_names_that_are_no_text_stay_apart(tmp_path: Path) -> None:
    for name in (b"\xff", b"\xfe"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    assert list(listed(Source(tmp_path))) == ["\\xfe", "\\xff"]


def test_a_pipe_that_takes_a_files_place_does_not_hold_us_up(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (entry,) = (one for one in Source(tmp_path) if isinstance(one, Entry))
    (tmp_path / "file").unlink()
    os.mkfifo(tmp_path / "file")
    with entry.opened() as file:
        assert file.read() == b""


# --- archives


def test_members_of_an_archive_are_files_like_others(tmp_path: Path) -> None:
    packed = {"study/b.dcm": CT.read_bytes(), "study/a.dcm": MR.read_bytes(), "readme.txt": b"hello", "void": b""}
    source = Source(zipped(tmp_path / "all.zip", packed))
    assert listed(source) == {
        "all.zip!readme.txt": "entry",
        "all.zip!void": "not-dicom/empty",
        "all.zip!study/a.dcm": "entry",
        "all.zip!study/b.dcm": "entry",
    }
    assert content(source, "all.zip!study/b.dcm") == CT.read_bytes()


def test_archives_within_a_folder_and_one_within_an_archive_are_looked_into(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"ct": CT.read_bytes()}).read_bytes()
    (tmp_path / "inner.zip").unlink()
    middle = zipped(tmp_path / "middle.zip", {"inner.zip": inner, "mr": MR.read_bytes()}).read_bytes()
    (tmp_path / "middle.zip").unlink()
    (tmp_path / "deep").mkdir()
    zipped(tmp_path / "deep" / "outer.zip", {"middle.zip": middle, "ct": CT.read_bytes()})
    source = Source(tmp_path)
    assert listed(source) == {
        "deep/outer.zip!ct": "entry",
        "deep/outer.zip!middle.zip!inner.zip": "failed/nested-too-deep",
        "deep/outer.zip!middle.zip!mr": "entry",
    }
    assert content(source, "deep/outer.zip!middle.zip!mr") == MR.read_bytes()


def test_names_in_an_archive_are_no_paths(tmp_path: Path) -> None:
    zipped(tmp_path / "evil.zip", {"../../evil.dcm": b"x", "/etc/evil.dcm": b"x"})
    before = set(tmp_path.parent.rglob("*"))
    source = Source(tmp_path / "evil.zip")
    assert sorted(listed(source)) == ["evil.zip!../../evil.dcm", "evil.zip!/etc/evil.dcm"]
    assert content(source, "evil.zip!../../evil.dcm") == b"x"
    assert set(tmp_path.parent.rglob("*")) == before


def test_what_is_encrypted_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "locked.zip", {"ct": CT.read_bytes()})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # general purpose bit flag of the local header …
    data[data.index(b"PK\x01\x02") + 8] |= 1  # … and of the directory
    path.write_bytes(data)
    assert listed(Source(path)) == {"locked.zip!ct": "failed/encrypted"}


def test_what_grows_without_end_is_left(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", {"zeros": bytes(3_000_000), "ct": CT.read_bytes()})
    assert listed(Source(path)) == {"bomb.zip!zeros": "entry", "bomb.zip!ct": "entry"}
    limits = Limits(ratio=200, free=1_000_000)
    assert listed(Source(path, limits))["bomb.zip!zeros"] == "failed/zip-bomb"
    assert listed(Source(path, Limits(member=1000)))["bomb.zip!ct"] == "failed/too-large"
    assert listed(Source(path, Limits(members=1))) == {"bomb.zip": "failed/too-many-members"}
    outer = zipped(tmp_path / "outer.zip", {"inner.zip": path.read_bytes()}, zipfile.ZIP_STORED)
    assert listed(Source(outer, limits))["outer.zip!inner.zip!zeros"] == "failed/zip-bomb"
    assert listed(Source(outer, Limits(nested=10))) == {"outer.zip!inner.zip": "failed/too-large"}


@pytest.mark.parametrize("at", [0.3, 0.9])
def test_what_is_torn_is_told(tmp_path: Path, at: float) -> None:
    path = zipped(tmp_path / "torn.zip", {"ct": CT.read_bytes()})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * at)])
    assert listed(Source(path)) == {"torn.zip": "failed/broken-archive"}


def test_a_member_whose_bytes_changed_cannot_be_read_to_its_end(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bad.zip", {"ct": CT.read_bytes()}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[5000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(OSError, match="BadZipFile"):
        content(Source(path), "bad.zip!ct")


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_whatever_is_damaged_in_an_archive_is_an_oserror_of_its_member(tmp_path: Path, packed: int) -> None:
    path = zipped(tmp_path / "bad.zip", {"ct": CT.read_bytes(), "mr.zip": MR.read_bytes()}, packed)
    whole, damages = path.read_bytes(), random.Random(packed)
    tail = len(whole) - whole.index(b"PK\x01\x02")
    for _ in range(300):
        data = bytearray(whole)
        # Half of them in the directory, in which the places and sizes stand.
        first = damages.choice([0, len(data) - tail])
        for _ in range(damages.randint(1, 4)):
            data[damages.randrange(first, len(data))] = damages.randrange(256)
        path.write_bytes(data)
        for entry in Source(path):
            if isinstance(entry, Entry):
                with contextlib.suppress(OSError, NoInstance), entry.opened() as file:
                    read_head(file)
                with contextlib.suppress(OSError), entry.opened() as file:
                    file.read()


def test_a_place_beyond_any_file_is_an_oserror(tmp_path: Path) -> None:
    path, info = tmp_path / "bad.zip", zipfile.ZipInfo("ct")
    info.extra = b"\1\0\x08\0" + b"\xff" * 8  # zip64: the place of the local header
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, CT.read_bytes())
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 42  # the same, of four bytes: see zip64
    data[at : at + 4] = b"\xff" * 4
    path.write_bytes(data)
    with pytest.raises(OSError):
        content(Source(path), "bad.zip!ct")


# --- file-sets


def test_a_dicomdir_is_a_list(tmp_path: Path) -> None:
    dicomdir = file_set(tmp_path)
    (tmp_path / "unlisted.dcm").write_bytes(CT.read_bytes())
    found = listed(Source(dicomdir))
    assert set(found.values()) == {"entry"}
    assert len(found) == 2
    assert listed(Source(tmp_path, listed=True)) == found
    key = next(iter(found))
    assert content(Source(dicomdir), key) == (tmp_path / key).read_bytes()


def test_files_that_a_dicomdir_names_and_nobody_finds_are_missing(tmp_path: Path) -> None:
    dicomdir = file_set(tmp_path)
    first, second = listed(Source(dicomdir))
    (tmp_path / first).unlink()
    assert listed(Source(dicomdir)) == {first: "failed/missing", second: "entry"}


def test_names_in_another_case_are_found(tmp_path: Path) -> None:
    dicomdir = file_set(tmp_path)
    first, _ = listed(Source(dicomdir))
    top = Path(first).parts[0]
    (tmp_path / top).rename(tmp_path / top.lower())
    assert set(listed(Source(dicomdir)).values()) == {"entry"}


def _renamed(dicomdir: Path, name: list[str]) -> None:
    changed = pydicom.dcmread(dicomdir)
    records = [one for one in changed.DirectoryRecordSequence if "ReferencedFileID" in one]
    records[0].ReferencedFileID = name
    changed.save_as(dicomdir)


def test_nothing_outside_of_the_file_set_is_reached(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(CT.read_bytes())
    dicomdir = file_set(tmp_path / "set")
    for name in (["..", "secret"], [str(tmp_path / "secret")]):
        _renamed(dicomdir, name)
        assert list(listed(Source(dicomdir)).values()) == ["failed/missing", "entry"]


def test_a_folder_without_a_dicomdir_and_a_broken_one(tmp_path: Path) -> None:
    assert listed(Source(tmp_path, listed=True)) == {"DICOMDIR": "failed/no-dicomdir"}
