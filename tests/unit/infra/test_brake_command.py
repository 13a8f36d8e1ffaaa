"""`isocentre brake` on topics in memory: what it prints, what it releases, and how it ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from infra.brake import releasing
from infra.brake.node import Node
from infra.cli import brake as command
from infra.cli import main
from shared.events import (
    WHOLE_STAGE,
    AuditRecorded,
    CleanAuditRecorded,
    CleanBrakeReleased,
    Event,
    IdentifiedBrakeReleased,
)
from tests.support.braking import CLEAN, IDENTIFIED, changed
from tests.support.memory_brakes import MemoryBrakes


class Bench:
    """A node with three brakes on and one off, and somebody at its command line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.identified, self.clean = MemoryBrakes(IDENTIFIED), MemoryBrakes(CLEAN)
        self.identified.events += [
            changed(),
            changed("site-b", probes=3, next_probe_at=None, tripped_at="2026-01-01T01:00:00Z"),
            changed("site-c"),
            changed("site-c", on=False, ended="vanished"),
        ]
        self.clean.events.append(changed(WHOLE_STAGE, stage="indexer", reason="unexpected"))
        monkeypatch.delenv("ISOCENTRE_KAFKA_BOOTSTRAP_SERVERS", raising=False)
        monkeypatch.setattr(command, "of_stack", lambda home, log: Node([self.identified, self.clean]))

    def run(self, *arguments: str, code: int = 0) -> Result:
        told = CliRunner().invoke(main, ["brake", *arguments])
        assert told.exit_code == code, told.output
        return told

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("list", "--json", *arguments).stdout)
        return found

    def said(self, kind: type[Event]) -> list[Any]:
        return [event for event in (*self.identified.events, *self.clean.events) if isinstance(event, kind)]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


# --- looking


def test_lists_what_is_on_the_oldest_first(bench: Bench) -> None:
    assert [(one["stage"], one["site"], one["state"]) for one in bench.listed()] == [
        ("anonymiser", "site-b", "on"),
        ("anonymiser", "site-a", "on"),
        ("indexer", WHOLE_STAGE, "on"),
    ]


def test_lists_what_is_off_when_asked(bench: Bench) -> None:
    assert [one["site"] for one in bench.listed("--all") if one["state"] == "off"] == ["site-c"]


def test_says_why_and_how_it_goes_on(bench: Bench) -> None:
    lines = bench.run("list").stdout.splitlines()
    (of_b,) = [line for line in lines if "site-b" in line]
    assert "held-by-profile" in of_b
    assert "100 of 104" in of_b
    assert "2%" in of_b
    assert "waits for a person" in of_b
    assert "2026-01-01 02:01:00" in next(line for line in lines if "site-a" in line)
    assert "all" in next(line for line in lines if "indexer" in line)


def test_says_that_nothing_is_on(bench: Bench) -> None:
    bench.identified.events.clear()
    bench.clean.events.clear()
    assert "no brake is on" in bench.run("list").stderr
    assert bench.listed() == []


def test_of_one_zone_where_only_that_can_be_seen(bench: Bench) -> None:
    bench.identified.visible = False
    assert [one["zone"] for one in bench.listed()] == ["clean"]
    bench.clean.visible = False
    bench.run("list", code=2)


# --- releasing


def test_releases_one_site_and_says_who_did(bench: Bench) -> None:
    told = bench.run("release", "anonymiser", "--site", "site-a", "--ground", "rules-changed", "--actor", "ada")
    assert "site-a" in told.stdout
    (released,) = bench.said(IdentifiedBrakeReleased)
    assert (released.site, released.brake, released.ground) == ("site-a", "brake-of-site-a", "rules-changed")
    (audit,) = bench.said(AuditRecorded)
    assert (audit.act, audit.stage, audit.site, audit.ground) == (
        "brake.release",
        "anonymiser",
        "site-a",
        "rules-changed",
    )
    assert audit.actor.startswith("ada")
    assert [one["state"] for one in bench.listed() if one["site"] == "site-a"] == ["being released"]


def test_releases_all_of_a_stage(bench: Bench) -> None:
    bench.run("release", "anonymiser")
    assert {event.site for event in bench.said(IdentifiedBrakeReleased)} == {"site-a", "site-b"}
    assert bench.said(CleanBrakeReleased) == []


def test_what_is_of_the_clean_zone_stays_there(bench: Bench) -> None:
    assert "all sites" in bench.run("release", "indexer").stdout
    assert len(bench.said(CleanBrakeReleased)) == len(bench.said(CleanAuditRecorded)) == 1
    assert bench.said(AuditRecorded) == []


@pytest.mark.parametrize(
    "arguments", [("validator",), ("anonymiser", "--site", "site-c"), ("anonymiser", "--site", "x")]
)
def test_what_is_not_on_cannot_be_released(bench: Bench, arguments: tuple[str, ...]) -> None:
    bench.run("release", *arguments, code=3)
    assert bench.said(IdentifiedBrakeReleased) == []


def test_is_released_once(bench: Bench) -> None:
    bench.run("release", "indexer")
    bench.run("release", "indexer", code=3)
    assert len(bench.said(CleanBrakeReleased)) == 1


def test_a_broker_that_is_away_is_told(bench: Bench) -> None:
    bench.identified.away = True
    bench.run("list", code=4)
    bench.run("release", "anonymiser", code=4)


def test_two_who_release_at_once_do_not_both(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before: Callable[..., Any] = releasing.events_of

    def while_another_sits_down(*given: Any) -> Any:
        bench.identified.sit_down()
        return before(*given)

    monkeypatch.setattr(releasing, "events_of", while_another_sits_down)
    bench.run("release", "anonymiser", code=5)
    assert bench.said(IdentifiedBrakeReleased) == []
