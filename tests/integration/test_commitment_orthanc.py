"""Storage commitment with a peer that is not pynetdicom: Orthanc sends, asks, releases, and listens."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pydicom
import pytest

from shared.sites import Commitment
from tests.support.archives import orthanc
from tests.support.commitment import DAYS, Node, sites_with
from tests.support.waiting import until

CT = Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm"


class Rest:
    """Orthanc's own interface."""

    def __init__(self, dicomweb: str) -> None:
        self._url = dicomweb.removesuffix("/dicom-web")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self._url}{path}", timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, content: object) -> Any:
        request = urllib.request.Request(f"{self._url}{path}", json.dumps(content).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@pytest.mark.timeout(240)
def test_orthanc_is_told_what_it_may_delete(tmp_path: Path) -> None:
    node = Node(tmp_path / "node", reports_to=1)
    with orthanc(tmp_path / "orthanc", node.port, "SITE", "ISOCENTRE") as archive:
        archive.store([CT])
        terms = Commitment(ae_title="SITE", host="127.0.0.1", port=archive.port, days=DAYS)
        node.sites = sites_with(terms)
        rest = Rest(archive.url)
        (stored,) = rest.get("/instances")
        sent = pydicom.dcmread(CT, stop_before_pixels=True)
        rest.post("/modalities/destination/store", stored)
        ours = [str(sent.SOPClassUID), str(sent.SOPInstanceUID)]
        asked = rest.post("/modalities/destination/storage-commitment", {"DicomInstances": [ours, [ours[0], "1.2.3"]]})
        until(lambda: node.docket.counts() == {"site-a": 1}, "we were asked")
        node.carry_out()
        told = rest.get(asked["Path"])
    assert told["Status"] == "Failure"
    assert [item["SOPInstanceUID"] for item in told["Success"]] == [ours[1]]
    assert [(item["SOPInstanceUID"], item["FailureReason"]) for item in told["Failures"]] == [("1.2.3", 0x0112)]
    assert node.docket.counts() == {}
    node.close()
