"""What the console shows: counts, books, journeys, and rows as a person reads them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.gateway import counters, following, journey, sites, views
from services.gateway.console import Filters
from services.gateway.counters import SiteCounters
from services.gateway.letters import KnownLetters
from shared.events import CleanDeadLetter, Event, SiteCounted
from shared.events.envelope import encode
from shared.events.event import Outgoing
from shared.kafka.log import Record
from shared.letters import cause_of
from shared.outcome import Reason, Transient
from shared.schemas import load_yaml
from tests.support.gateway import ONCE, OTHER, TWICE, known_letters
from tests.support.letters import clean_letter, id_of

NOON = datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC)


def counted(site: str, indexed: int = 0, **reasons: int) -> SiteCounted:
    named = {name.replace("__", "/").replace("_", "-"): count for name, count in reasons.items()}
    return SiteCounted(site=site, counts={"anonymised": 10, "indexed": indexed}, reasons=named)


def record(event: Event) -> Record:
    value, headers = encode(Outgoing.of(event), "tracker", NOON)
    return Record(event.topic, 0, 0, NOON, event.partition_key(), value, tuple(headers))


def test_the_newest_state_of_a_site_counts_and_what_cannot_be_read_is_passed_over() -> None:
    known = SiteCounters()
    torn = Record(counters.TOPIC, 0, 0, NOON, None, b"{")
    known.take([record(counted("b", 1)), torn, record(counted("a", 2)), record(counted("b", 3))])
    assert [(state.site, state.counts["indexed"]) for state in known.all()] == [("a", 2), ("b", 3)]


def test_following_begins_again_when_the_broker_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "RETRY_SECONDS", 0.0)
    known, stop, tries = SiteCounters(), threading.Event(), [0]

    def tail() -> Iterator[list[Record]]:
        tries[0] += 1
        yield [record(counted("a", tries[0]))]
        if tries[0] <= 2:
            raise Transient("broker")
        stop.set()
        yield []

    following.follow(tail, [known.take], stop)
    assert known.all()[0].counts["indexed"] == 3


def test_a_book_accounts_for_all_that_this_side_has_heard_of() -> None:
    book = sites.book_of(
        counted(
            "a", 6, rejected__pixel_length=1, rejected__not_dicom=5, quarantined__overlay=2, dead_lettered__unexpected=1
        )
    )
    assert (book.clean, book.on_the_way, book.rejected, book.held, book.dead_lettered) == (6, 3, 6, 2, 1)
    assert book.known == 18
    assert [item.reason for item in book.reasons] == ["not-dicom", "overlay", "unexpected", "pixel-length"]


def test_what_people_discard_never_was_on_the_way_here() -> None:
    reasons = {"rejected__discarded": 2, "rejected__expired": 1, "rejected__dropped_by_profile": 3}
    book = sites.book_of(counted("a", 6, **reasons))
    assert (book.clean, book.on_the_way, book.rejected) == (6, 4, 6)


def test_what_stopped_is_told_by_reason_and_by_site() -> None:
    books = [
        sites.book_of(counted("a", rejected__not_dicom=1, quarantined__overlay=5)),
        sites.book_of(counted("b", rejected__not_dicom=3, rejected__pixel_length=7)),
    ]
    assert [(row.reason, row.count, row.sites) for row in views.stopped(books, "rejected")] == [
        ("pixel-length", 7, (("b", 7),)),
        ("not-dicom", 4, (("b", 3), ("a", 1))),
    ]
    assert views.stopped(books, "dead-lettered") == ()


def test_books_from_the_index_know_the_same_of_this_side() -> None:
    rows = [
        {"site": "a", "outcome": "anonymised", "reason": None, "count": 4},
        {"site": "a", "outcome": "indexed", "reason": None, "count": 3},
        {"site": "a", "outcome": "rejected", "reason": "uid-conflict", "count": 1},
        {"site": "b", "outcome": "anonymised", "reason": None, "count": 1},
    ]
    books = [sites.book_of(item) for item in sites.counted_from_journeys(rows)]
    assert [(book.site, book.clean, book.on_the_way, book.rejected) for book in books] == [
        ("a", 3, 0, 1),
        ("b", 0, 1, 0),
    ]


def step(name: str, seconds: float, outcome: str, arrival: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "arrival": arrival,
        "step": name,
        "outcome": outcome,
        "reason": None,
        "at": NOON + timedelta(seconds=seconds),
        "trace_id": "ab",
        "site": "a",
        "project": "p",
        "study_instance_uid": "1.1",
        "series_instance_uid": "1.2",
        "sop_instance_uid": "1.3",
        "in_index": True,
        **more,
    }


def test_a_journey_in_the_order_of_its_steps() -> None:
    rows = [step("indexer", 2, "indexed"), step("validator", 0, "validated"), step("anonymiser", 0, "anonymised")]
    (found,) = journey.assemble(rows, "http://traces/")
    assert [(item.step, item.after) for item in found.steps] == [("anonymiser", 0), ("validator", 0), ("indexer", 2)]
    assert found.waiting_for == ("thumbnailer",)
    assert {item.trace_url for item in found.steps} == {"http://traces/zipkin/traces/ab"}


def test_after_a_refusal_nothing_is_waited_for() -> None:
    rows = [step("anonymiser", 0, "anonymised"), step("validator", 1, "rejected", reason="pixel-length")]
    (found,) = journey.assemble(rows, None)
    assert (found.refused, found.waiting_for, found.steps[0].trace_url) == (True, (), None)


def test_the_newest_arrival_comes_first() -> None:
    rows = [step("anonymiser", 0, "anonymised"), step("anonymiser", 9, "anonymised", "2", in_index=False)]
    assert [item.arrival for item in journey.assemble(rows, None)] == ["2", "1"]


def test_the_hour_is_all_that_is_told_of_an_arrival() -> None:
    (found,) = journey.assemble([step("anonymiser", 0, "anonymised"), step("validator", 1.5, "validated")], None)
    told = journey.as_json(found)
    assert [item["at"] for item in told["steps"]] == ["2026-03-04T12:00:00+00:00"] * 2
    assert [item["after_seconds"] for item in told["steps"]] == [0, 1.5]
    assert views.hour(NOON) == "4 Mar 2026, 12\N{EN DASH}13 h UTC"
    assert views.hour(NOON.replace(hour=23)) == "4 Mar 2026, 23\N{EN DASH}24 h UTC"


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (-0.5, "within the hour"),
        (0.9, "within the hour"),
        (1, "1 hour ago"),
        (23.9, "23 hours ago"),
        (24, "yesterday"),
        (50, "2 days ago"),
        (24 * 100, "November 2025"),
    ],
)
def test_how_long_ago(hours: float, said: str) -> None:
    assert views.coarse(NOON - timedelta(hours=hours), NOON) == said
    assert views.coarse(None, NOON) == "some time ago"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "start"), (0.01, "+10 ms"), (0.14, "+0.1 s"), (119, "+119.0 s"), (600, "+10 min"), (9000, "+2 h")],
)
def test_how_much_later(seconds: float, said: str) -> None:
    assert views.after(seconds) == said


@pytest.mark.parametrize(
    ("octets", "said"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (123456, "123 kB"), (5 * 10**9, "5.0 GB")]
)
def test_sizes(octets: int, said: str) -> None:
    assert views.size(octets) == said


def test_a_study_without_a_description_is_called_after_what_is_in_it() -> None:
    assert views.title({"study_description": "CT head", "modalities": ["CT"]}) == "CT head"
    assert views.title({"study_description": None, "modalities": ["MR"]}) == "MR scan"
    assert views.title({"study_description": " ", "modalities": ["CT", "SEG"]}) == "CT scan and segmentation"
    assert views.title({"study_description": None, "modalities": ["CT", "RTDOSE", "XX"]}) == "CT scan and 2 more"
    assert views.title({"study_description": None, "modalities": ["XX"]}) == "XX"
    assert views.title({"study_description": None, "modalities": []}) == "Study"


def test_what_cannot_be_looked_at_is_an_object() -> None:
    assert [views.things(*pair) for pair in ((1, 1), (1200, 3), (1, 0), (2, 0))] == [
        "1 image",
        "1\u2009200 images",
        "1 object",
        "2 objects",
    ]


def test_no_count_disappears_from_the_bar() -> None:
    book = sites.book_of(
        SiteCounted(site="a", counts={"anonymised": 10_000, "indexed": 9_999}, reasons={"rejected/x": 1})
    )
    parts = views.segments(book)
    assert [part.count for part in parts] == [9_999, 0, 0, 1, 0]
    assert parts[3].width > 10
    assert sum(part.width for part in parts) == pytest.approx(1000, abs=0.5)
    assert all(part.width == 0 for part in views.segments(sites.book_of(SiteCounted(site="b", counts={}, reasons={}))))


def test_every_reason_of_this_side_has_words() -> None:
    registered = load_yaml("reasons.yaml")["reasons"]
    silent = {Reason(name) for name, entry in registered.items() if entry["as"] in ("refusal", "skip")}
    assert set(Reason) - silent <= views.MEANINGS.keys()
    assert Reason.BURNED_IN_TEXT not in silent
    assert views.meaning("of-tomorrow") == "of-tomorrow"
    assert views.meaning(None) == ""


def test_filters_take_nonsense_for_nothing() -> None:
    filters = Filters.of({"q": " a\0b ", "page": "-3", "site": "x" * 99})
    assert (filters.text, filters.page, len(filters.site), filters.active) == ("ab", 1, 64, True)
    assert Filters.of({"page": "²"}).page == 1
    assert not Filters.of({"page": "2"}).active


def test_a_page_of_filters_as_url() -> None:
    filters = Filters.of({"q": "a&b", "page": "2"})
    assert filters.url() == "q=a%26b&page=2"
    assert filters.url(page=1) == "q=a%26b"


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline() -> None:
    for template in (Path(views.__file__).parent / "templates").iterdir():
        text = template.read_text()
        assert "style=" not in text, template
        assert " on" + "click" not in text, template
        assert 'src="http' not in text, template


# --- dead letters


def test_letters_are_known_by_all_that_their_record_was() -> None:
    known = known_letters()
    assert [views.letter_state(letter) for letter in known.all()] == ["died again", "open", "open", "discarded"]
    for event in (ONCE, TWICE):
        assert [letter.id for letter in known.deaths(id_of(event))] == [id_of(ONCE), id_of(TWICE)]
    assert known.deaths("f" * 36) == ()


def test_what_cannot_be_read_is_passed_over() -> None:
    known = known_letters()
    known.take([Record(CleanDeadLetter.topic, 0, 9, NOON, None, b"{"), record(counted("a"))])
    assert len(known.all()) == 4


def test_a_command_to_copy_does_not_run_what_a_letter_says() -> None:
    (cause,) = {cause_of(letter) for letter in known_letters().all() if letter.id == id_of(OTHER)}
    assert views.requeue_command(cause) == (
        "isocentre dlq requeue --zone clean --service validator --reason undecodable-event"
        " --error 'UndecodableEvent; reboot' --release 1.0"
    )


def test_of_a_record_s_headers_only_ours_are_told() -> None:
    strange = clean_letter(7, record_headers={"ce_type": "t", "x-patient": "JONES"})
    known = KnownLetters()
    known.take([record(strange)])
    assert views.headers_shown(known.all()[0]) == (("ce_type", "t"),)
