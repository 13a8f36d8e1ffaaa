"""The scorer: everything is right of a perfect output, and each action sees red when it is spoiled."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from tests.bench.deid import report
from tests.bench.deid.dataset import files
from tests.bench.deid.score import Output, Scored, score
from tests.bench.deid.truth import ACTIONS, Check, locate
from tests.unit.bench_deid import perfect


def failed(scored: Scored) -> set[str]:
    return {verdict.check.action for verdict in scored.verdicts if verdict.failure}


def on(action: str, change: Callable[[Dataset, Check], None]) -> perfect.Spoil:
    """Spoils the top-level element of the first check of this action, in every object that has one."""

    def spoil(dataset: Dataset, checks: list[Check]) -> None:
        for check in checks:
            if check.action == action and not set(check.path) & set("*{/"):
                change(dataset, check)
                return

    return spoil


def drop(dataset: Dataset, check: Check) -> None:
    del dataset[int(check.path, 16)]


def empty(dataset: Dataset, check: Check) -> None:
    dataset[int(check.path, 16)].value = None


def put_back(dataset: Dataset, check: Check) -> None:
    element = locate(dataset, check.path)
    if element is None:
        dataset.add_new(int(check.path, 16), "LO", check.value)
    else:
        element.value = check.value


def move_elsewhere(dataset: Dataset, _: Check) -> None:
    if dataset.Modality in ("CT", "DX"):
        dataset.StudyDate = "19990101"


def another(dataset: Dataset, check: Check) -> None:
    element = locate(dataset, check.path)
    assert element is not None
    element.value = f"2.25.{int(dataset.InstanceNumber) + 5}{len(check.file)}"


def another_patient(dataset: Dataset, _: Check) -> None:
    dataset.PatientID = f"P{dataset.SOPInstanceUID[-12:]}"


def write_again(dataset: Dataset, check: Check) -> None:
    """The text's box as light as dark, in stripes."""
    left, top, right, bottom = check.boxes[0]
    array = pixel_array(dataset, raw=True).copy()
    frames = array if int(dataset.get("NumberOfFrames") or 1) > 1 else array[None]
    frames[check.frame, top:bottom, left:right] = 0
    frames[check.frame, top:bottom, left:right:3] = frames.max()
    _stored(dataset, array)


def touch(dataset: Dataset, _: Check) -> None:
    """One value of one pixel, far from any text."""
    array = pixel_array(dataset, raw=True).copy()
    middle = tuple(size // 2 for size in array.shape)
    array[middle] ^= 1
    _stored(dataset, array)


def _stored(dataset: Dataset, array: np.ndarray) -> None:
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.decompress(as_rgb=False, generate_instance_uid=False)
    dataset.PixelData = array.tobytes()


SPOILED = {
    "tag_retained": on("tag_retained", drop),
    "text_notnull": on("text_notnull", empty),
    "text_retained": on("text_retained", empty),
    "text_removed": on("text_removed", put_back),
    "date_shifted": on("date_shifted", move_elsewhere),
    "uid_changed": on("uid_changed", put_back),
    "uid_consistent": on("uid_consistent", another),
    "patid_consistent": on("patid_consistent", another_patient),
    "pixels_hidden": on("pixels_hidden", write_again),
    "pixels_retained": on("pixels_retained", touch),
}


def test_a_perfect_output_passes_every_check(data: Path, tmp_path: Path) -> None:
    scored = score(data, perfect.outputs(data, tmp_path))
    assert [verdict for verdict in scored.verdicts if verdict.failure] == []
    assert {verdict.check.action for verdict in scored.verdicts} == set(ACTIONS)
    assert report.missed(scored) == []


def test_the_original_fails_all_that_should_change(data: Path) -> None:
    scored = score(data, {file: Output(data / "in" / file) for file in files(data)})
    left = [one for one in scored.verdicts if not one.failure]
    changing = {"text_removed", "date_shifted", "uid_changed", "pixels_hidden"}
    assert [one for one in left if one.check.action in changing] == []
    staying = {"tag_retained", "text_retained", "uid_consistent", "patid_consistent", "pixels_retained"}
    assert failed(scored) & staying == set()


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_sees_red(action: str, few: Path, tmp_path: Path) -> None:
    scored = score(few, perfect.outputs(few, tmp_path, SPOILED[action]))
    assert action in failed(scored)
    assert any(one.startswith(("all", action)) for one in report.missed(scored))


def test_an_identifier_left_in_another_element_is_seen(few: Path, tmp_path: Path) -> None:
    def spoil(dataset: Dataset, checks: list[Check]) -> None:
        said = next(check for check in checks if check.path == "*")
        dataset.DeidentificationMethod = f"was {said.value}"

    scored = score(few, perfect.outputs(few, tmp_path, spoil))
    assert {one.check.path for one in scored.verdicts if one.failure} == {"*"}


def test_what_was_held_back_fails_all_its_checks(few: Path, perfect_few: dict[str, Output]) -> None:
    held = next(iter(perfect_few))
    scored = score(few, perfect_few | {held: Output(None, "quarantined: test")})
    of_held = [one for one in scored.verdicts if one.check.file == held]
    assert all(one.failure and one.missing for one in of_held)
    assert len([one for one in scored.verdicts if one.failure]) == len(of_held)
    assert scored.held == {held: "quarantined: test"}
    assert any("held back" in one for one in report.missed(scored))


def test_a_broken_or_absent_output_is_no_output(few: Path, perfect_few: dict[str, Output], tmp_path: Path) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"\0" * 200)
    one, other, *_ = perfect_few
    given = {file: output for file, output in perfect_few.items() if file != other}
    scored = score(few, given | {one: Output(broken)})
    assert set(scored.held) == {one, other}


def test_two_patients_must_not_share_an_id(few: Path, tmp_path: Path) -> None:
    def spoil(dataset: Dataset, _: list[Check]) -> None:
        dataset.PatientID = "ANON"

    scored = score(few, perfect.outputs(few, tmp_path, spoil))
    assert failed(scored) == {"patid_consistent"}
