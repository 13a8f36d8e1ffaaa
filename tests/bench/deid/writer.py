"""Puts values into a data set and notes, for each, what has to become of it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from tests.bench.deid.phrases import Case, Filled, fill, pick
from tests.bench.deid.truth import Check, private, step

LENGTHS = {"AE": 16, "SH": 16, "CS": 16, "LO": 64, "PN": 64, "ST": 1024, "LT": 10240}
"""Characters (PS3.5 Table 6.2-1)."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes into one data set or item of the file; `checks` is shared by all writers of a file."""

    dataset: Dataset
    case: Case
    random: Random
    file: str
    checks: list[Check]
    prefix: str = ""
    place: str = "header"

    def at(self, place: str) -> "Writer":
        return replace(self, place=place)

    def inside(self, sequence: str, place: str | None = None) -> "Writer":
        """A writer for a new item of that sequence."""
        tag = tag_for_keyword(sequence)
        assert tag is not None, sequence
        if sequence not in self.dataset:
            setattr(self.dataset, sequence, [])
        items = self.dataset[tag].value
        items.append(Dataset())
        return replace(
            self,
            dataset=items[-1],
            prefix=f"{self.prefix}{tag:08X}[{len(items) - 1}]/",
            place=place or ("nested" if self.place == "header" else self.place),
        )

    def expect(self, action: str, keyword: str | int, value: str = "", how: str = "") -> None:
        """Note a check of the element."""
        self.checks.append(Check(self.file, self.place, action, self.prefix + step(keyword), value, how))

    def judged(self, path: str, filled: Filled) -> None:
        """Note what has to become of a text."""
        for gone in filled.gone:
            action = "date_shifted" if gone.how.startswith("%") else "text_removed"
            self.checks.append(Check(self.file, self.place, action, path, gone.value, gone.how))
        for kept in filled.kept:
            self.checks.append(Check(self.file, self.place, "text_retained", path, kept, "text"))

    def remove(self, keyword: str, template: str) -> None:
        """An identifier that has to go; left out when the VR has no room for it."""
        filled = fill(template, self.case, self.random)
        if len(filled.text) <= LENGTHS.get(dictionary_VR(keyword), 10_000):
            setattr(self.dataset, keyword, filled.text)
            self.judged(self.prefix + step(keyword), filled)

    def phrase(self, keyword: str, kind: str, limit: int) -> None:
        """A text that holds both."""
        filled = pick(kind, self.case, self.random, min(limit, LENGTHS.get(dictionary_VR(keyword), 10_000)))
        setattr(self.dataset, keyword, filled.text)
        self.judged(self.prefix + step(keyword), filled)

    def day(self, keyword: str, day: date, *, needed: bool = False) -> None:
        """A date (VR DA) that moves with the patient."""
        setattr(self.dataset, keyword, day.strftime("%Y%m%d"))
        self.expect("date_shifted", keyword, day.isoformat())
        if needed:
            self.expect("text_notnull", keyword)

    def moment(self, keyword: str, moment: datetime) -> None:
        """A date with time (VR DT)."""
        setattr(self.dataset, keyword, moment.strftime("%Y%m%d%H%M%S.%f"))
        self.expect("date_shifted", keyword, moment.date().isoformat())

    def uid(self, keyword: str, uid: str) -> None:
        """A UID that is replaced, everywhere by the same."""
        setattr(self.dataset, keyword, uid)
        self.expect("uid_changed", keyword, uid)
        self.expect("uid_consistent", keyword, uid)

    def retain(self, keyword: str, value: Any = None) -> None:
        """A value that has to stay; without one, that which is there."""
        if value is not None:
            setattr(self.dataset, keyword, value)
        element = self.dataset[keyword]
        parts = element.value if element.VM > 1 else [element.value]
        self.expect("text_retained", keyword, "\\".join(str(part) for part in parts), "value")

    def code(self, sequence: str, value: str, scheme: str, meaning: str) -> None:
        """A coded concept that has to stay."""
        item = self.inside(sequence)
        item.retain("CodeValue", value)
        item.retain("CodingSchemeDesignator", scheme)
        item.retain("CodeMeaning", meaning)

    def private(self, group: int, creator: str, element: int, vr: str, value: Any) -> str:
        """A private element; its path."""
        self.dataset.private_block(group, creator, create=True).add_new(element, vr, value)
        return self.prefix + private(group, creator, element)

    def note(self, action: str, path: str, value: str = "", how: str = "") -> None:
        """Note a check of the element at a path."""
        self.checks.append(Check(self.file, self.place, action, path, value, how))
