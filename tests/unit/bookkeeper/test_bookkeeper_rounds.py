"""What comes round by itself tells: metrics that are 0 where nothing differs, and an event without any id."""

from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import LISTED, Difference, Kind
from services.bookkeeper.comparing.report import Findings, Report, SiteBooks
from services.bookkeeper.reconciling.rounds import LIGHT, WALK
from services.bookkeeper.reconciling.witnessed import Witnessed
from shared.events import BooksReconciled, Outgoing
from shared.outcome import Transient

AT = datetime(2026, 12, 1, tzinfo=UTC)
STATES = {"clean": 1, "quarantined": 2, "rejected": 3, "dead": 4, "in_flight": 5}


def report(*differences: Difference) -> Report:
    findings = Findings()
    for difference in differences:
        findings.add(difference)
    return Report(AT, Cut(), [SiteBooks("site-a", 15, STATES)], findings, [], 0.0, 2.5)


def shown(kind: Kind) -> float | None:
    return REGISTRY.get_sample_value("isocentre_books_differences", {"kind": kind.value})


def counted(depth: str, outcome: str) -> float:
    labels = {"depth": depth, "outcome": outcome}
    return REGISTRY.get_sample_value("isocentre_books_reconciliations_total", labels) or 0.0


@pytest.fixture
def said() -> list[Outgoing]:
    return []


def test_all_kinds_are_shown_from_the_beginning(said: list[Outgoing]) -> None:
    Witnessed(said.append)
    assert [shown(kind) for kind in Kind] == [0.0] * len(Kind)


def test_a_light_one_leaves_alone_what_only_listings_show(said: list[Outgoing]) -> None:
    told = Witnessed(said.append)
    lost = Difference(Kind.RAW_MISSING, "site-a", "a1", "site-a/original")
    told.came_to(WALK, report(lost, Difference(Kind.INDEX_MISSING, "site-a", "a2")))
    told.came_to(LIGHT, report())
    assert (shown(Kind.RAW_MISSING), shown(Kind.INDEX_MISSING)) == (1.0, 0.0)
    told.came_to(WALK, report())
    assert [shown(kind) for kind in Kind] == [0.0] * len(Kind)
    assert set(Kind) > LISTED


def test_the_event_counts_and_names_nothing(said: list[Outgoing]) -> None:
    Witnessed(said.append).came_to(WALK, report(*[Difference(Kind.RAW_MISSING, "site-a", "a1", "site-a/key")] * 2))
    (outgoing,) = said
    event = outgoing.event
    assert isinstance(event, BooksReconciled)
    assert event.model_dump(mode="json") == {
        "at": "2026-12-01T00:00:00Z",
        "depth": "walk",
        "seconds": 2.5,
        "balanced": True,
        "sites": [
            {
                "site": "site-a",
                "received": 15,
                "clean": 1,
                "quarantined": 2,
                "rejected": 3,
                "dead_lettered": 4,
                "in_flight": 5,
            }
        ],
        "differences": [{"site": "site-a", "kind": "raw-missing", "count": 2}],
    }


def test_what_was_away_and_what_failed_are_told_apart(said: list[Outgoing]) -> None:
    told, away, failed = Witnessed(said.append), counted(LIGHT, "away"), counted(LIGHT, "failed")
    told.did_not_end(LIGHT, Transient("broker"))
    assert (counted(LIGHT, "away"), counted(LIGHT, "failed")) == (away + 1, failed)
    told.did_not_end(LIGHT, KeyError("private"))
    assert (counted(LIGHT, "away"), counted(LIGHT, "failed")) == (away + 1, failed + 1)
    assert said == []
