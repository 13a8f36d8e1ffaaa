"""Reads what arrived, lets the engine decide, stores the clean copy: the only door between the zones."""

from collections.abc import Callable
from typing import Protocol

from pydicom.datadict import keyword_for_tag

from services.anonymiser.decisions import Case, anonymised, held
from services.anonymiser.engine import Cleaned, Engine, Held, Rejected, Verdict
from services.anonymiser.profile.load import BadProfile
from shared import metrics
from shared.dicom.identity import Pseudonyms
from shared.events import FOR_GOOD, Event, InstanceDecided, InstanceReceived
from shared.outcome import Done, Outcome, Quarantine, Reason, Reject, Skip
from shared.runner import Incoming
from shared.storage import ObjectNotFound, Store
from shared.storage.headers import place_header

COPIES = 3
"""Times its size that an object takes at most: as it came, its pixels while they are blanked, and as it goes."""
ALONE = 2**62
"""Bytes: more than any limit."""


def weight(event: Event) -> int:
    """Bytes of memory that handling it takes. Decisions do not tell the size of what they let through."""
    if isinstance(event, InstanceDecided):
        return 0 if event.decision in FOR_GOOD else ALONE
    assert isinstance(event, InstanceReceived)
    return COPIES * event.size


def line(event: Event) -> str:
    """What is handled in the order in which it came: an arrival and the decisions about it."""
    assert isinstance(event, InstanceReceived | InstanceDecided)
    return event.arrival


class ChoosesEngine(Protocol):
    """Who knows which engine is whose."""

    def of(self, site: str, profile: str | None = None) -> Engine:
        """The engine for `site`, or that of the other profile that is asked for. Raises UnknownSite, BadProfile."""
        ...


class Anonymise:
    """De-identifies one received instance, or once more one that was held and about which a person has decided."""

    def __init__(
        self,
        *,
        identified: Store,
        clean: Store,
        engines: ChoosesEngine,
        pseudonyms: Pseudonyms,
        ended: Callable[[str], bool],
        erased: Callable[[str], bool],
        largest: int,
    ) -> None:
        """`ended`: whether an arrival's bytes are missing because somebody has ended it for good. `erased`: whether
        it was erased, so that nothing is made of it even if there are bytes. `largest`: bytes of an object that is
        read, which takes a few times as much memory; larger ones wait for a person's decision."""
        self._ended = ended
        self._erased = erased
        self._identified = identified
        self._clean = clean
        self._engines = engines
        self._pseudonyms = pseudonyms
        self._largest = largest
        self._words = metrics.counter("isocentre_descriptor_words_total")

    def __call__(self, record: Incoming) -> Outcome:
        """Raises what the stores raise, and UnknownSite."""
        event = record.event
        assert isinstance(event, InstanceReceived | InstanceDecided)
        if self._erased(event.arrival):
            return Skip(Reason.ERASED)
        engine = self._engine(event)
        deciding = engine or self._engines.of(event.site)
        case = Case(event, deciding.revision(event.site), self._pseudonyms)
        if case.ended:
            return self._outcome(case, Rejected(case.ended))
        if engine is None:
            return self._outcome(case, Held(Reason.HELD_BY_PROFILE, ("no such profile",)))
        if isinstance(event, InstanceReceived) and event.size > self._largest:
            return self._outcome(case, Held(Reason.UNCLEANABLE, ("larger than this node reads",)))
        try:
            original = self._identified.get(event.key)
        except ObjectNotFound:
            if self._ended(event.arrival):
                return Skip(Reason.DISCARDED)
            raise
        return self._outcome(case, engine.anonymise(original, event.site, case.syntax, case.released))

    def _engine(self, event: InstanceReceived | InstanceDecided) -> Engine | None:
        """The one of the site, or of the profile that is asked for instead; None when that is no profile."""
        wanted = event.profile if isinstance(event, InstanceDecided) else None
        try:
            return self._engines.of(event.site, wanted)
        except BadProfile:
            return None

    def _outcome(self, case: Case, verdict: Verdict) -> Outcome:
        if isinstance(verdict, Held):
            return Quarantine(verdict.reason, held(case, verdict))
        if isinstance(verdict, Rejected):
            return Reject(verdict.reason, held(case, verdict))
        key = (
            f"{case.revision}/{verdict.study_uid}/{verdict.series_uid}/{verdict.instance_uid}.{verdict.digest[:12]}.dcm"
        )
        self._clean.put(key, verdict.part10)
        self._count(verdict)
        return Done(anonymised(case, verdict, key, place_header(verdict.header, key, self._clean)))

    def _count(self, cleaned: Cleaned) -> None:
        for (tag, outcome), number in cleaned.words.items():
            if number:
                self._words.labels(keyword_for_tag(tag) or f"{tag:08X}", outcome).inc(number)
