"""Our signature is that of minio's client, which is the oracle here."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from shared.storage.signing import Signer, path_of, query_of

HOST, NOW = "store.example:9000", datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
KEYS = ["", "site/ab/0.dcm", "a b/ä+~'(!)*.dcm", "a//b", "%41"]
QUERIES = [{}, {"uploads": ""}, {"uploadId": "a/b+c=", "partNumber": "2"}, {"prefix": "site a/ä", "list-type": "2"}]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("query", QUERIES)
def test_as_minio_signs(key: str, query: dict[str, str]) -> None:
    headers = {"content-type": "application/dicom", "x-amz-checksum-crc32": "AAAAAA=="}
    path, parameters = path_of("clean", key), query_of(query)
    ours = Signer("user", "secret", HOST).sign("PUT", path, parameters, headers, NOW)
    theirs = sign_v4_s3(
        method="PUT",
        url=urlsplit(f"http://{HOST}{path}?{parameters}"),
        region="us-east-1",
        headers={**headers, "host": HOST, "x-amz-date": "20261130T235959Z", "x-amz-content-sha256": "UNSIGNED-PAYLOAD"},
        credentials=Credentials("user", "secret"),
        content_sha256="UNSIGNED-PAYLOAD",
        date=NOW,
    )
    assert ours["authorization"] == theirs["Authorization"]
    assert ours["x-amz-date"] == "20261130T235959Z"


def test_a_new_day_has_a_new_key() -> None:
    signer, tomorrow = Signer("user", "secret", HOST), datetime(2026, 12, 1, tzinfo=UTC)
    signer.sign("GET", "/clean", "", {}, NOW)
    after = signer.sign("GET", "/clean", "", {}, tomorrow)
    assert after == Signer("user", "secret", HOST).sign("GET", "/clean", "", {}, tomorrow)
