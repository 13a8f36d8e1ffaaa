"""A DICOMweb client that others wrote, over a socket: dicomweb-client."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests
from dicomweb_client import DICOMwebClient
from pydicom.dataset import Dataset

from infra.local.state import Database as Address
from services.gateway.app import create_app
from services.gateway.database import Database
from services.gateway.parts import Parts
from shared.outcome import Transient
from shared.storage import Store
from tests.support.gateway import listening
from tests.support.seed_index import PLANS, study_uid, uid

pytestmark = pytest.mark.stack

HEAD, CT, FIRST = study_uid(0), uid("series", "00", 0), uid("instance", "00", 0, 1)
STORED = "1.2.840.10008.1.2.4.91"


@pytest.fixture
def peer(gateway_url: str) -> DICOMwebClient:
    return DICOMwebClient(gateway_url)


def test_search(peer: DICOMwebClient) -> None:
    assert len(peer.search_for_studies()) == len(PLANS)
    (study,) = peer.search_for_studies(search_filters={"PatientID": "IC-7QH*"}, fields=["StudyDescription"])
    assert Dataset.from_json(study).StudyDescription == "CT head, planning"
    assert len(peer.search_for_series(HEAD)) == 3
    (series,) = peer.search_for_series(HEAD, search_filters={"Modality": "CT"})
    assert Dataset.from_json(series).NumberOfSeriesRelatedInstances == 9
    assert len(peer.search_for_instances(HEAD, CT, limit=4, offset=7)) == 2
    assert len(peer.search_for_instances(get_remaining=True, limit=5)) == sum(
        s.instances for p in PLANS for s in p.series
    )


def test_retrieve(peer: DICOMwebClient) -> None:
    dataset = peer.retrieve_instance(HEAD, CT, FIRST)
    assert dataset.SOPInstanceUID == FIRST
    assert dataset.pixel_array.size
    assert len(peer.retrieve_series(HEAD, CT)) == 9
    assert len(list(peer.iter_study(HEAD))) == 11
    chosen = peer.retrieve_instance(HEAD, CT, FIRST, media_types=(("application/dicom", STORED),))
    assert chosen.file_meta.TransferSyntaxUID == STORED
    with pytest.raises(requests.HTTPError, match="406"):
        peer.retrieve_instance(HEAD, CT, FIRST, media_types=(("application/dicom", "1.2.840.10008.1.2.5"),))


def test_retrieve_metadata(peer: DICOMwebClient) -> None:
    assert Dataset.from_json(peer.retrieve_instance_metadata(HEAD, CT, FIRST)).SOPInstanceUID == FIRST
    assert len(peer.retrieve_series_metadata(HEAD, CT)) == 9
    assert len(peer.retrieve_study_metadata(HEAD)) == 11


def test_nothing_there(peer: DICOMwebClient) -> None:
    assert peer.search_for_studies(search_filters={"PatientID": "nobody"}) == []
    with pytest.raises(requests.HTTPError, match="404"):
        peer.retrieve_instance("1.2.3", "1.2.4", "1.2.5")


class Failing:
    """A store that answers so many times and then is away."""

    name, durable = "clean", False

    def __init__(self, behind: Store, answers: int) -> None:
        self._behind = behind
        self._answers = answers

    def get(self, key: str) -> bytes:
        self._answers -= 1
        if self._answers < 0:
            raise Transient("away")
        return self._behind.get(key)


def test_a_study_that_breaks_off_in_the_middle_is_not_taken_for_whole(gateway_parts: Parts) -> None:
    with listening(create_app(replace(gateway_parts, clean=Failing(gateway_parts.clean, 3)))) as url:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(f"{url}/studies/{HEAD}", timeout=10)
        assert requests.get(f"{url}/studies/{HEAD}", timeout=10).status_code == 503


def test_many_at_the_same_time_wait_for_a_connection(gateway_parts: Parts, gateway_address: Address) -> None:
    database = Database(gateway_address.url("gateway"), connections=2)
    with listening(create_app(replace(gateway_parts, database=database))) as url, ThreadPoolExecutor(12) as people:
        answers = list(people.map(lambda _: len(DICOMwebClient(url).search_for_instances(HEAD)), range(24)))
    database.close()
    assert answers == [11] * 24
