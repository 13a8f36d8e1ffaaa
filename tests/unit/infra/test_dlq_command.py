"""`isocentre dlq` on topics in memory: what it prints, what it asks, what it does, and how it ends."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from infra.cli import dlq_options, main
from infra.dlq import acting
from infra.dlq.node import Node
from shared.events import (
    AuditRecorded,
    CleanAuditRecorded,
    CleanRequeued,
    Event,
    IdentifiedLetterSettled,
    IdentifiedRequeued,
)
from shared.outcome import Transient
from tests.support.letters import CLEAN, IDENTIFIED, clean_letter, id_of, letter
from tests.support.memory_desk import MemoryDesk
from tests.support.memory_letters import MemoryLetters

ONE, TWO, THREE = id_of(letter(1)), id_of(letter(2)), id_of(letter(3, "site-b"))
FOUR = id_of(clean_letter(1, "site-b"))


class Bench:
    """A node with four dead letters, and somebody at its command line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.identified, self.clean = MemoryLetters(IDENTIFIED), MemoryLetters(CLEAN)
        self.identified.say(letter(1), letter(2, reason="output-too-large"), letter(3, "site-b"))
        self.clean.say(clean_letter(1, "site-b"))
        monkeypatch.delenv("ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS", raising=False)
        monkeypatch.setattr(dlq_options, "of_stack", lambda home, log: Node([self.identified, self.clean]))

    def run(self, *arguments: str, code: int = 0) -> Result:
        told = CliRunner().invoke(main, ["dlq", *arguments])
        assert told.exit_code == code, told.output
        return told

    def said(self, kind: type[Event]) -> list[Any]:
        return [*self.identified.said(kind), *self.clean.said(kind)]

    def states(self) -> dict[str, str]:
        told = json.loads(self.run("list", "--each", "--all", "--json").stdout)
        return {one["letter"]: one["state"] for one in told}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


# --- looking


def test_a_list_is_by_cause_and_audited_in_each_zone(bench: Bench) -> None:
    lines = [line.split() for line in bench.run("list").stdout.splitlines()[1:]]
    assert [line[:5] for line in lines] == [
        ["2", "identified", "anonymiser", "unexpected", "KeyError"],
        ["1", "clean", "validator", "unexpected", "KeyError"],
        ["1", "identified", "anonymiser", "output-too-large", "KeyError"],
    ]
    (seen,), (clean_seen,) = bench.said(AuditRecorded), bench.said(CleanAuditRecorded)
    assert (seen.act, seen.count, clean_seen.count) == ("dlq.list", 3, 1)


def test_a_list_for_programs(bench: Bench) -> None:
    (group, *_) = json.loads(bench.run("list", "--json").stdout)
    assert (group["count"], group["sites"], group["example"]) == (2, ["site-a", "site-b"], THREE)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [ONE, TWO, THREE, FOUR]),
        (["--zone", "clean"], [FOUR]),
        (["--site", "site-b"], [THREE, FOUR]),
        (["--site", "site-b", "--service", "anonymiser"], [THREE]),
        (["--reason", "output-too-large"], [TWO]),
        (["--since", "2026-01-01T00:00:01", "--until", "2026-01-01T00:00:02"], [TWO]),
        (["--release", "2"], []),
        (["--state", "discarded"], []),
    ],
)
def test_letters_one_by_one(bench: Bench, arguments: list[str], expected: list[str]) -> None:
    told = json.loads(bench.run("list", "--each", "--json", *arguments).stdout)
    assert [one["letter"] for one in told] == expected
    table = bench.run("list", "--each", *arguments).stdout
    assert [line.split()[0] for line in table.splitlines()[1:]] == [one[:13] for one in expected]


def test_values_are_shown_only_when_they_are_asked_for(bench: Bench) -> None:
    plain = bench.run("show", ONE[:8])
    assert "1.2.3.4" not in plain.stdout
    assert "1.2.3.4" not in bench.run("list", "--each", "--json").stdout
    assert "1.2.3.4" in bench.run("show", ONE, "--value").stdout
    assert [one.letter for one in bench.said(AuditRecorded) if one.act == "dlq.show"] == [ONE, ONE]


