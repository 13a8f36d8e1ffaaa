"""The account of a retrieval: every study that was found ends in one of four ways, and what differs is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from infra.fetching.journal import Study
from infra.fetching.work import Found

COMPLETE, SHORT, FAILED, LEFT = "complete", "short", "failed", "left"
ENDS = (COMPLETE, SHORT, FAILED, LEFT)


class Report:
    """Of one run. `troubles`: numbers of the lines of a list that ask for nothing, by why."""

    def __init__(self, found: Found, studies: Iterable[Study], troubles: dict[int, str]) -> None:
        self.found, self.studies, self.troubles = found, list(studies), troubles

    @property
    def counts(self) -> Counter[str]:
        """Studies by their ends."""
        return Counter(end_of(study) for study in self.studies)

    @property
    def whole(self) -> bool:
        """Whether nothing is left to be done."""
        lost = self.found.unanswered or self.found.nothing or self.troubles
        return not lost and self.counts[COMPLETE] == len(self.found.uids)

    def equation(self) -> str:
        """The account in a line."""
        counts = self.counts
        balanced = len(self.found.uids) == counts.total()
        parts = " + ".join(f"{counts[end]} {end}" for end in ENDS)
        return f"{len(self.found.uids)} studies {'=' if balanced else '≠'} {parts}"

    def told(self) -> dict[str, Any]:
        """The same for a machine. Of what identifies people it has study UIDs, and no more."""
        return {
            "studies": len(self.found.uids),
            "ends": {end: self.counts[end] for end in ENDS},
            "lines_without_a_question": {str(number): why for number, why in sorted(self.troubles.items())},
            "questions_without_an_answer": self.found.unanswered,
            "questions_without_a_study": self.found.nothing,
            "unrelated_answers": self.found.unrelated,
            "instances": sum(study.completed for study in self.studies),
            "of_each": [
                {
                    "study": study.uid,
                    "end": end_of(study),
                    "expected": study.expected,
                    "received": study.completed,
                    "failed": study.failed,
                    "missing": study.missing,
                    "reason": study.reason or None,
                }
                for study in self.studies
            ],
        }


def end_of(study: Study) -> str:
    """`left`: not asked for yet, or killed while it came."""
    return study.state if study.state in ENDS else LEFT
