"""Takes the parts of one request in, one after the other: instances, or metadata and bulk data."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

from services.receiver.stow.apart import BulkData, Metadata, Unknown, Unreadable, charge, turn
from services.receiver.stow.building import Built, NotBuilt, build, uids
from services.receiver.stow.bulk import Bulk, NoRoom
from services.receiver.stow.instance import Instance
from services.receiver.stow.limits import MOST_PARTS, Limits, TooLarge
from services.receiver.stow.pouring import Pouring
from services.receiver.stow.storing import Storing
from services.receiver.upper.budget import Share
from services.receiver.upper.landing import Landing
from shared import media
from shared.dicom import part10
from shared.dicom.statuses import CANNOT_UNDERSTAND, PROCESSING_FAILURE
from shared.media import DICOM, DICOM_JSON, DICOM_XML

_REFUSALS = {NotBuilt: CANNOT_UNDERSTAND, TooLarge: PROCESSING_FAILURE}


class Part(Protocol):
    """One part that comes."""

    def take(self, view: memoryview) -> None:
        """More of it."""
        ...

    def end(self) -> None:
        """It is whole."""
        ...


class Parts:
    """Of one request. `default`: the media type of parts that state none."""

    def __init__(self, default: str, storing: Storing, landing: Landing, bulk: Bulk, limits: Limits) -> None:
        self._default, self._limits = default, limits
        self._storing, self._landing, self._bulk = storing, landing, bulk
        self._count = 0
        self._metadata: list[Metadata] = []
        self._share = Share(landing.budget)

    def begin(self, headers: Mapping[str, str]) -> Part:
        """The part of these headers. Raises TooLarge when it is one too many."""
        self._count += 1
        if self._count > MOST_PARTS:
            raise TooLarge
        kind = media.read(headers.get("content-type", self._default))
        if kind.type == DICOM:
            return Instance(self._storing, self._landing, self._limits.part)
        if kind.type in (DICOM_JSON, DICOM_XML):
            left = self._limits.metadata - sum(len(part.data) for part in self._metadata)
            self._metadata.append(Metadata(kind.type, left, self._share))
            return self._metadata[-1]
        uri = headers.get("content-location", "")
        if uri:
            return BulkData(self._storing, self._bulk, uri, kind, self._limits.part)
        return Unknown(self._storing)

    def finish(self) -> None:
        """All parts have come: what came in pieces is put together. Raises TooLarge and NoRoom."""
        if not self._metadata:
            return
        charge(self._metadata, self._share)
        room = self._limits.request
        for model in self._models():
            room -= self._assemble(model, room)

    def close(self) -> None:
        """The request has ended, whatever came of it."""
        self._metadata.clear()
        self._share.close()

    def _models(self) -> Iterator[Any]:
        for part in self._metadata:
            models: Sequence[Any] = ()
            try:
                with turn():
                    models = part.models()
            except Unreadable:
                self._storing.unreadable()
            yield from models

    def _assemble(self, model: Any, room: int) -> int:
        """Store the instance of which these are the metadata; the bytes that it took, of `room`. Raises NoRoom when
        others take too long."""
        with ExitStack() as reading:
            reading.enter_context(turn())
            try:
                built = build(model, self._bulk)
                reading.close()
                refusal = self._storing.refusal(built.sop_class_uid, built.transfer_syntax_uid)
                if not refusal:
                    return self._land(built, min(room, self._limits.part))
            except NoRoom:
                self._storing.without_room(*uids(model))
                return 0
            except (NotBuilt, TooLarge) as failed:
                refusal = _REFUSALS[type(failed)]
                self._storing.report.too_large |= isinstance(failed, TooLarge)
        self._storing.refuse(*uids(model), refusal)
        return 0

    def _land(self, built: Built, most: int) -> int:
        sop_class, sop_instance, syntax = built.sop_class_uid, built.sop_instance_uid, built.transfer_syntax_uid
        self._landing.begin(part10.front(syntax, sop_class, sop_instance), part10.digester(syntax))
        poured = Pouring(self._landing, most)
        built.write(poured)
        self._storing.store(sop_class, sop_instance, syntax, self._landing.whole())
        return poured.size
