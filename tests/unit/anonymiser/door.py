"""The door between the zones with stores in memory: a handler that tests give events to."""

from collections.abc import Mapping
from datetime import UTC, datetime

from services.anonymiser.engines import Engines
from services.anonymiser.handler import Anonymise
from services.anonymiser.profile.load import shipped
from shared.dicom import part10
from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Patients
from shared.events import InstanceDecided, InstanceReceived
from shared.outcome import Outcome
from shared.runner import Incoming
from tests.support.events import received
from tests.support.memory_store import MemoryStore

PSEUDONYMS = Pseudonyms(b"k" * 32)
LARGEST = 2**20
"""Bytes of an object that is read."""


class Bench:
    """One site, of `profile`: a shipped one, or one of `texts`."""

    def __init__(self, profile: str = "basic", texts: Mapping[str, str] | None = None) -> None:
        self.identified = MemoryStore("identified")
        self.clean = MemoryStore("clean")
        self.ended: set[str] = set()
        self.erased: set[str] = set()
        engines = Engines(
            profiles={"site-a": profile},
            texts={**shipped(), **(texts or {})},
            pseudonyms=PSEUDONYMS,
            patients=Patients.of("site-a"),
            examiner=None,
        )
        self.handle = Anonymise(
            identified=self.identified,
            clean=self.clean,
            engines=engines,
            pseudonyms=PSEUDONYMS,
            ended=self.ended.__contains__,
            erased=self.erased.__contains__,
            largest=LARGEST,
        )

    def event(self, content: bytes) -> InstanceReceived:
        digest = part10.digest(content, "")
        event = received(digest=digest, key=f"site-a/{digest}.dcm", arrival=PSEUDONYMS.arrival("site-a", digest))
        self.identified.put(event.key, content)
        return event

    def __call__(self, event: InstanceReceived | InstanceDecided) -> Outcome:
        return self.handle(Incoming(event, event.topic, 0, 0, datetime.now(UTC)))
