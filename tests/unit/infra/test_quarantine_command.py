"""`isocentre quarantine` on topics and a store in memory: what it prints, what it asks, how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from infra.cli import main, quarantine_options
from infra.local.layout import DEFAULT_HOME
from infra.quarantine.node import Node, NoNode
from shared.events import AuditRecorded, InstanceDecided
from tests.support.events import arrival_of, committed, decided, quarantined
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_store import MemoryStore

ONE, TWO, THREE = (
    arrival_of(number, site)["arrival"] for number, site in ((1, "site-a"), (2, "site-a"), (3, "site-b"))
)


class Bench:
    """A node with three instances that are held, and somebody at its command line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ledger = MemoryLedger()
        self.store: MemoryStore | None = MemoryStore("identified")
        self.ledger.say(quarantined(1, places=("(0008,4000) phone",)), quarantined(2, reason="overlay"))
        self.ledger.say(quarantined(3, "site-b"))
        for number, site in ((1, "site-a"), (2, "site-a"), (3, "site-b")):
            self.store.put(arrival_of(number, site)["key"], b"bytes")
        self.sites_file: Path | None = None
        self.asked: list[tuple[str, object]] = []
        monkeypatch.delenv("ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS", raising=False)
        monkeypatch.setattr(quarantine_options, "of_stack", lambda home, log: self._node("stack", home))
        monkeypatch.setattr(quarantine_options, "of_settings", lambda kafka, log: self._node("settings", kafka))

    def _node(self, how: str, where: object) -> Node:
        self.asked.append((how, where))
        return Node(self.ledger, self.store, self.sites_file)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["quarantine", *arguments])

    def listed(self, *arguments: str) -> list[str]:
        told = json.loads(self.run("list", "--json", *arguments).stdout)
        return [case["arrival"] for case in told]

    def audits(self) -> list[AuditRecorded]:
        return [event for event in self.ledger.said(AuditRecorded) if isinstance(event, AuditRecorded)]

    def decisions(self) -> list[InstanceDecided]:
        return [event for event in self.ledger.said(InstanceDecided) if isinstance(event, InstanceDecided)]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_a_list_has_the_oldest_first_and_is_audited(bench: Bench) -> None:
    told = bench.run("list")
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.stdout.splitlines()[1:]] == [ONE[:12], TWO[:12], THREE[:12]]
    (audit,) = bench.audits()
    assert (audit.act, audit.count, audit.site, audit.arrival) == ("quarantine.list", 3, None, None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--site", "site-b"], [THREE]),
        (["--site", "site-a", "--reason", "overlay"], []),
        (["--state", "released"], [TWO]),
        (["--all"], [ONE, TWO, THREE]),
        (["--since", "2026-01-01T00:00:02"], [THREE]),
        (["--profile", "research"], [ONE, THREE]),
        (["--revision", "basic"], []),
    ],
)
def test_a_list_may_be_filtered(bench: Bench, arguments: list[str], expected: list[str]) -> None:
    bench.ledger.say(decided(2, for_reason="overlay"))
    assert bench.listed(*arguments) == expected


def test_a_summary_counts(bench: Bench) -> None:
    told = json.loads(bench.run("list", "--summary", "--json").stdout)
    assert {(row["reason"], row["site"], row["count"]) for row in told} == {
        ("burned-in-text", "site-a", 1),
        ("burned-in-text", "site-b", 1),
        ("overlay", "site-a", 1),
    }
    assert "burned-in-text" in bench.run("list", "--summary").stdout


def test_one_case_is_shown_with_its_places_its_bytes_and_its_history(bench: Bench) -> None:
    told = bench.run("show", ONE[:8]).stdout
    for words in ("(0008,4000) phone", f"{arrival_of(1)['key']} (there)", "1000 bytes", "held: burned-in-text"):
        assert words in told
    assert [(one.act, one.arrival) for one in bench.audits()] == [("quarantine.show", ONE)]
    bench.run("discard", ONE, "--ground", "not-wanted", "--yes")
    shown = json.loads(bench.run("show", ONE, "--json").stdout)
    assert (shown["state"], shown["waiting"], shown["bytes_there"]) == ("discarded", True, False)
    assert [(one["decision"], one["ground"], one["came_to"]) for one in shown["decisions"]] == [
        ("discard", "not-wanted", None)
    ]


def test_for_what_one_case_was_released_already_is_shown(bench: Bench) -> None:
    assert "released for" not in bench.run("show", ONE).stdout
    further = {"reason": "residual-identity", "lifted": ("burned-in-text",)}
    bench.ledger.say(decided(1), quarantined(1, decision_id=decided(1).decision_id, **further))
    assert "released for     burned-in-text" in bench.run("show", ONE).stdout
    shown = json.loads(bench.run("show", ONE, "--json").stdout)
    assert (shown["lifted"], shown["decisions"][0]["lifted"]) == (["burned-in-text"], [])
    bench.run("release", ONE, "--ground", "checked-by-eye")
    (*_, second) = json.loads(bench.run("show", ONE, "--json").stdout)["decisions"]
    assert (second["for_reason"], second["lifted"]) == ("residual-identity", ["burned-in-text"])


def test_what_cannot_be_audited_is_not_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> None:
        bench.ledger.away = True
        bench.ledger.answer()

    monkeypatch.setattr(bench.ledger, "tell", away)
    told = bench.run("list")
    assert (told.exit_code, told.stdout) == (4, "")


