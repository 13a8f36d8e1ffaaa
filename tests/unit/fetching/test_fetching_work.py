"""A retrieval as a whole, on an archive that does as it is told."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from infra.fetching.archive import Retrieved, Unanswered
from infra.fetching.journal import Journal, Study
from infra.fetching.pace import Pace
from infra.fetching.questions import Match, Question
from infra.fetching.report import Report
from infra.fetching.work import Fetch, Found
from infra.sending.delivery import Patience
from shared.misconfigured import Misconfigured

ABOUT = {"source": "archive", "receiver": "bulk"}
DAY = date(2026, 1, 15)


class Told:
    """An archive. `has`: instances by study; `tells`: whether it says so; `sends`: what retrievals come to, in turn."""

    def __init__(self, has: dict[str, int], tells: bool = True) -> None:
        self.has, self.tells = has, tells
        self.sends: dict[str, list[Retrieved | str]] = {}
        self.fails = 0
        self.found: list[Question] = []
        self.retrieved: list[str] = []
        self.counts: int | None = None
        self.answers: list[Match] | None = None
        self.series = frozenset({"CT"})

    def find(self, question: Question) -> Sequence[Match]:
        self.found.append(question)
        if self.fails:
            self.fails -= 1
            raise Unanswered("no-association")
        if self.answers is not None:
            return self.answers
        return [
            Match(uid, day=DAY, instances=count if self.tells else None)
            for uid, count in self.has.items()
            if not question.study or question.study == uid
        ]

    def modalities(self, study: str) -> frozenset[str]:
        return self.series

    def count(self, study: str) -> int | None:
        return self.counts

    def retrieve(self, study: str) -> Retrieved:
        self.retrieved.append(study)
        planned = self.sends.get(study, [])
        came = planned.pop(0) if planned else Retrieved(self.has[study])
        if isinstance(came, str):
            raise Unanswered(came)
        return came


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "j.sqlite", ABOUT)
    yield made
    made.close()


def fetch(archive: Told, journal: Journal, tries: int = 3, stop: threading.Event | None = None) -> Fetch:
    patience = Patience(3600, stop, pause=lambda _: None)
    return Fetch(archive, journal, Pace(stop=stop, pause=lambda _: None), patience, tries)


def run(job: Fetch, *questions: Question, again: bool = False) -> tuple[Found, dict[str, Study]]:
    found = job.find(enumerate(questions, start=1), again)
    job.retrieve(found)
    return found, {study.uid: study for study in job.journal.studies(list(found.uids))}


ALL = Question(first=DAY, last=DAY)


def test_studies_come_whole_and_are_not_asked_for_again(journal: Journal) -> None:
    archive = Told({"1.1": 3, "1.2": 5})
    _, studies = run(fetch(archive, journal), ALL)
    assert {uid: (one.state, one.expected, one.completed) for uid, one in studies.items()} == {
        "1.1": ("complete", 3, 3),
        "1.2": ("complete", 5, 5),
    }
    run(fetch(archive, journal), ALL)
    assert archive.retrieved == ["1.1", "1.2"]


def test_a_study_that_is_named_and_was_found_is_not_asked_for_again(journal: Journal) -> None:
    archive = Told({"1.1": 3})
    for _ in range(2):
        run(fetch(archive, journal), Question(study="1.1"), Question(study="1.9"))
    assert archive.found == [Question(study="1.1"), Question(study="1.9"), Question(study="1.9")]
    assert archive.retrieved == ["1.1"]


def test_what_is_short_is_asked_for_again_and_named_when_it_stays_so(journal: Journal) -> None:
    archive = Told({"1.1": 3, "1.2": 5})
    archive.sends = {"1.1": [Retrieved(2, 1)], "1.2": [Retrieved(4)] * 3}
    found, studies = run(fetch(archive, journal), ALL)
    assert studies["1.1"].state == "complete"
    assert (studies["1.2"].state, studies["1.2"].missing) == ("short", 1)
    assert archive.retrieved == ["1.1", "1.1", "1.2", "1.2", "1.2"]
    report = Report(found, studies.values(), {})
    assert not report.whole
    assert report.equation() == "2 studies = 1 complete + 1 short + 0 failed + 0 left"
    run(fetch(archive, journal), ALL)
    assert archive.retrieved[-1] == "1.2"
    assert next(journal.studies(["1.2"])).state == "complete"


def test_what_fails_says_why(journal: Journal) -> None:
    archive = Told({"1.1": 3})
    archive.sends = {"1.1": ["no-association", Retrieved(0, 3), Retrieved(0, 0, "destination-unknown")]}
    found, studies = run(fetch(archive, journal), ALL)
    assert (studies["1.1"].state, studies["1.1"].reason) == ("failed", "destination-unknown")
    told = Report(found, studies.values(), {}).told()
    assert told["of_each"] == [
        {
            "study": "1.1",
            "end": "failed",
            "expected": 3,
            "received": 0,
            "failed": 0,
            "missing": 3,
            "reason": "destination-unknown",
        }
    ]


def test_where_the_archive_does_not_tell_it_is_counted(journal: Journal) -> None:
    archive = Told({"1.1": 3}, tells=False)
    archive.counts = 4
    _, studies = run(fetch(archive, journal), ALL)
    assert (studies["1.1"].state, studies["1.1"].expected) == ("short", 4)


def test_and_where_it_cannot_be_counted_all_that_came_is_all(journal: Journal) -> None:
    _, studies = run(fetch(Told({"1.1": 3}, tells=False), journal), ALL)
    assert (studies["1.1"].state, studies["1.1"].expected, studies["1.1"].missing) == ("complete", None, None)


def test_an_archive_that_is_away_for_a_while_is_asked_again(journal: Journal) -> None:
    archive = Told({"1.1": 3})
    archive.fails = 2
    found, _ = run(fetch(archive, journal), ALL)
    assert list(found.uids) == ["1.1"]


def test_a_question_without_an_answer_is_no_question_without_a_study(journal: Journal) -> None:
    archive = Told({"1.1": 3})
    archive.fails = 3
    found, _ = run(fetch(archive, journal), Question(study="1.1"), Question(study="1.9"))
    assert (found.unanswered, found.nothing, list(found.uids)) == ([1], [2], [])
    again, _ = run(fetch(archive, journal), Question(study="1.1"), Question(study="1.9"))
    assert (again.unanswered, again.nothing, list(again.uids)) == ([], [2], ["1.1"])


def test_studies_that_nobody_asked_for_are_left_where_they_are(journal: Journal) -> None:
    """Archives ignore keys that they do not know, and answer with all that they have."""
    archive = Told({})
    archive.answers = [Match("1.1", "007", day=DAY), Match("1.2", "008", day=DAY), Match("1.3")]
    archive.has = {"1.1": 1, "1.2": 1, "1.3": 1}
    found, _ = run(fetch(archive, journal), Question(patient_id="007", first=DAY, last=DAY))
    assert (list(found.uids), found.unrelated) == (["1.1"], 2)
    assert archive.retrieved == ["1.1"]


@pytest.mark.parametrize(("series", "found"), [({"CT", "SR"}, ["1.1"]), ({"MR"}, [])])
def test_an_archive_that_does_not_tell_modalities_is_asked_for_those_of_the_series(
    journal: Journal, series: set[str], found: list[str]
) -> None:
    archive = Told({"1.1": 1})
    archive.series = frozenset(series)
    got, _ = run(fetch(archive, journal), Question(first=DAY, last=DAY, modality="CT"))
    assert list(got.uids) == found


def test_a_study_that_has_grown_is_fetched_again_when_it_is_asked_again(journal: Journal) -> None:
    archive, named = Told({"1.1": 3}), Question(study="1.1")
    run(fetch(archive, journal), named)
    archive.has = {"1.1": 4}
    run(fetch(archive, journal), named)
    assert archive.retrieved == ["1.1"]
    _, studies = run(fetch(archive, journal), named, again=True)
    assert archive.retrieved == ["1.1", "1.1"]
    assert (studies["1.1"].state, studies["1.1"].completed) == ("complete", 4)


def test_told_to_stop_what_is_left_is_told(journal: Journal) -> None:
    stop = threading.Event()
    archive = Told({"1.1": 1, "1.2": 1, "1.3": 1})
    job = fetch(archive, journal, stop=stop)
    found = job.find([(1, ALL)])
    plain = archive.retrieve

    def once(study: str) -> Retrieved:
        stop.set()
        return plain(study)

    archive.retrieve = once  # type: ignore[method-assign]
    job.retrieve(found)
    report = Report(found, journal.studies(list(found.uids)), {})
    assert report.equation() == "3 studies = 1 complete + 0 short + 0 failed + 2 left"
    run(fetch(archive, journal), ALL)
    assert archive.retrieved == ["1.1", "1.2", "1.3"]


def test_killed_while_a_study_came_it_is_asked_for_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite", ABOUT)
    archive = Told({"1.1": 1})
    job = fetch(archive, journal)

    def killed(study: str) -> Retrieved:
        raise KeyboardInterrupt

    job.archive.retrieve = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        run(job, ALL)
    journal.close()
    journal = Journal(tmp_path / "j.sqlite", ABOUT)
    assert next(journal.studies(["1.1"])).state == "requested"
    _, studies = run(fetch(Told({"1.1": 1}), journal), ALL)
    assert studies["1.1"].state == "complete"
    journal.close()


def test_the_journal_is_for_its_owner_and_one_archive(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = Journal(path, ABOUT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    journal.close()
    with pytest.raises(Misconfigured, match="another retrieval"):
        Journal(path, {**ABOUT, "source": "other"})
