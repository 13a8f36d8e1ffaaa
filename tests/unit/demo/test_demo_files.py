"""Finding files in any folder, and telling what each one is."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from infra.demo.examination import Examined, Instance, NotDicom, Unsendable, examine
from infra.demo.plan import SITES, deal, next_batch, site_of
from infra.importing.discovery import Found, find
from shared.dicom import part10
from shared.dicom.pdu import MOST_CONTEXTS

WHEEL = Path(pydicom.__file__).parent / "data"
FILES = WHEEL / "test_files"
CT = FILES / "CT_small.dcm"


def look(path: Path) -> Examined:
    return examine(Found(path, path.name))


def instance(path: Path) -> Instance:
    examined = look(path)
    assert isinstance(examined, Instance)
    return examined


def made(number: int, sop_class: str = "1.2.3", study: str | None = None) -> Instance:
    return Instance(
        Found(Path(f"/{number}"), f"{number}"), 0, sop_class, f"1.2.{number}", "1.2.840.10008.1.2", study, ""
    )


def test_files_are_found_at_every_depth_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b/deep/er/2", "b/1", "a"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [found.name for found in find(tmp_path)] == ["a", "b/1", "b/deep/er/2"]


def test_loops_of_links_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(b"x")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    assert [found.name for found in find(tmp_path)] == ["a/file"]


def test_a_link_to_elsewhere_is_followed_and_a_broken_one_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "nowhere").symlink_to(tmp_path / "missing")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(CT.read_bytes())
    (tmp_path / "input" / "there").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    found = list(find(tmp_path / "input"))
    assert [type(examine(one)) for one in found] == [NotDicom, Instance]


def test_names_that_are_not_text(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.dcm")).write_bytes(CT.read_bytes())
    [found] = find(tmp_path)
    found.name.encode()  # can be printed and written as JSON
    assert isinstance(examine(found), Instance)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\x08", "no-dicom"),
        (b"hello, world, this is no image", "no-dicom"),
        (bytes(1_000_000), "no-dicom"),
        (b"\x08\x00" * 5000, "no-dicom"),
        (b"\x08\x00\x16\x00UI\xff\xff1.2", "no-dicom"),
    ],
)
def test_no_dicom(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert look(path) == NotDicom(Found(path, "file"), reason)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert look(tmp_path / "pipe") == NotDicom(Found(tmp_path / "pipe", "pipe"), "not-a-file")


def test_a_preamble_without_uids_is_dicom_that_cannot_be_sent(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(128) + b"DICM" + bytes(1000))
    assert look(path) == Unsendable(Found(path, "file"), "no-sop-uids")


def test_a_huge_file_is_not_read_whole_for_its_uids(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(CT.read_bytes())
        file.truncate(64 * 1024 * 1024)
    assert instance(path).sop_instance_uid == instance(CT).sop_instance_uid


def test_the_digest_is_that_of_the_receiver() -> None:
    known = instance(CT)
    data = CT.read_bytes()[known.offset :]
    assert known.digest == part10.digest(data, known.transfer_syntax_uid)


def test_the_syntax_of_a_bare_data_set_is_seen_from_its_first_element() -> None:
    assert instance(FILES / "ExplVR_BigEndNoMeta.dcm").transfer_syntax_uid == ExplicitVRBigEndian
    assert instance(FILES / "ExplVR_LitEndNoMeta.dcm").transfer_syntax_uid == ExplicitVRLittleEndian
    assert instance(FILES / "rtstruct.dcm").transfer_syntax_uid == "1.2.840.10008.1.2"


def test_deflated_data_sets_are_read_and_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    known = instance(FILES / "image_dfl.dcm")
    assert known.transfer_syntax_uid == DeflatedExplicitVRLittleEndian
    assert known.study
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(256 * 1024 * 1024)) + packer.flush()
    path = tmp_path / "bomb"
    path.write_bytes((FILES / "image_dfl.dcm").read_bytes()[: known.offset] + bomb)
    assert instance(path).study is None


def test_the_data_set_names_the_instance_and_file_meta_stands_in() -> None:
    # The meta of this file names another instance than its data set does.
    path = WHEEL / "charset_files" / "chrJapMulti.dcm"
    assert instance(path).sop_instance_uid == pydicom.dcmread(path).SOPInstanceUID
    # This one's data set names none.
    assert instance(FILES / "priv_SQ.dcm").sop_instance_uid == "1.1.111.111111.1.111.1111111111.1111.1111111111.111"


def test_a_study_comes_from_one_site_and_both_send() -> None:
    assert len({site_of(made(number, study="1.2")) for number in range(50)}) == 1
    assert {site_of(made(number)) for number in range(50)} == set(SITES)


def test_lanes_hold_every_instance_once() -> None:
    instances = [made(number) for number in range(50)]
    dealt = deal(instances, per_site=2)
    assert len(dealt) == 4
    assert sorted(one.sop_instance_uid for hand in dealt for one in hand.instances) == sorted(
        one.sop_instance_uid for one in instances
    )
    assert all(site_of(one) == hand.calling for hand in dealt for one in hand.instances)
    assert deal([], per_site=2) == []


def test_an_association_carries_128_contexts() -> None:
    pending = [made(number, sop_class=f"1.2.{number % 200}") for number in range(400)]
    batch = next_batch(pending)
    assert len(batch.contexts) == MOST_CONTEXTS
    assert batch.instances == pending[:MOST_CONTEXTS]
    assert next_batch([made(1), made(2), made(3, sop_class="1.9")], most_contexts=1).instances == [made(1), made(2)]
