"""What is told of a run: rates, floors and every failure."""

import json

from tests.bench.deid import report
from tests.bench.deid.__main__ import _judged
from tests.bench.deid.runs import OURS, Run
from tests.bench.deid.score import Scored, Verdict
from tests.bench.deid.truth import ACTIONS, Check, Instance

FILE = "a.dcm"


def scored(*failing: tuple[str, str], held: bool = False, each: int = 1000) -> Scored:
    """So many checks of each action, of which these fail."""
    verdicts = [Verdict(Check(FILE, "text", action, f"{n:08X}"), None) for action in ACTIONS for n in range(each)]
    verdicts += [Verdict(Check(FILE, place, action, "0008103E", "x|y"), "because") for action, place in failing]
    instances = {FILE: Instance(FILE, "CT", "1", "generated")}
    return Scored(tuple(verdicts), instances, {FILE: "quarantined: test"} if held else {})


def run(tool: str = OURS) -> Run:
    return Run(tool, "1", 2.0, 1.0, {})


def test_without_failures_no_floor_is_missed() -> None:
    assert report.missed(scored()) == []
    assert _judged([(run(), scored())]) == 0


def test_each_floor_is_told_when_it_is_missed() -> None:
    for action in ("date_shifted", "uid_changed", "uid_consistent", "pixels_hidden", "pixels_retained"):
        assert [one.split(":")[0] for one in report.missed(scored((action, "header")))] == [action]
    assert {one.split(":")[0] for one in report.missed(scored(*[("text_removed", "text")] * 6))} == {
        "all",
        "text_removed",
    }
    some = scored(*[("text_retained", "text")] * 40)
    assert {"text_retained", "text_retained in free text"} <= {one.split(":")[0] for one in report.missed(some)}
    assert [one for one in report.missed(scored(held=True)) if one.startswith("held back: 100")]


def test_free_text_has_a_floor_of_its_own() -> None:
    header = [Verdict(Check(FILE, "header", "text_retained"), None)] * 10_000
    text = [Verdict(Check(FILE, "text", "text_retained"), "lost" if n < 4 else None) for n in range(100)]
    found = report.missed(Scored((*header, *text), {FILE: Instance(FILE, "CT", "1", "real")}, {}))
    assert [one.split(":")[0] for one in found if "for want of checks" not in one] == ["text_retained in free text"]


def test_a_floor_without_checks_is_missed() -> None:
    nothing = Scored((), {}, {})
    assert {one.split(",")[0] for one in report.missed(nothing)} == {
        f"{name}: for want of checks" for name in report.FLOORS
    }
    assert _judged([(run(), nothing)]) == 1
    few = scored(each=report.LEAST_CHECKS - 1)
    assert "pixels_hidden: for want of checks, 19, at least 20" in report.missed(few)
    assert not [one for one in report.missed(scored(each=report.LEAST_CHECKS)) if one.startswith("pixels_hidden")]


def test_what_was_not_checked_has_no_rate() -> None:
    text = report.markdown([(run(), Scored((), {}, {}))], {"seed": 1})
    assert "| pixels_hidden | 0 | - |" in text
    assert report.as_json(run(), Scored((), {}, {}))["rates"]["pixels_hidden"]["percent"] == 0


def test_of_phrases_held_out_the_floors_decide_nothing() -> None:
    assert _judged([(run(), scored(("uid_changed", "uid")))], deciding=False) == 0


def test_only_our_floors_decide_the_exit_status() -> None:
    assert _judged([(run("deid"), scored(("uid_changed", "uid")))]) == 0
    assert _judged([(run(), scored(("uid_changed", "uid")))]) == 1


def test_a_date_that_became_another_is_told_apart() -> None:
    moved = Verdict(Check(FILE, "header", "date_shifted"), "moved by 3 days, the others by 2", otherwise=True)
    left = Verdict(Check(FILE, "header", "date_shifted"), "unchanged")
    rates = report.rates(Scored((moved, left), {FILE: Instance(FILE, "CT", "1", "real")}, {}))
    assert (rates["date_shifted"].passed, rates["date_shifted as MIDI asks"].passed) == (0, 1)


def test_the_report_names_every_failure_of_ours_and_counts_the_peers() -> None:
    one = scored(("text_removed", "text"), ("uid_changed", "uid"))
    text = report.markdown([(run(), one), (run("deid"), one)], {"seed": 1})
    assert text.count("| a.dcm | text_removed | 0008103E | because |") == 1
    assert "| text_removed | 0008103E | 1 |" in text
    told = report.as_json(run(), one)
    assert len(told["failures"]) == 2
    assert json.loads(json.dumps(told))["rates"]["uid_changed"]["checks"] == 1001
