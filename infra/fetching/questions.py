"""What an archive is asked for, and whether an answer is one (pure). Archives ignore keys that they do not know, and
then answer with all that they have: what nobody asked for is never fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

UID = re.compile(r"[0-9]+(\.[0-9]+)*")
MAX_UID = 64
_WILD = set("*?\\")


class BadQuestion(ValueError):
    """It would match what nobody meant. The text says why, without the value."""


@dataclass(frozen=True, slots=True)
class Match:
    """A study of an archive, as far as the archive tells. `instances`: how many it has of it."""

    study: str
    patient_id: str | None = None
    accession: str | None = None
    day: date | None = None
    modalities: frozenset[str] | None = None
    instances: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Studies of which all that is given holds. Something has to be given."""

    study: str = ""
    patient_id: str = ""
    accession: str = ""
    first: date | None = None
    last: date | None = None
    modality: str = ""

    def __post_init__(self) -> None:
        if not (self.study or self.patient_id or self.accession or (self.first and self.last)):
            raise BadQuestion("nothing to look for")
        if self.study and not (UID.fullmatch(self.study) and len(self.study) <= MAX_UID):
            raise BadQuestion("no UID")
        if any(_WILD & set(value) for value in (self.patient_id, self.accession, self.modality)):
            raise BadQuestion("a wildcard")
        if self.first and self.last and self.first > self.last:
            raise BadQuestion("a range that ends before it begins")

    @property
    def particular(self) -> bool:
        """Whether a study is expected: on a day there may be none."""
        return bool(self.study or self.patient_id or self.accession)

    @property
    def range(self) -> str:
        """As a key of type DA (PS3.4 Section C.2.2.2.5); empty when no day is meant."""
        if self.first is None or self.last is None:
            return ""
        return f"{self.first:%Y%m%d}" if self.first == self.last else f"{self.first:%Y%m%d}-{self.last:%Y%m%d}"

    def meets(self, answer: Match) -> bool:
        """Whether the answer is about this. Every archive has to tell the keys that are required (PS3.4 Table C.6-5);
        modalities it need not."""
        if self.study:
            return answer.study == self.study
        return (
            _same(self.patient_id, answer.patient_id)
            and _same(self.accession, answer.accession)
            and self._includes(answer.day)
            and (not self.modality or answer.modalities is None or self.modality in answer.modalities)
        )

    def _includes(self, day: date | None) -> bool:
        if self.first is None or self.last is None:
            return True
        return day is not None and self.first <= day <= self.last


def _same(asked: str, told: str | None) -> bool:
    return not asked or (told is not None and asked == told.strip())


def by_day(first: date, last: date, modalities: tuple[str, ...]) -> Iterator[Question]:
    """A question for each day and modality: archives have limits to how much they answer."""
    if first > last:
        raise BadQuestion("a range that ends before it begins")
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        for modality in modalities or ("",):
            yield Question(first=day, last=day, modality=modality)
