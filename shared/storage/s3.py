"""The S3 adapter."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from shared.outcome import Transient
from shared.storage import parts
from shared.storage.bucket import BehindTheEnd, Bucket, Xml
from shared.storage.content import opened
from shared.storage.store import Content, Listed, ObjectNotFound, Store
from shared.storage.wire import Wire


class S3Store:
    """One bucket of an S3 server."""

    # No S3 server that we start on one host calls fsync; see infra/adr/0003.
    durable = False

    def __init__(self, bucket: Bucket) -> None:
        self.name = bucket.name
        self._bucket = bucket

    def put(self, key: str, data: Content, content_type: str = "application/dicom") -> None:
        try:
            with opened(data) as body:
                if len(body) > parts.PART:
                    parts.upload(self._bucket, key, body, content_type)
                else:
                    self._bucket.send(key, body, headers={"content-type": content_type})
        except OSError as failed:
            raise Transient(type(failed).__name__) from None

    def get(self, key: str) -> bytes:
        return self._bucket.ask("GET", key).body

    def part(self, key: str, start: int, count: int) -> bytes:
        try:
            return self._bucket.ask("GET", key, headers={"range": f"bytes={start}-{start + count - 1}"}).body
        except BehindTheEnd:
            return b""

    def exists(self, key: str) -> bool:
        try:
            self._bucket.ask("HEAD", key)
        except ObjectNotFound:
            return False
        return True

    def secure(self, key: str) -> None:
        self._bucket.ask("HEAD", key)  # no server can be asked for more

    def keys(self, prefix: str = "") -> Iterator[str]:
        return (found.text("Key") for found in self._found(prefix))

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        for found in self._found(prefix):
            yield Listed(found.text("Key"), found.time("LastModified"), int(found.text("Size")))

    def delete(self, key: str) -> None:
        with suppress(ObjectNotFound):
            self._bucket.ask("DELETE", key)

    def abort_orphans(self, older_than: timedelta) -> int:
        return parts.abort_orphans(self._bucket, older_than)

    def _found(self, prefix: str) -> Iterator[Xml]:
        follow = {"NextContinuationToken": "continuation-token"}
        for page in self._bucket.pages({"list-type": "2", "prefix": prefix}, follow):
            yield from page.all("Contents")


def connect(endpoint: str, access_key: str, secret_key: str, bucket: str) -> Store:
    """The bucket `bucket` at `endpoint` (a base URL) as the user of that access key."""
    return S3Store(Bucket(Wire(endpoint), access_key, secret_key, bucket))
