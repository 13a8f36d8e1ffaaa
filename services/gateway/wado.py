"""Retrieves objects, metadata and pictures from index and store (PS3.18 10.4): the I/O behind the routes."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from services.gateway.accept import ANY_SYNTAX, DicomAnswer
from services.gateway.catalogue import Catalogue, Scope
from services.gateway.database import Row
from services.gateway.multipart import Part
from services.gateway.problems import Problem
from shared.storage import ObjectNotFound, Store

HEADERS_AT_ONCE = 25
"""Headers in memory at the same time: each can be megabytes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG and what tells it from another version of it."""

    data: bytes
    etag: str


class Retrieval:
    """Answers WADO-RS. Raises `Problem` for what is not there and `Transient` for what is away."""

    def __init__(self, catalogue: Catalogue, clean: Store, derived: Store) -> None:
        self._catalogue = catalogue
        self._clean = clean
        self._derived = derived

    def objects(self, scope: Scope) -> list[Row]:
        """The instances in `scope`; a 404 when there is none."""
        found = self._catalogue.objects(scope)
        if not found:
            raise Problem(404, "The index holds no instance of that study, series or instance.")
        return found

    def bytes_of(self, row: Row) -> bytes:
        """The Part 10 object of one instance."""
        try:
            return self._clean.get(row["key"])
        except ObjectNotFound:
            raise Problem(410, "The index knows the instance, but its object is not in the store.") from None

    def parts(self, rows: Sequence[Row], base: str) -> Iterator[Part]:
        """One part per instance, fetched when its turn comes."""
        for row in rows:
            yield Part(
                content_type=f"application/dicom; transfer-syntax={row['transfer_syntax_uid']}",
                location=instance_url(row, base),
                data=self.bytes_of(row),
            )

    def metadata(self, rows: Sequence[Row]) -> Iterator[bytes]:
        """A JSON array of headers without bulk data, in pieces (PS3.18 10.4.3.3.2)."""
        separator = b"["
        for start in range(0, len(rows), HEADERS_AT_ONCE):
            uids = [row["sop_instance_uid"] for row in rows[start : start + HEADERS_AT_ONCE]]
            headers = self._catalogue.headers(uids)
            for uid in uids:
                if uid in headers:
                    yield separator + self._header(headers[uid])
                    separator = b","
        yield b"]" if separator == b"," else b"[]"

    def picture(self, scope: Scope) -> Picture:
        """The JPEG that stands for `scope`; a 404 when there is none."""
        row = self._catalogue.picture(scope)
        if row is None:
            raise Problem(404, "There is no picture of that study, series or instance.")
        try:
            data = self._derived.get(row["picture_key"])
        except ObjectNotFound:
            raise Problem(410, "The index knows a picture, but it is not in the store.") from None
        return Picture(data, hashlib.sha256(row["picture_key"].encode()).hexdigest()[:24])

    def _header(self, row: Row) -> bytes:
        if row["header_cut"] and row["header_key"]:
            try:
                return self._clean.get(row["header_key"])
            except ObjectNotFound:
                pass  # what the database kept of it is true, if not whole
        return orjson.dumps(row["header"])


def suitable(rows: Sequence[Row], answers: Sequence[DicomAnswer]) -> tuple[DicomAnswer, list[Row]]:
    """The best of the acceptable answers, and the instances that can be sent so.

    Raises a 406 when there is none (PS3.18 8.7.4): a transfer syntax is given only where it is the stored one.
    """
    for answer in answers:
        matching = [row for row in rows if answer.transfer_syntax in (ANY_SYNTAX, row["transfer_syntax_uid"])]
        if matching:
            return answer, matching
    raise Problem(406, 'Objects are sent as multipart/related; type="application/dicom" in their stored syntax.')


def instance_url(row: Row, base: str) -> str:
    """Where an instance is retrieved."""
    return (
        f"{base}/studies/{row['study_instance_uid']}/series/{row['series_instance_uid']}"
        f"/instances/{row['sop_instance_uid']}"
    )
