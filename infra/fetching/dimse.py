"""Archives that speak DIMSE: C-FIND, C-MOVE and C-GET (PS3.4 Annex C, Study Root). No hot path: pynetdicom does it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)

from infra.fetching.archive import Retrieved, Unanswered, understood
from infra.fetching.declared import GetSource, MoveSource
from infra.fetching.questions import Match, Question

CONNECT_SECONDS = 10.0
ASK_SECONDS = 30.0
"""For an association."""
MAX_PDU = 131_072
QUERY_SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
_PENDING = (0xFF00, 0xFF01)
_SUCCESS, _SOME_FAILED = 0x0000, 0xB000
_STATUSES = {
    0xA701: "out-of-resources",
    0xA702: "out-of-resources",
    0xA801: "destination-unknown",
    0xA900: "identifier-does-not-match",
    0xC000: "unable-to-process",
    0xFE00: "cancelled",
}


class Asking:
    """What may be asked of both kinds."""

    def __init__(self, source: MoveSource | GetSource) -> None:
        self._source = source
        self._tls = source.tls.context() if source.tls else None

    def find(self, question: Question) -> Sequence[Match]:
        """As Archive."""
        found = self._find("STUDY", _keys(question))
        with understood():
            return [_match(one) for one in found if one.get("StudyInstanceUID")]

    def modalities(self, study: str) -> frozenset[str]:
        """As Archive."""
        found = self._find("SERIES", {"StudyInstanceUID": study, "SeriesInstanceUID": "", "Modality": ""})
        with understood():
            return frozenset(str(one.get("Modality", "")) for one in found)

    def count(self, study: str) -> int | None:
        """As Archive."""
        keys = {"StudyInstanceUID": study, "SeriesInstanceUID": "", "NumberOfSeriesRelatedInstances": ""}
        series = self._find("SERIES", keys)
        with understood():
            counts = [one.get("NumberOfSeriesRelatedInstances") for one in series]
            if series and all(count is not None for count in counts):
                return sum(int(count) for count in counts if count is not None)
        return len({instance for one in series for instance, _ in self._images(study, one)}) or None

    def _images(self, study: str, series: Dataset) -> list[tuple[str, str]]:
        """SOP Instance and SOP Class UID of each; the latter is '' where the archive does not tell."""
        with understood():
            uid = str(series.get("SeriesInstanceUID", ""))
        if not uid:
            return []
        keys = {"StudyInstanceUID": study, "SeriesInstanceUID": uid, "SOPInstanceUID": "", "SOPClassUID": ""}
        found = self._find("IMAGE", keys)
        with understood():
            told = [(one.get("SOPInstanceUID"), one.get("SOPClassUID", "")) for one in found]
            return [(str(instance), str(sop_class)) for instance, sop_class in told if instance]

    def _find(self, level: str, keys: dict[str, str]) -> list[Dataset]:
        with self._associated(query_contexts()) as association:
            return list(_found(association, level, keys))

    @contextmanager
    def _associated(
        self, contexts: Sequence[PresentationContext], handlers: Sequence[Any] = (), roles: Sequence[Any] = ()
    ) -> Iterator[Association]:
        source = self._source
        entity = AE(source.calling)
        entity.acse_timeout = ASK_SECONDS
        entity.dimse_timeout = entity.network_timeout = source.seconds
        entity.connection_timeout = CONNECT_SECONDS
        association = entity.associate(
            source.host,
            source.port,
            contexts=list(contexts),
            ae_title=source.ae_title,
            max_pdu=MAX_PDU,
            ext_neg=list(roles),
            evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay), *handlers],
            tls_args=(self._tls, source.host) if self._tls else None,
        )
        if not association.is_established:
            raise Unanswered("not-let-in" if association.is_rejected else "no-association")
        try:
            yield association
        finally:
            if association.is_established:
                association.release()


class Moving(Asking):
    """C-MOVE: it sends to our receiver by itself, and tells how many it could."""

    def __init__(self, source: MoveSource) -> None:
        super().__init__(source)
        self._destination = source.destination

    def retrieve(self, study: str) -> Retrieved:
        """As Archive."""
        wanted = Dataset()
        wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study
        model = StudyRootQueryRetrieveInformationModelMove
        with self._associated(query_contexts(model)) as association:
            with as_unanswered():
                statuses = [status for status, _ in association.send_c_move(wanted, self._destination, model)]
            return told(statuses)


def told(statuses: Sequence[Dataset]) -> Retrieved:
    """What the answers to a C-MOVE or C-GET say of the sub-operations; a broken association is what was told last."""
    completed = failed = 0
    for status in statuses:
        # All of them together count how many there are; a final answer need not repeat them.
        warned = int(status.get("NumberOfWarningSuboperations") or 0)
        completed = max(completed, int(status.get("NumberOfCompletedSuboperations") or 0) + warned)
        failed = max(failed, int(status.get("NumberOfFailedSuboperations") or 0))
    final = statuses[-1].get("Status") if statuses else None
    if final is None or final in _PENDING:
        return Retrieved(completed, failed, "no-answer")
    if final in (_SUCCESS, _SOME_FAILED):
        return Retrieved(completed, failed)
    return Retrieved(completed, failed, _STATUSES.get(final, f"status-{final:04x}"))


def _found(association: Association, level: str, keys: dict[str, str]) -> Iterator[Dataset]:
    wanted = Dataset()
    wanted.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(wanted, keyword, value)
    final: int | None = None
    with as_unanswered():
        for status, identifier in association.send_c_find(wanted, StudyRootQueryRetrieveInformationModelFind):
            final = status.get("Status")
            if final in _PENDING:
                if identifier is None:  # which pynetdicom could not read
                    raise Unanswered("broken-answer")
                yield identifier
    if final != _SUCCESS:
        raise Unanswered("no-answer" if final is None else _STATUSES.get(final, f"status-{final:04x}"))


@contextmanager
def as_unanswered() -> Iterator[None]:
    """pynetdicom says with these that the association is over, or that the context was not accepted."""
    try:
        yield
    except (RuntimeError, ValueError) as failed:
        raise Unanswered("no-accepted-context" if isinstance(failed, ValueError) else "no-association") from None


def query_contexts(*models: Any) -> list[PresentationContext]:
    """In which questions can be asked; there are archives that want to be asked before they send."""
    return [build_context(one, QUERY_SYNTAXES) for one in (StudyRootQueryRetrieveInformationModelFind, *models)]


def _no_delay(event: evt.Event) -> None:
    transport = event.assoc.dul.socket
    if transport is not None and transport.socket is not None:
        with contextlib.suppress(OSError):
            transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _keys(question: Question) -> dict[str, str]:
    return {
        "StudyInstanceUID": question.study,
        "PatientID": question.patient_id,
        "AccessionNumber": question.accession,
        "StudyDate": question.range,
        "ModalitiesInStudy": question.modality,
        "NumberOfStudyRelatedInstances": "",
    }


def _match(told: Dataset) -> Match:
    modalities = told.get("ModalitiesInStudy")
    instances = told.get("NumberOfStudyRelatedInstances")
    return Match(
        study=str(told.StudyInstanceUID),
        patient_id=_text(told, "PatientID"),
        accession=_text(told, "AccessionNumber"),
        day=day_of(_text(told, "StudyDate")),
        modalities=frozenset([modalities] if isinstance(modalities, str) else modalities) if modalities else None,
        instances=int(instances) if instances is not None and str(instances) else None,
    )


def _text(told: Dataset, keyword: str) -> str | None:
    value = told.get(keyword)
    return str(value) if value is not None and str(value) else None


def day_of(text: str | None) -> date | None:
    """A value of VR DA as a day; None when it is none."""
    try:
        return datetime.strptime(text or "", "%Y%m%d").date()
    except ValueError:
        return None