def test_a_release_says_who_and_why(bench: Bench) -> None:
    told = bench.run("release", ONE[:10], "--ground", "checked-by-eye", "--actor", "eva")
    assert told.exit_code == 0
    (decision,) = bench.decisions()
    assert (decision.arrival, decision.decision, decision.ground) == (ONE, "release", "checked-by-eye")
    assert decision.actor.startswith("eva (")
    assert f"decision {decision.decision_id}" in told.stdout


def test_a_retry_may_name_a_profile(bench: Bench) -> None:
    assert bench.run("retry", ONE, "--profile", "eucaim").exit_code == 0
    assert [(one.decision, one.profile) for one in bench.decisions()] == [("retry", "eucaim")]
    assert bench.run("retry", TWO, "--profile", "Not a name").exit_code == 2


def test_a_filter_shows_what_it_means_and_has_to_be_confirmed(bench: Bench) -> None:
    refused = bench.run("retry", "--site", "site-a")
    assert (refused.exit_code, bench.decisions()) == (2, [])
    assert "2 instances are meant: say --yes" in refused.stderr
    assert bench.run("retry", "--site", "site-a", "--yes").exit_code == 0
    assert {one.arrival for one in bench.decisions()} == {ONE, TWO}


def test_a_person_is_asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.cli.quarantine.at_terminal", lambda: True)
    no = CliRunner().invoke(main, ["quarantine", "discard", ONE, "--ground", "other"], input="n\n")
    assert (no.exit_code, bench.decisions()) == (1, [])
    assert ONE[:12] in no.stdout
    yes = CliRunner().invoke(main, ["quarantine", "discard", ONE, "--ground", "other"], input="y\n")
    assert yes.exit_code == 0
    assert bench.store is not None
    assert not bench.store.exists(arrival_of(1)["key"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["release", "--ground", "other"],
        ["release", ONE, "--site", "site-a", "--ground", "other"],
        ["release", ONE],
        ["release", ONE, "--ground", "because of Mr. Smith"],
        ["discard", ONE, "--ground", "checked-by-eye", "--yes"],
        ["expire", "--older-than", "0", "--yes"],
        ["expire", "--yes"],
    ],
)
def test_bad_usage(bench: Bench, arguments: list[str]) -> None:
    assert bench.run(*arguments).exit_code == 2
    assert bench.decisions() == []


def test_an_unknown_id(bench: Bench) -> None:
    for command in (["show", "f" * 32], ["release", "f" * 32, "--ground", "other"]):
        told = bench.run(*command)
        assert (told.exit_code, told.stdout) == (3, "")


def test_what_is_not_held_any_more(bench: Bench) -> None:
    bench.run("release", ONE, "--ground", "other")
    told = bench.run("retry", ONE)
    assert told.exit_code == 5
    assert "not decided: it is released, being carried out" in told.stderr
    assert [one.outcome for one in bench.audits()] == ["done", "refused"]


def test_bytes_that_stay_are_told_with_the_way_out(bench: Bench) -> None:
    assert bench.store is not None
    bench.store.away = True
    told = bench.run("discard", ONE, "--ground", "other", "--yes")
    assert told.exit_code == 4
    assert "say the same again" in told.stderr
    bench.store = None
    assert bench.run("discard", TWO, "--ground", "other", "--yes").exit_code == 2


def test_a_broker_that_is_away(bench: Bench) -> None:
    bench.ledger.away = True
    assert bench.run("list").exit_code == 4


def test_expiry_by_days_or_by_the_policy_of_each_site(bench: Bench, tmp_path: Path) -> None:
    assert bench.run("expire", "--older-than", "20000", "--yes").exit_code == 0
    assert bench.decisions() == []
    bench.sites_file = tmp_path / "sites.yaml"
    bench.sites_file.write_text(
        "sites: [{code: site-a, project: demo}, {code: site-b, project: demo, quarantine_days: 1}]"
    )
    assert bench.run("expire", "--yes").exit_code == 0
    (decision,) = bench.decisions()
    assert (decision.arrival, decision.decision, decision.ground) == (THREE, "expire", "retention-ended")
    assert bench.store is not None
    assert not bench.store.exists(arrival_of(3, "site-b")["key"])
    assert [one.act for one in bench.audits()] == ["quarantine.expire", "quarantine.delete-bytes"]


def test_what_a_site_was_promised_stays_until_the_day_and_not_longer(bench: Bench) -> None:
    bench.ledger.say(committed(1, "site-a", "2999-01-01T00:00:00Z"), committed(2, "site-a", "2026-01-02T00:00:00Z"))
    told = bench.run("expire", "--older-than", "1", "--yes")
    assert told.exit_code == 0
    assert "1 stay" in told.stderr
    assert {decision.arrival for decision in bench.decisions()} == {TWO, THREE}
    assert bench.store is not None
    assert bench.store.exists(arrival_of(1, "site-a")["key"])


def test_which_node(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bench.run("list")
    bench.run("list", "--kafka", "broker:9092")
    monkeypatch.setenv("ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS", "other:9092")
    bench.run("list")
    bench.run("list", "--home", str(tmp_path))
    assert bench.asked == [
        ("stack", DEFAULT_HOME),
        ("settings", "broker:9092"),
        ("settings", "other:9092"),
        ("stack", tmp_path),
    ]


def test_no_stack(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> Node:
        raise NoNode("no stack runs")

    monkeypatch.setattr(quarantine_options, "of_stack", none)
    assert bench.run("list").exit_code == 2


def test_every_command_says_how_it_ends() -> None:
    for command in ("list", "show", "release", "retry", "discard", "expire"):
        told = " ".join(CliRunner().invoke(main, ["quarantine", command, "--help"]).stdout.split())
        assert "Exits 0 when done, 2 for bad usage or without a stack, 3 when nothing of that id" in told
