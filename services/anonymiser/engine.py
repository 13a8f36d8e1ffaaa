"""De-identifies one composite instance: bytes in, verdict out (PS3.15 Annex E)."""

import time
from collections.abc import Callable, Iterator

from services.anonymiser.changes import Change, between
from services.anonymiser.dataset.limits import LIMITS, BeyondLimits, Limits, Unreadable
from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tags import SERIES, SOP_CLASS, SOP_INSTANCE, STUDY
from services.anonymiser.dataset.tree import Item, Syntax, word
from services.anonymiser.kinds import Kind, kind_of
from services.anonymiser.passage import Means, Passage
from services.anonymiser.pixels.faces import may_show_face
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.model import Profile
from services.anonymiser.profile.revision import revision
from services.anonymiser.profile.selection import Selection
from services.anonymiser.standard.table import table
from services.anonymiser.verdict import Cleaned, Held, Rejected, Verdict
from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Patients, normalised
from shared.outcome import Reason

__all__ = ["Cleaned", "Engine", "Held", "Rejected", "Verdict"]

_LONGEST_UID = 64


class Engine:
    """One profile for one project's objects, ready. The same bytes give the same result, on every worker and day.

    `examiner` runs what codecs do, and looks at pixels; without it objects that need it are held. `limits` are those of
    one object; `clock` tells seconds.
    """

    def __init__(
        self,
        profile: Profile,
        pseudonyms: Pseudonyms,
        patients: Patients,
        examiner: Examiner | None = None,
        *,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.profile = profile
        self._means = Means.of(profile, pseudonyms, patients, examiner, limits, clock)
        self._selection = Selection(profile, table())
        self._revisions: dict[str, str] = {}

    def revision(self, site: str) -> str:
        """Names everything that decides about objects of `site`."""
        if site not in self._revisions:
            pseudonyms = self._means.pseudonyms
            told = pseudonyms.rules_digest(*_who_is_whom(self._means.patients, site))
            self._revisions[site] = revision(self.profile, pseudonyms.key_id, told)
        return self._revisions[site]

    def anonymise(
        self,
        data: bytes | memoryview,
        site: str,
        transfer_syntax: str | None = None,
        released: frozenset[Reason] = frozenset(),
    ) -> Verdict:
        """The verdict on `data`: a Part 10 file, or a bare data set in `transfer_syntax`.

        `released`: for what it has been held and a person has let it through.
        """
        try:
            return self._verdict(data, site, transfer_syntax, released)
        except Unreadable as unreadable:
            return Rejected(unreadable.reason)
        except BeyondLimits:
            return Held(Reason.UNCLEANABLE)

    def _verdict(
        self, data: bytes | memoryview, site: str, transfer_syntax: str | None, released: frozenset[Reason]
    ) -> Verdict:
        syntax, elements = read(data, transfer_syntax, self._means.limits)
        uids = [word(elements, tag) for tag in (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES)]
        if not all(uids):
            return Rejected(Reason.MISSING_UID)
        if any(len(uid) > _LONGEST_UID for uid in uids):
            return Rejected(Reason.UNDECODABLE)
        rules, hold = self._selection.of(elements)
        for refused in self._refusals(elements, syntax, hold=hold):
            if refused.reason not in released:
                return refused
        return Passage(
            means=self._means,
            rules=rules,
            site=site,
            revision=self.revision(site),
            syntax=syntax,
            original=elements,
            released=released,
        ).verdict()

    def changes(self, data: bytes | memoryview, cleaned: Cleaned, transfer_syntax: str | None = None) -> list[Change]:
        """What became of each attribute of `data`, with values: for whoever owns them."""
        _, original = read(data, transfer_syntax)
        rules, _ = self._selection.of(original)
        return list(between(original, cleaned.elements, rules.place(word(original, SOP_CLASS))))

    def _refusals(self, elements: Item, syntax: Syntax, *, hold: bool) -> Iterator[Held | Rejected]:
        """All reasons why the object must not be touched at all; none when it can be cleaned."""
        kind = kind_of(elements, syntax.uid)
        if kind is Kind.DOCUMENT:
            dropped = self.profile.documents == "drop"
            yield Rejected(Reason.DROPPED_BY_PROFILE) if dropped else Held(Reason.ENCAPSULATED_DOCUMENT)
        if kind is Kind.UNKNOWN:
            yield Held(Reason.UNCLEANABLE)
        if self.profile.pixels.faces == "quarantine" and may_show_face(elements):
            yield Held(Reason.POSSIBLE_FACE)
        if hold:
            yield Held(Reason.HELD_BY_PROFILE)


def _who_is_whom(patients: Patients, site: str) -> Iterator[str]:
    """What was declared of the patients of `site`: identifiers, so nothing but a keyed digest of it may be told."""
    rules = patients.rules(site)
    yield from (rules.domain, normalised(rules.default_issuer))
    for merge in patients.merges(site):
        for person in merge:
            yield from (person.domain, person.issuer, person.patient_id)
