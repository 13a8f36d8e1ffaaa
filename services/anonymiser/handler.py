"""Reads what arrived, lets the engine decide, stores the clean copy: the only door between the zones."""

from pydicom.datadict import keyword_for_tag

from services.anonymiser.decisions import Case, anonymised, held
from services.anonymiser.engine import Cleaned, Held, Rejected, Verdict
from services.anonymiser.engines import Engines
from services.anonymiser.profile.load import BadProfile
from shared import metrics
from shared.dicom.identity import Pseudonyms
from shared.events import InstanceDecided, InstanceReceived
from shared.outcome import Done, Outcome, Quarantine, Reason, Reject
from shared.runner import Incoming
from shared.storage import Store
from shared.storage.headers import place_header


class Anonymise:
    """De-identifies one received instance, or once more one that was held and about which a person has decided."""

    def __init__(self, *, identified: Store, clean: Store, engines: Engines, pseudonyms: Pseudonyms) -> None:
        self._identified = identified
        self._clean = clean
        self._engines = engines
        self._pseudonyms = pseudonyms
        self._words = metrics.counter("isocentre_descriptor_words_total")

    def __call__(self, record: Incoming) -> Outcome:
        """Raises what the stores raise, and UnknownSite."""
        event = record.event
        assert isinstance(event, InstanceReceived | InstanceDecided)
        case = Case(event, self._engines.of(event.site).revision(event.site), self._pseudonyms)
        if case.ended:
            return Reject(case.ended, held(case, Rejected(case.ended)))
        try:
            engine = self._engines.of(event.site, case.profile)
        except BadProfile:
            return Quarantine(Reason.HELD_BY_PROFILE, held(case, Held(Reason.HELD_BY_PROFILE, ("no such profile",))))
        case = Case(event, engine.revision(event.site), self._pseudonyms)
        return self._outcome(case, engine.anonymise(self._bytes(case), event.site, case.syntax, case.released))

    def _bytes(self, case: Case) -> bytes:
        return self._identified.get(case.event.key)

    def _outcome(self, case: Case, verdict: Verdict) -> Outcome:
        if isinstance(verdict, Held):
            return Quarantine(verdict.reason, held(case, verdict))
        if isinstance(verdict, Rejected):
            return Reject(verdict.reason, held(case, verdict))
        self._count(verdict)
        key = (
            f"{case.revision}/{verdict.study_uid}/{verdict.series_uid}/{verdict.instance_uid}.{verdict.digest[:12]}.dcm"
        )
        self._clean.put(key, verdict.part10)
        return Done(anonymised(case, verdict, key, place_header(verdict.header, key, self._clean)))

    def _count(self, cleaned: Cleaned) -> None:
        for (tag, outcome), number in cleaned.words.items():
            if number:
                self._words.labels(keyword_for_tag(tag) or f"{tag:08X}", outcome).inc(number)
