"""What differs, and how it is told."""

from datetime import UTC, datetime, timedelta

import pytest

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import REMEDIES, Difference, Kind
from services.bookkeeper.comparing.objects import Expected, Finding, Seen, finding
from services.bookkeeper.comparing.report import MOST_NAMED, Examined, Findings, Report, SiteBooks

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
LINE = Expected("a/00/00ff.dcm", "a", "0" * 32, "f" * 64, 10)
OPTIONAL = Expected("a/00/00ff.dcm", "a", "0" * 32, "f" * 64, 10, required=False)
OLD, NEW = Seen(NOON - timedelta(seconds=1), 10), Seen(NOON, 10)
BALANCED = SiteBooks("a", 5, {"clean": 1, "quarantined": 1, "rejected": 1, "dead": 1, "in_flight": 1}, NOON)


@pytest.mark.parametrize(
    ("expected", "seen", "found"),
    [
        (LINE, OLD, None),
        (LINE, NEW, None),
        (LINE, None, Finding.MISSING),
        (OPTIONAL, None, None),
        (OPTIONAL, OLD, None),
        (None, OLD, Finding.UNKNOWN),
        (None, NEW, None),
        (None, None, None),
        (LINE, Seen(NOON, 11), Finding.OTHER_SIZE),
        (Expected("k", "a", "0", "", None), Seen(NOON, 11), None),
    ],
)
def test_an_object_against_its_line(expected: Expected | None, seen: Seen | None, found: Finding | None) -> None:
    assert finding(expected, seen, NOON) is found


def test_every_kind_says_what_to_do() -> None:
    assert REMEDIES.keys() == set(Kind)


def test_a_difference_names_what_it_concerns() -> None:
    difference = Difference(Kind.RAW_MISSING, "a", "0f", "a/0f.dcm", detail="yes")
    assert difference.concerns == "arrival 0f, object a/0f.dcm, yes"
    assert difference.as_json()["kind"] == "raw-missing"
    assert difference.as_json()["remedy"] == REMEDIES[Kind.RAW_MISSING]


def test_all_are_counted_and_some_of_each_kind_are_kept() -> None:
    findings = Findings()
    for number in range(MOST_NAMED + 5):
        findings.add(Difference(Kind.RAW_MISSING, f"site-{number % 2}"))
    findings.add(Difference(Kind.INDEX_MISSING, "site-0"))
    assert findings.of_kind(Kind.RAW_MISSING) == MOST_NAMED + 5
    assert len(findings.kept) == MOST_NAMED + 1
    assert findings.counts["site-0", Kind.INDEX_MISSING] == 1


def test_a_report_for_machines() -> None:
    findings = Findings()
    examined = [Examined("raw", {"objects": 10, "lines": 20}, 2.0)]
    report = Report(NOON, Cut(site="a"), [BALANCED], findings, examined, 0.1, 3.0)
    told = report.as_json()
    assert told["balanced"] is True
    assert told["differences"] == []
    assert told["cut"] == {"site": "a"}
    assert told["sites"]["a"]["dead_lettered"] == 1
    assert told["witnesses"]["raw"] == {"counted": {"objects": 10, "lines": 20}, "seconds": 2.0, "per_second": 10.0}


def test_a_line_without_a_state_unbalances_its_site() -> None:
    assert BALANCED.balanced
    assert not SiteBooks("a", 6, BALANCED.states).balanced


@pytest.mark.parametrize(
    ("cut", "narrow", "whole"),
    [
        (Cut(), False, True),
        (Cut(site="a"), False, False),
        (Cut(study="2.25.1"), True, False),
        (Cut(site="a", association="x"), True, False),
        (Cut(since=NOON), True, False),
        (Cut(until=NOON), True, False),
    ],
)
def test_what_a_cut_is(cut: Cut, narrow: bool, whole: bool) -> None:
    assert (cut.is_narrow, cut.is_whole) == (narrow, whole)
    assert (cut.condition == "TRUE") is whole
