"""What an S3 server's answers mean."""

from collections.abc import Mapping
from http.client import HTTPMessage

import pytest

from shared.outcome import Failure, Transient
from shared.storage import AccessDenied, ObjectNotFound, parts
from shared.storage.bucket import CHECKSUM, Bucket
from shared.storage.content import EMPTY, Body, InMemory, spelled
from shared.storage.wire import Response, Wire

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Scripted(Wire):
    """Gives these answers, one after the other; knows what was asked."""

    def __init__(self, *answers: Response) -> None:
        super().__init__("http://store.example")
        self.asked: list[str] = []
        self._answers = list(answers)

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: Body = EMPTY, work: int = 0) -> Response:
        self.asked.append(f"{method} {target}" + (f" {work} bytes to write" if work else ""))
        return self._answers.pop(0)


def answer(status: int, body: str = "", **headers: str) -> Response:
    told = HTTPMessage()
    for name, value in headers.items():
        told[name.replace("_", "-")] = value
    return Response(status, told, body.encode())


def bucket(*answers: Response) -> Bucket:
    return Bucket(Scripted(*answers), "user", "secret", "clean")


def error(code: str) -> str:
    return f"<Error><Code>{code}</Code><Message>of patient X</Message></Error>"


@pytest.mark.parametrize(
    ("said", "expected", "text"),
    [
        (answer(404, error("NoSuchKey")), ObjectNotFound, ""),
        (answer(404), Transient, "status 404"),
        (answer(404, error("NoSuchBucket")), AccessDenied, "NoSuchBucket"),
        (answer(403, error("AccessDenied")), AccessDenied, "AccessDenied"),
        (answer(403), AccessDenied, "AccessDenied"),
        (answer(403, error("SignatureDoesNotMatch")), AccessDenied, "SignatureDoesNotMatch"),
        (answer(503, error("SlowDown")), Transient, "SlowDown"),
        (answer(502, "no XML at all"), Transient, "answer is no XML"),
        (answer(500), Transient, "status 500"),
        (answer(301), Transient, "status 301"),
    ],
)
def test_refusals(said: Response, expected: type[Failure], text: str) -> None:
    with pytest.raises(expected) as refused:
        bucket(said).ask("GET", "a")
    assert type(refused.value) is expected
    assert str(refused.value) == text


@pytest.mark.parametrize("told", [{}, {"x_amz_checksum_crc32": "AAAAAA=="}], ids=["none", "another"])
def test_a_checksum_that_is_not_confirmed_is_no_success(told: dict[str, str]) -> None:
    with pytest.raises(Transient, match="not confirmed"):
        bucket(answer(200, **told)).send("a", InMemory(memoryview(b"content")))


def upload(end: str) -> list[str]:
    """An upload of one part whose completion is answered with `end`; what was asked."""
    body = InMemory(memoryview(b"content"))
    checksum = {CHECKSUM.replace("-", "_"): spelled(body.crc32()), "ETag": '"tag"'}
    wire = Scripted(
        answer(
            200, f"<InitiateMultipartUploadResult {NAMESPACE}><UploadId>7</UploadId></InitiateMultipartUploadResult>"
        ),
        answer(200, **checksum),
        answer(200, end),
        answer(204),
    )
    try:
        parts.upload(Bucket(wire, "user", "secret", "clean"), "a", body, "application/dicom")
    except Transient as failed:
        return [*wire.asked, str(failed)]
    return wire.asked


BEGIN = ["POST /clean/a?uploads=", "PUT /clean/a?partNumber=1&uploadId=7", "POST /clean/a?uploadId=7 7 bytes to write"]
ABORT = "DELETE /clean/a?uploadId=7"


def test_an_upload_ends_with_the_checksum_of_its_checksums() -> None:
    # CRC-32 of the four bytes that are the CRC-32 of b"content".
    said = (
        f"<CompleteMultipartUploadResult {NAMESPACE}><ChecksumCRC32>%s</ChecksumCRC32></CompleteMultipartUploadResult>"
    )
    of_parts = spelled(InMemory(memoryview(InMemory(memoryview(b"content")).crc32().to_bytes(4, "big"))).crc32())
    assert upload(said % f"{of_parts}-1") == BEGIN
    assert upload(said % "AAAAAA==-1") == [*BEGIN, ABORT, "checksum not confirmed"]


def test_an_error_may_come_with_status_200() -> None:
    assert upload(error("InternalError")) == [*BEGIN, ABORT, "InternalError"]


def test_lists_are_read_to_their_end() -> None:
    def page(*keys: str, more: str = "") -> str:
        found = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
        told = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{more}</NextContinuationToken>" if more else ""
        return f"<ListBucketResult {NAMESPACE}>{told}{found}</ListBucketResult>"

    wire = Scripted(answer(200, page("a", "b", more="t&amp;1")), answer(200, page("c")))
    pages = Bucket(wire, "user", "secret", "clean").pages(
        {"list-type": "2", "prefix": ""}, {"NextContinuationToken": "continuation-token"}
    )
    assert [found.text("Key") for page in pages for found in page.all("Contents")] == ["a", "b", "c"]
    assert wire.asked == [
        "GET /clean?list-type=2&prefix=",
        "GET /clean?continuation-token=t%261&list-type=2&prefix=",
    ]
