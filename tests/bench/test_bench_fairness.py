"""What the measurement of fairness makes of its numbers, and how any is told, without anything to measure."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import fairness, flooding, instances, told
from tests.bench.receive.door import Door
from tests.bench.side import Sent, dicom

DOOR = Door("one", 104, "ISOCENTRE", "SITE_A", {}, held=lambda: 0)


def sent(per_second: float, accepted: int = 100) -> Sent:
    return Sent(10.0, 10.0 + accepted / per_second, 0.1, accepted, 5.0, 9.0)


@pytest.mark.parametrize(
    ("alone", "beside", "flood", "fair", "row"),
    [
        (200, 150, 250, 200, "| 0 | 200 | 5.0 / 9.0 | 150 | 5.0 / 9.0 | 250 | 0.38 | 200 | 0.75 |"),
        (200, 20, 280, 150, "| 0 | 200 | 5.0 / 9.0 | 20 | 5.0 / 9.0 | 280 | 0.07 | 150 | 0.13 |"),
    ],
)
def test_half_of_the_whole_is_fair_or_all_that_a_site_can_send(
    alone: float, beside: float, flood: float, fair: float, row: str
) -> None:
    turn = fairness.Turn(sent(alone), sent(beside), sent(flood))
    assert turn.fair == pytest.approx(fair)
    assert row in told.table(fairness.COLUMNS, fairness.rows([turn]))
    per_second = {"alone": alone, "beside": beside, "flood": flood, "fair": fair}
    assert json.loads(json.dumps(turn.as_json()))["per_second"] == per_second


def test_site_b_floods_nobody() -> None:
    line = dicom(replace(DOOR, calling="SITE_B"), Path("folder"), 1)
    assert line[2] == "tests.bench.sender"
    assert line[line.index("--calling") + 1] == "SITE_B"
    assert dicom(DOOR, Path("folder"), 14, fairness.FLOODING)[2] == flooding.__name__


def test_a_flood_brings_no_instance_twice_and_each_under_its_own_name() -> None:
    ((one, data_set),) = instances.generate("a", 1)
    made = dict(flooding.renamed(one.sop, data_set, number) for number in range(3))
    assert len(made) == len(set(made.values())) == 3
    for sop, other in made.items():
        assert len(other) == len(data_set)
        assert other.replace(sop.encode(), one.sop.encode()) == data_set


def test_of_a_flood_counts_what_was_answered_meanwhile() -> None:
    answers = [flooding.Answered(at, at / 10) for at in (1.0, 2.0, 3.0, 4.0)]
    assert flooding.between(answers, 2.0, 4.0) == [(True, 0.2), (True, 0.3)]


def test_a_page_is_kept_with_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(told, "FOLDER", tmp_path / "bench")
    text = told.page("A title", {"count": 3}, *told.table(("a", "b"), [("1", "2")]))
    told.keep("name", text, {"costs": []})
    assert capsys.readouterr().out.strip() == (tmp_path / "bench" / "name.md").read_text().strip()
    assert text == "# A title\n\ncount: 3.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert json.loads((tmp_path / "bench" / "name.json").read_text()).keys() == {"machine", "costs"}
