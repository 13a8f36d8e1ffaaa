"""WADO-RS over the real index and store (PS3.18 10.4): objects, metadata, pictures, and what is refused."""

import email.policy
import io
from email.parser import BytesParser
from typing import Any

import pydicom
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000

from services.gateway.parts import Parts
from tests.support.seed_index import study_uid, uid

pytestmark = pytest.mark.stack

HEAD = study_uid(0)
CT, DOSE = uid("series", "00", 0), uid("series", "00", 1)
FIRST = uid("instance", "00", 0, 1)
INSTANCE = f"/studies/{HEAD}/series/{CT}/instances/{FIRST}"
ECG = f"/studies/{study_uid(3)}/series/{uid('series', '03', 0)}/instances/{uid('instance', '03', 0, 1)}"
DICOM, MULTIPART = "application/dicom", 'multipart/related; type="application/dicom"'
NOBODY = "/studies/1.2.3/series/1.2.4/instances/1.2.5"


def parts_of(answer: Any) -> list[tuple[Any, bytes]]:
    """The headers and the body of each part, as Python's own reader of MIME sees them."""
    whole = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode() + answer.content
    message = BytesParser(policy=email.policy.HTTP).parsebytes(whole)
    assert message.is_multipart()
    assert not message.defects
    return [(part, part.get_payload(decode=True)) for part in message.iter_parts()]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("url", "many"), [(f"/studies/{HEAD}", 11), (f"/studies/{HEAD}/series/{CT}", 9), (INSTANCE, 1)]
)
def test_objects_go_out_in_parts_as_they_are_stored(
    gateway: TestClient, gateway_parts: Parts, url: str, many: int
) -> None:
    answer = gateway.get(url, headers={"Accept": MULTIPART})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith('multipart/related; type="application/dicom"; boundary=')
    found = parts_of(answer)
    assert len(found) == many
    stored = {
        row["sop_instance_uid"]: gateway_parts.clean.get(row["key"])
        for row in gateway_parts.database.fetch("SELECT * FROM instance WHERE study_instance_uid = %s", (HEAD,))
    }
    for part, body in found:
        meta = pydicom.dcmread(io.BytesIO(body), stop_before_pixels=True).file_meta
        assert body == stored[str(meta.MediaStorageSOPInstanceUID)]
        assert part.get_content_type() == DICOM
        assert part.get_param("transfer-syntax") == meta.TransferSyntaxUID
        assert part["Content-Location"].endswith(f"/instances/{meta.MediaStorageSOPInstanceUID}")


def test_one_instance_goes_out_without_multipart(gateway: TestClient) -> None:
    answer = gateway.get(INSTANCE, headers={"Accept": DICOM})
    dataset = pydicom.dcmread(io.BytesIO(answer.content))
    assert dataset.SOPInstanceUID == FIRST
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={dataset.file_meta.TransferSyntaxUID}"
    by_query = gateway.get(INSTANCE, params={"accept": DICOM})
    assert by_query.content == answer.content


def test_the_stored_transfer_syntax_is_the_only_one(gateway: TestClient) -> None:
    stored = f"{DICOM}; transfer-syntax={JPEG2000}"
    assert gateway.get(INSTANCE, headers={"Accept": stored}).status_code == 200
    other = f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.1"
    assert gateway.get(INSTANCE, headers={"Accept": other}).status_code == 406
    assert gateway.get(INSTANCE, headers={"Accept": f"{other}, {stored};q=0.1"}).status_code == 200


def test_a_study_of_which_a_part_has_that_transfer_syntax(gateway: TestClient) -> None:
    answer = gateway.get(f"/studies/{HEAD}", headers={"Accept": f"{MULTIPART}; transfer-syntax={JPEG2000}"})
    assert (answer.status_code, len(parts_of(answer))) == (206, 9)


@pytest.mark.parametrize(
    ("url", "accept"),
    [
        (f"/studies/{HEAD}", DICOM),
        (INSTANCE, "image/png"),
        (INSTANCE, 'multipart/related; type="image/jpeg"'),
        (INSTANCE, "*/*;q=0"),
        (f"{INSTANCE}/metadata", "text/xml"),
        (f"{INSTANCE}/thumbnail", "image/png"),
    ],
)
def test_what_cannot_be_given_is_406(gateway: TestClient, url: str, accept: str) -> None:
    answer = gateway.get(url, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (406, "application/problem+json")


@pytest.mark.parametrize("below", ["", "/metadata", "/thumbnail"])
@pytest.mark.parametrize(
    "url",
    [
        "/studies/1.2.3",
        NOBODY,
        f"/studies/1.2.3/series/{CT}/instances/{FIRST}",
        f"/studies/{HEAD}/series/{DOSE}/instances/{FIRST}",
    ],
)
def test_nothing_there_is_404(gateway: TestClient, url: str, below: str) -> None:
    answer = gateway.get(url + below)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("url", ["/studies/abc", "/studies/1.2.3/series/%00", f"/studies/{'1' * 65}/metadata"])
def test_what_is_no_uid_is_400(gateway: TestClient, url: str) -> None:
    assert gateway.get(url).status_code == 400


@pytest.mark.parametrize("below", ["/rendered", "/frames/1", "/bulkdata/7FE00010"])
def test_what_is_not_served_says_so(gateway: TestClient, below: str) -> None:
    assert gateway.get(INSTANCE + below).status_code == 501


@pytest.mark.parametrize(
    ("url", "many"), [(f"/studies/{HEAD}", 11), (f"/studies/{HEAD}/series/{CT}", 9), (INSTANCE, 1), (ECG, 1)]
)
def test_metadata_is_the_header_without_bulk_data(gateway: TestClient, url: str, many: int) -> None:
    answer = gateway.get(f"{url}/metadata")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+json")
    found = answer.json()
    assert len(found) == many
    for item in found:
        assert "PixelData" not in Dataset.from_json(item)
        assert item["00080018"]["Value"]


def test_metadata_of_many_instances_is_read_in_pieces(gateway: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gateway.get(f"/studies/{HEAD}/metadata").json()
    monkeypatch.setattr("services.gateway.wado.HEADERS_AT_ONCE", 2)
    assert gateway.get(f"/studies/{HEAD}/metadata").json() == whole


@pytest.mark.parametrize("url", [f"/studies/{HEAD}", f"/studies/{HEAD}/series/{CT}", INSTANCE])
def test_a_picture_at_every_level(gateway: TestClient, url: str) -> None:
    answer = gateway.get(f"{url}/thumbnail", headers={"Accept": "image/avif,image/webp,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 256
    again = gateway.get(f"{url}/thumbnail", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_no_picture_is_404(gateway: TestClient) -> None:
    assert gateway.get(f"{ECG}/metadata").status_code == 200
    assert gateway.get(f"{ECG}/thumbnail").status_code == 404
