"""The S3 adapter, on minio's client."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

from shared.outcome import Transient
from shared.settings import StoreSettings
from shared.storage.store import AccessDenied, Content, ObjectNotFound, Store

CONNECT_TIMEOUT, READ_TIMEOUT = 2.0, 15.0
"""Seconds. Common DICOM senders give up after 30: our refusal has to reach them before."""

SMALLEST_PART = 5 * 1024 * 1024
"""Bytes; the client refuses a smaller one, and S3 parts above 5 GiB."""

_SLOWEST = 20 * 1024 * 1024
"""Bytes a second that a server writes at least."""

POOL = 16
"""Connections kept open: at least the number of threads that use a store at the same time."""


class _BehindTheEnd(Exception):
    """The object has no byte where the part begins."""


class S3Store:
    """One bucket of an S3 server."""

    # No S3 server that we start on one host calls fsync; see infra/adr/0003.
    durable = False

    def __init__(self, client: Minio, http: urllib3.PoolManager, bucket: str) -> None:
        self.name = bucket
        self._client = client
        self._http = http

    def put(self, key: str, data: Content, content_type: str = "application/dicom") -> None:
        # In one part whatever the size: only then does the answer tell a checksum that can be compared.
        if isinstance(data, Path):
            with data.open("rb") as file:
                etag = self._put_file(key, file, data.stat().st_size, content_type)
                file.seek(0)
                md5 = hashlib.file_digest(file, _md5).hexdigest()
        else:
            with _failures():
                part = max(len(data), SMALLEST_PART)
                written = self._client.put_object(
                    self.name, key, io.BytesIO(data), len(data), content_type, part_size=part
                )
            etag, md5 = written.etag or "", _md5(data).hexdigest()
        etag = etag.strip('"')
        # The ETag of an object stored in one part is the MD5 of what the server holds; others tell nothing.
        if len(etag) == 32 and etag != md5:
            raise Transient("checksum of the stored object differs")

    def _put_file(self, key: str, file: BinaryIO, size: int, content_type: str) -> str:
        """The ETag. The client's own way would hold all of the file in memory."""
        with _failures():
            url = self._client.presigned_put_object(self.name, key)
            headers = {"Content-Type": content_type, "Content-Length": str(size)}
            answer = self._http.request("PUT", url, body=file, headers=headers, timeout=_unhurried(size))
            if answer.status in (403, 404):
                raise AccessDenied(str(answer.status))
            if answer.status != 200:
                raise Transient(f"status {answer.status}")
            return str(answer.headers.get("ETag", ""))

    def get(self, key: str) -> bytes:
        return self._read(key)

    def part(self, key: str, start: int, count: int) -> bytes:
        try:
            return self._read(key, start, count)
        except _BehindTheEnd:
            return b""

    def _read(self, key: str, start: int = 0, count: int = 0) -> bytes:
        """`count` 0: to the end."""
        with _failures():
            response = self._client.get_object(self.name, key, start, count)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

    def exists(self, key: str) -> bool:
        try:
            with _failures():
                self._client.stat_object(self.name, key)
        except ObjectNotFound:
            return False
        return True

    def keys(self, prefix: str = "") -> Iterator[str]:
        with _failures():
            for found in self._client.list_objects(self.name, prefix=prefix, recursive=True):
                if found.object_name is not None:
                    yield found.object_name

    def delete(self, key: str) -> None:
        with _failures():
            self._client.remove_object(self.name, key)


def connect(endpoint: str, access_key: str, secret_key: str, bucket: str) -> Store:
    """The bucket `bucket` at `endpoint` (a base URL) as the user of that access key."""
    url = urlsplit(endpoint)
    http = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        maxsize=POOL,
        # The callers know when and how often to try again; a retry here would hide trouble from them.
        retries=urllib3.Retry(total=0),
    )
    client = Minio(
        url.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=url.scheme == "https",
        region="us-east-1",
        http_client=http,
    )
    return S3Store(client, http, bucket)


def open_bucket(settings: StoreSettings, bucket: str) -> Store:
    """The bucket `bucket` as the user that a service's settings name."""
    return connect(settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key.get_secret_value(), bucket)


def _md5(data: bytes | memoryview = b"") -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)


def _unhurried(size: int) -> urllib3.Timeout:
    """A server answers when it has written all of a file."""
    return urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT + size / _SLOWEST)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn the client's errors into ours. Their texts name keys and hosts, so only their kind is kept."""
    try:
        yield
    except S3Error as refused:
        if refused.code in ("NoSuchKey", "NoSuchObject"):
            raise ObjectNotFound from None
        if refused.code in ("AccessDenied", "NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
            raise AccessDenied(str(refused.code)) from None
        if refused.code == "InvalidRange":
            raise _BehindTheEnd from None
        raise Transient(str(refused.code)) from None
    except (ServerError, InvalidResponseError, urllib3.exceptions.HTTPError, OSError) as away:
        raise Transient(type(away).__name__) from None
