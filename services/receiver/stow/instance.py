"""One part that is an instance: a Part 10 file, kept as it was sent, preamble and file meta information too."""

from services.receiver.stow.limits import TooLarge
from services.receiver.stow.pouring import Pouring
from services.receiver.stow.storing import Storing
from services.receiver.upper.landing import Landing
from shared.dicom import part10
from shared.dicom.statuses import CANNOT_UNDERSTAND, PROCESSING_FAILURE


class Instance:
    """It lands while it comes, unless it is known to be refused. `most`: bytes that its data set may have."""

    def __init__(self, storing: Storing, landing: Landing, most: int) -> None:
        self._storing, self._landing = storing, landing
        self._pour = Pouring(landing, most)
        self._first = bytearray()
        self._meta: part10.Meta | None = None
        self._refusal = 0

    def take(self, view: memoryview) -> None:
        if self._refusal:
            return
        if self._meta is None:
            self._begin(view, whole=False)
        else:
            self._more(view)

    def end(self) -> None:
        if self._meta is None and not self._refusal:
            self._begin(memoryview(b""), whole=True)
        if self._meta is None:
            self._storing.unreadable()
            return
        sop_class, sop_instance = self._meta.sop_class_uid, self._meta.sop_instance_uid
        if self._refusal:
            self._storing.refuse(sop_class, sop_instance, self._refusal)
        else:
            self._storing.store(sop_class, sop_instance, self._meta.transfer_syntax_uid, self._landing.whole())

    def _begin(self, view: memoryview, *, whole: bool) -> None:
        if self._first:
            self._first += view
        first = memoryview(self._first) if self._first else view
        try:
            meta = part10.read_front(first, whole=whole)
        except part10.NotPart10:
            self._refusal = CANNOT_UNDERSTAND
            return
        if meta is None:
            self._first = self._first or bytearray(view)
            return
        self._meta, self._first = meta, bytearray()
        self._refusal = self._storing.refusal(meta.sop_class_uid, meta.transfer_syntax_uid)
        if not self._refusal:
            self._landing.begin(bytes(first[: meta.front]), part10.digester(meta.transfer_syntax_uid))
            self._more(first[meta.front :])

    def _more(self, view: memoryview) -> None:
        try:
            self._pour(view)
        except TooLarge:
            self._storing.report.too_large, self._refusal = True, PROCESSING_FAILURE
