"""One study after the other: find, count, wait for the hour, have it sent, and see whether all of it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from infra.fetching.archive import Archive, Retrieved, Unanswered
from infra.fetching.journal import Journal, State, Study
from infra.fetching.pace import Pace
from infra.fetching.questions import Match, Question
from infra.sending.delivery import Patience


@dataclass(slots=True)
class Found:
    """What the questions led to. `unrelated`: studies that the archive answered with and nobody had asked for;
    `nothing`, `unanswered`: numbers of the questions that name studies and led to none, and of those that failed."""

    uids: dict[str, None] = field(default_factory=dict)
    unrelated: int = 0
    nothing: list[int] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fetch:
    """`patience`: with an archive that does not answer; `tries`: of one study in one run; `told`: of each end."""

    archive: Archive
    journal: Journal
    pace: Pace
    patience: Patience
    tries: int = 3
    told: Callable[[Study], None] = lambda _: None
    closed: Callable[[float], None] = lambda _: None

    def find(self, questions: Iterable[tuple[int, Question]], again: bool = False) -> Found:
        """All studies that are meant. Those that are named and were found in an earlier run are asked for `again` only
        when told to."""
        found = Found()
        for number, question in questions:
            if self.patience.stop.is_set():
                break
            # On a day there may be more by now; what was not there may have come.
            uids = self.journal.asked(question) if question.particular and not again else None
            if not uids:
                if not self.pace.opened(self.closed):
                    break
                uids = self._ask(question, found)
            if uids is None:
                found.unanswered.append(number)
            elif uids:
                found.uids |= dict.fromkeys(uids)
            elif question.particular:
                found.nothing.append(number)
        return found

    def retrieve(self, found: Found) -> None:
        """All of them that are not complete. Raises NotLetIn."""
        for study in list(self.journal.studies(list(found.uids))):
            if study.state == "complete":
                continue
            for attempt in range(self.tries):
                if not self.pace.turn(self.closed):
                    return
                if self._retrieve(study) == "complete" or not self._again(attempt):
                    break
            self.told(next(self.journal.studies([study.uid])))

    def _again(self, attempt: int) -> bool:
        return attempt + 1 < self.tries and self.patience.wait(attempt)

    def _ask(self, question: Question, found: Found) -> list[str] | None:
        """The studies, as often as it takes; None when the archive does not answer."""
        attempt = 0
        while True:
            try:
                answers = list(self.archive.find(question))
                meant = {one.study: one.instances for one in answers if self._meets(question, one)}
            except Unanswered:
                attempt += 1
                if attempt >= self.tries or not self.patience.wait(attempt - 1):
                    return None
                continue
            self.patience.answered()
            found.unrelated += len({one.study for one in answers}) - len(meant)
            self.journal.answer(question, meant)
            return list(meant)

    def _meets(self, question: Question, answer: Match) -> bool:
        if not question.meets(answer):
            return False
        if not question.modality or answer.modalities is not None:
            return True
        # Matching on Modalities in Study is optional: who does not tell them may not have looked at them either.
        return question.modality in self.archive.modalities(answer.study)

    def _retrieve(self, study: Study) -> State:
        began = time.monotonic()
        try:
            expected = self._expected(study)
            self.journal.request(study.uid)
            got = self.archive.retrieve(study.uid)
        except Unanswered as failed:
            got, expected = Retrieved(0, 0, str(failed)), study.expected
        state = _state(got, expected)
        self.journal.end(study.uid, state, got)
        self.pace.took(got.completed + got.failed, time.monotonic() - began)
        if got.completed:
            self.patience.answered()
        return state

    def _expected(self, study: Study) -> int | None:
        if study.expected is not None:
            return study.expected
        counted = self.archive.count(study.uid)
        if counted is not None:
            self.journal.expect(study.uid, counted)
        return counted


def _state(got: Retrieved, expected: int | None) -> State:
    """Whether all of it came: nothing failed, and no fewer than the archive said it has."""
    if not got.completed:
        return "failed"
    if got.failed or got.reason or (expected is not None and got.completed < expected):
        return "short"
    return "complete"
