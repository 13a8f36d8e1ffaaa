"""Upload in parts (S3 CreateMultipartUpload and what follows): what is large goes piece by piece, each confirmed."""

import zlib
from base64 import b64decode
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from shared.outcome import Transient
from shared.storage.bucket import CHECKSUM, Bucket, Xml
from shared.storage.content import Body, InMemory, joined, spelled, verify
from shared.storage.store import ObjectNotFound

PART = 64 * 1024 * 1024
"""Bytes; larger objects go in parts of this size. S3 allows 10,000 of them, each 5 MiB to 5 GiB."""


def upload(bucket: Bucket, key: str, body: Body, content_type: str) -> None:
    """Put `body` in parts, or nothing: one that fails is aborted. Raises what `bucket` raises."""
    headers = {"content-type": content_type, "x-amz-checksum-algorithm": "CRC32"}
    begun = Xml.of(bucket.ask("POST", key, {"uploads": ""}, headers)).text("UploadId")
    try:
        parts = [_part(bucket, key, begun, body, start) for start in range(0, len(body), PART)]
        if body.written is not None:
            verify(_whole(parts, len(body)), body.written)
        _complete(bucket, key, begun, parts, len(body))
    except BaseException:
        with suppress(Transient, ObjectNotFound):
            _abort(bucket, key, begun)
        raise


def abort_orphans(bucket: Bucket, older_than: timedelta) -> int:
    """Abort uploads that were begun that long ago, by whomever; returns how many there were."""
    limit, aborted = datetime.now(UTC) - older_than, 0
    follow = {"NextKeyMarker": "key-marker", "NextUploadIdMarker": "upload-id-marker"}
    for page in list(bucket.pages({"uploads": ""}, follow)):
        for found in page.all("Upload"):
            if found.time("Initiated") < limit:
                with suppress(ObjectNotFound):
                    _abort(bucket, found.text("Key"), found.text("UploadId"))
                    aborted += 1
    return aborted


def _part(bucket: Bucket, key: str, begun: str, body: Body, start: int) -> tuple[str, str]:
    """ETag and checksum of the part that begins there."""
    query = {"uploadId": begun, "partNumber": str(start // PART + 1)}
    told = bucket.send(key, body.piece(start, PART), query).headers
    return told["ETag"], told[CHECKSUM]


def _whole(parts: list[tuple[str, str]], size: int) -> int:
    """CRC-32 of all that was sent, of `size` bytes, without reading it again."""
    crc = 0
    for number, (_, told) in enumerate(parts):
        crc = joined(crc, int.from_bytes(b64decode(told), "big"), min(PART, size - number * PART))
    return crc


def _complete(bucket: Bucket, key: str, begun: str, parts: list[tuple[str, str]], size: int) -> None:
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumCRC32>{crc}</ChecksumCRC32></Part>"
        for number, (etag, crc) in enumerate(parts, start=1)
    )
    wish = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    # The server may have to write all of it once more.
    answer = Xml.of(bucket.ask("POST", key, {"uploadId": begun}, body=InMemory(memoryview(wish)), work=size))
    # S3 may begin its answer, with status 200, before it knows how this ends.
    if answer.name == "Error":
        raise Transient(answer.text("Code"))
    whole = spelled(zlib.crc32(b"".join(b64decode(crc) for _, crc in parts)))
    if answer.text("ChecksumCRC32") != f"{whole}-{len(parts)}":
        raise Transient("checksum not confirmed")


def _abort(bucket: Bucket, key: str, begun: str) -> None:
    bucket.ask("DELETE", key, {"uploadId": begun})