def test_one_letter_is_shown_with_its_history(bench: Bench) -> None:
    bench.run("requeue", ONE)
    bench.identified.say(letter(1, requeues=1, first=ONE, error="OSError", release="2.0"))
    bench.run("requeue", "--error", "OSError", "--yes")
    again = id_of(letter(1, requeues=1))
    bench.identified.say(
        IdentifiedLetterSettled(letter=again, state="resolved", stage="anonymiser", requeues=2, outcome="done")
    )
    shown = json.loads(bench.run("show", ONE, "--json").stdout)
    assert (shown["state"], shown["died_again"], shown["deaths"]) == ("requeued", again, [ONE, again])
    assert [(act["act"], act["letter"]) for act in shown["acts"]] == [
        ("dlq.requeue", ONE),
        ("dlq.requeue", again),
        ("dlq.show", ONE),
    ]
    table = bench.run("show", again).stdout
    assert "resolved" in table
    assert table.count("dlq.requeue") == 2


def test_what_cannot_be_audited_is_not_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> None:
        raise Transient("away")

    monkeypatch.setattr(bench.identified, "tell", away)
    assert bench.run("list", code=4).stdout == ""


def test_who_operates_the_clean_zone_sees_the_clean_one(bench: Bench) -> None:
    bench.identified.visible = False
    told = json.loads(bench.run("list", "--each", "--json").stdout)
    assert [one["letter"] for one in told] == [FOUR]
    bench.run("list", "--zone", "identified", code=2)
    bench.run("requeue", ONE, code=3)
    bench.run("requeue", FOUR)
    assert [one.actor for one in bench.said(CleanAuditRecorded) if one.act == "dlq.requeue"]
    assert bench.said(AuditRecorded) == []


# --- acting


def test_a_requeue_by_id(bench: Bench) -> None:
    assert bench.run("requeue", ONE[:9], FOUR, "--actor", "eva").stdout.splitlines() == [
        f"{ONE}  requeued",
        f"{FOUR}  requeued",
    ]
    assert [one.letter for one in bench.said(IdentifiedRequeued)] == [ONE]
    assert [one.letter for one in bench.said(CleanRequeued)] == [FOUR]
    assert bench.states() == {ONE: "requeued", TWO: "open", THREE: "open", FOUR: "requeued"}
    (audit,) = [one for one in bench.said(AuditRecorded) if one.act == "dlq.requeue"]
    assert audit.actor.startswith("eva (")


def test_a_filter_shows_what_it_means_and_has_to_be_confirmed(bench: Bench) -> None:
    told = bench.run("requeue", "--site", "site-b", code=2)
    assert "2 letters are meant: say --yes" in told.stderr
    assert "2 would be requeued" in told.stdout
    assert bench.said(IdentifiedRequeued) == []
    told = bench.run("requeue", "--site", "site-b", "--yes", "--json")
    assert json.loads(told.stdout) == {"requeued": [THREE, FOUR], "refused": []}
    assert told.stderr.splitlines() == ["identified: 1 of 1", "clean: 1 of 1"]


def test_a_dry_run_does_nothing(bench: Bench) -> None:
    bench.identified.say(letter(9, requeues=5, first="f"))
    told = bench.run("requeue", "--zone", "identified", "--dry-run").stdout
    assert "3 would be requeued" in told
    assert "1 would not: it was requeued 5 times" in told
    assert bench.said(IdentifiedRequeued) == bench.said(AuditRecorded) == []


def test_a_person_is_asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.cli.dlq_acts.at_terminal", lambda: True)
    discarding = ["dlq", "discard", ONE, "--ground", "not-wanted"]
    assert CliRunner().invoke(main, discarding, input="n\n").exit_code == 1
    assert bench.states()[ONE] == "open"
    assert CliRunner().invoke(main, discarding, input="y\n").exit_code == 0
    assert bench.states()[ONE] == "discarded"
    (settled,) = bench.said(IdentifiedLetterSettled)
    assert settled.reason == "not-wanted"


