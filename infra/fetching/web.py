"""Archives that speak DICOMweb: QIDO-RS (PS3.18 Section 10.6) to ask, WADO-RS (10.4) to have it sent to us."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

from infra.fetching.archive import Retrieved, Unanswered, understood
from infra.fetching.declared import WebSource
from infra.fetching.dimse import day_of
from infra.fetching.multipart import NotMultipart, boundary_of, parts
from infra.fetching.questions import Match, Question
from infra.importing.heads import NoInstance, read_head
from infra.sending.delivery import Ending, Patience, deliver
from infra.sending.way import Way
from shared.private_file import read_private

PAGE = 500
"""Answers that are asked for at once."""
_LONGEST_PAGE = 64 * 1024 * 1024
_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_STUDY, _PATIENT, _ACCESSION, _DATE = "0020000D", "00100020", "00080050", "00080020"
_MODALITIES, _MODALITY = "00080061", "00080060"
_OF_STUDY, _OF_SERIES = "00201208", "00201209"
_KEYS = {
    "study": "StudyInstanceUID",
    "patient_id": "PatientID",
    "accession": "AccessionNumber",
    "range": "StudyDate",
    "modality": "ModalitiesInStudy",
}
DicomJson = dict[str, Any]


class Web:
    """One DICOMweb service. What it sends is handed on as it comes."""

    def __init__(self, source: WebSource, way: Callable[[], Way], patience: Patience) -> None:
        """Raises Misconfigured when its token or certificates cannot be read."""
        self._source = source
        self._way, self._patience = way(), patience
        self._tls = source.tls.context() if source.tls else None
        token = read_private(source.token_file).strip() if source.token_file else None
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def find(self, question: Question) -> Sequence[Match]:
        """As Archive."""
        asked = [(key, value) for name, key in _KEYS.items() if (value := getattr(question, name))]
        told = self._all("/studies", [*asked, ("includefield", _OF_STUDY), ("includefield", _MODALITIES)])
        with understood():
            return [_match(one) for one in told if _first(one, _STUDY)]

    def modalities(self, study: str) -> frozenset[str]:
        """As Archive."""
        series = self._all(f"/studies/{quote(study)}/series", [("includefield", _MODALITY)])
        with understood():
            return frozenset(str(_first(one, _MODALITY)) for one in series)

    def count(self, study: str) -> int | None:
        """As Archive."""
        series = self._all(f"/studies/{quote(study)}/series", [("includefield", _OF_SERIES)])
        with understood():
            counts = [_first(one, _OF_SERIES) for one in series]
            if series and all(count is not None for count in counts):
                return sum(int(count) for count in counts if count is not None)
        return len(self._all(f"/studies/{quote(study)}/instances", [])) or None

    def retrieve(self, study: str) -> Retrieved:
        """As Archive."""
        sent, others = set[str](), 0  # what comes twice counts once
        with self._answered(f"/studies/{quote(study)}", _DICOM) as response:
            try:
                for part in parts(response, boundary_of(response.headers.get("Content-Type", ""))):
                    uid = self._delivered(part)
                    if uid is None:
                        others += 1
                    else:
                        sent.add(uid)
            except (NotMultipart, OSError, http.client.HTTPException):
                return Retrieved(len(sent), others, "broken-answer")
        return Retrieved(len(sent), others)

    def _delivered(self, part: BinaryIO) -> str | None:
        """The SOP Instance UID of what the receiver has taken."""
        try:
            instance = read_head(part).instance
        except NoInstance:
            return None
        delivery = deliver(self._way, instance, lambda: _kept_open(part), self._patience)
        return instance.sop_instance_uid if delivery.ending is Ending.SENT else None

    def _all(self, path: str, query: Sequence[tuple[str, str]]) -> list[DicomJson]:
        """All pages of an answer. A service that does not know pages sends the same again: it is heard once."""
        told: list[DicomJson] = []
        while True:
            page = self._page(path, [*query, ("limit", str(PAGE)), ("offset", str(len(told)))])
            new = [one for one in page if one not in told[-PAGE:]] if told else page
            told += new
            if len(page) < PAGE or not new:
                return told

    def _page(self, path: str, query: Sequence[tuple[str, str]]) -> list[DicomJson]:
        with self._answered(f"{path}?{urlencode(query)}", "application/dicom+json") as response:
            if response.status == HTTPStatus.NO_CONTENT:
                return []
            try:
                told = json.loads(response.read(_LONGEST_PAGE))
            except (ValueError, RecursionError, OSError, http.client.HTTPException):
                raise Unanswered("broken-answer") from None
        if not isinstance(told, list):
            raise Unanswered("broken-answer")
        return [one for one in told if isinstance(one, dict)]

    @contextmanager
    def _answered(self, path: str, accept: str) -> Iterator[http.client.HTTPResponse]:
        base = urlsplit(self._source.url)
        connection = self._connection(base.scheme, base.netloc)
        try:
            connection.request("GET", base.path.rstrip("/") + path, headers={"Accept": accept} | self._headers)
            response = connection.getresponse()
        except TimeoutError:
            connection.close()
            raise Unanswered("no-answer") from None
        except (OSError, http.client.HTTPException):
            connection.close()
            raise Unanswered("no-connection") from None
        try:
            if response.status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
                raise Unanswered(f"http-{response.status}")
            yield response
        finally:
            connection.close()

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if scheme == "https":
            context = self._tls or ssl.create_default_context()
            return http.client.HTTPSConnection(netloc, timeout=self._source.seconds, context=context)
        return http.client.HTTPConnection(netloc, timeout=self._source.seconds)


class _Open:
    """A file that its user may close and we still need."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read, self.seek = file.read, file.seek

    def __enter__(self) -> _Open:
        return self

    def __exit__(self, *_: object) -> None:
        """It is closed by who made it."""


def _kept_open(file: BinaryIO) -> Any:
    file.seek(0)
    return _Open(file)


def _first(told: DicomJson, tag: str) -> Any:
    values = told.get(tag, {}).get("Value") or [None]
    return values[0]


def _match(told: DicomJson) -> Match:
    modalities = told.get(_MODALITIES, {}).get("Value")
    instances = _first(told, _OF_STUDY)
    patient, accession = _first(told, _PATIENT), _first(told, _ACCESSION)
    return Match(
        study=str(_first(told, _STUDY)),
        patient_id=None if patient is None else str(patient),
        accession=None if accession is None else str(accession),
        day=day_of(_first(told, _DATE)),
        modalities=frozenset(map(str, modalities)) if modalities else None,
        instances=None if instances is None else int(instances),
    )