def test_what_is_settled_is_not_done_again(bench: Bench) -> None:
    bench.run("requeue", ONE)
    told = bench.run("requeue", ONE, TWO, code=5)
    assert told.stdout.splitlines() == [f"{TWO}  requeued"]
    assert f"{ONE}  not requeued: it is requeued" in told.stderr
    assert len(bench.said(IdentifiedRequeued)) == 2
    assert [one.outcome for one in bench.said(AuditRecorded) if one.letter == ONE] == ["done", "refused"]


def test_what_was_requeued_too_often_has_to_be_wanted_by_name(bench: Bench) -> None:
    often = letter(9, requeues=5, first="f")
    bench.identified.say(often)
    assert "say --again" in bench.run("requeue", id_of(often), code=5).stderr
    bench.run("requeue", "--again", "--site", "site-a", "--yes", code=2)
    bench.run("requeue", "--again", id_of(often))
    assert [one.requeues for one in bench.said(IdentifiedRequeued)] == [6]


@pytest.mark.parametrize(
    "arguments",
    [
        ["requeue"],
        ["requeue", ONE, "--site", "site-a"],
        ["requeue", ONE, "--ground", "because of Mr. Smith"],
        ["discard", ONE, "--yes"],
        ["list", "--zone", "other"],
    ],
)
def test_bad_usage(bench: Bench, arguments: list[str]) -> None:
    bench.run(*arguments, code=2)
    assert set(bench.states().values()) == {"open"}


def test_an_unknown_id(bench: Bench) -> None:
    for command in (["show", "f" * 32], ["requeue", "f" * 32]):
        assert bench.run(*command, code=3).stdout == ""


def test_who_comes_second_is_told_and_has_done_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sit_down = bench.identified.sit_down

    def slow() -> MemoryDesk:
        first = sit_down()
        bench.identified.sitting += 1  # somebody else, while we read
        return first

    monkeypatch.setattr(bench.identified, "sit_down", slow)
    assert "somebody else" in bench.run("requeue", ONE, code=5).stderr
    assert bench.said(IdentifiedRequeued) == []


def test_what_breaks_off_says_what_was_done(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "PORTION", 1)
    published = _failing_after(bench.identified, 1, monkeypatch)
    told = bench.run("requeue", "--zone", "identified", "--yes", code=4)
    assert told.stdout.splitlines()[-1:] == [f"{ONE}  requeued"]
    assert published() == 1
    monkeypatch.undo()
    monkeypatch.setattr(dlq_options, "of_stack", lambda home, log: Node([bench.identified, bench.clean]))
    bench.run("requeue", "--zone", "identified", "--yes")
    assert sorted(one.letter for one in bench.said(IdentifiedRequeued)) == sorted([ONE, TWO, THREE])


def _failing_after(letters: MemoryLetters, portions: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    say, count = MemoryDesk.publish, [0]

    def publish(desk: MemoryDesk, events: Any) -> None:
        if count[0] >= portions:
            raise Transient("away")
        count[0] += 1
        say(desk, events)

    monkeypatch.setattr(MemoryDesk, "publish", publish)
    return lambda: count[0]


def test_a_broker_that_is_away(bench: Bench) -> None:
    bench.identified.away = True
    for command in (["list"], ["requeue", ONE], ["show", ONE]):
        assert "away" in bench.run(*command, code=4).stderr


# --- exporting


def test_an_export_has_the_records_and_is_private(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "letters.jsonl"
    file.write_text("what was there")
    file.chmod(0o644)
    bench.run("export", str(file), "--zone", "identified", "--site", "site-a")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert {one["letter"]: one["record_value"] for one in told} == {
        id_of(event): event.record_value for event in (letter(1), letter(2))
    }
    (audit,) = bench.said(AuditRecorded)
    assert (audit.act, audit.count) == ("dlq.export", 2)
