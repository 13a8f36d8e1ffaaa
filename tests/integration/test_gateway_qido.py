"""QIDO-RS on a real PostgreSQL (PS3.18 10.6): levels, required attributes, matching, pages and refusals."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from tests.support.seed_index import PLANS, study_uid, uid

pytestmark = pytest.mark.stack

STUDY = "StudyDate StudyTime AccessionNumber InstanceAvailability ModalitiesInStudy ReferringPhysicianName RetrieveURL "
STUDY += "PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID StudyID NumberOfStudyRelatedSeries "
STUDY += "NumberOfStudyRelatedInstances"
SERIES = "Modality SeriesDescription RetrieveURL SeriesInstanceUID SeriesNumber NumberOfSeriesRelatedInstances "
SERIES += "PerformedProcedureStepStartDate PerformedProcedureStepStartTime"
INSTANCE = "SOPClassUID SOPInstanceUID InstanceAvailability RetrieveURL InstanceNumber Rows Columns BitsAllocated"
HEAD = study_uid(0)
HEAD_SERIES = uid("series", "00", 0)
ALL_INSTANCES = sum(series.instances for plan in PLANS for series in plan.series)
Search = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def search(gateway: TestClient) -> Search:
    def ask(url: str) -> list[dict[str, Any]]:
        answer = gateway.get(url)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/dicom+json"
        found: list[dict[str, Any]] = answer.json()
        for item in found:
            Dataset.from_json(item)
        return found

    return ask


def value(item: dict[str, Any], keyword: str) -> Any:
    values = item[tag(keyword)].get("Value", [None])
    return values[0] if len(values) == 1 else values


def tag(keyword: str) -> str:
    return f"{tag_for_keyword(keyword):08X}"


def descriptions(found: list[dict[str, Any]]) -> set[str]:
    return {PLANS[number].description for number in range(len(PLANS)) if study_uid(number) in uids(found)}


def uids(found: list[dict[str, Any]]) -> set[str]:
    return {value(item, "StudyInstanceUID") for item in found}


@pytest.mark.parametrize(
    ("url", "keywords", "many"),
    [
        ("/studies", STUDY, len(PLANS)),
        ("/series", f"{STUDY} {SERIES}", sum(len(plan.series) for plan in PLANS)),
        (f"/studies/{HEAD}/series", SERIES, 3),
        ("/instances", f"{STUDY} {SERIES} {INSTANCE}", ALL_INSTANCES),
        (f"/studies/{HEAD}/instances", f"{SERIES} {INSTANCE}", 11),
        (f"/studies/{HEAD}/series/{HEAD_SERIES}/instances", INSTANCE, 9),
    ],
)
def test_every_level_has_its_required_attributes(search: Search, url: str, keywords: str, many: int) -> None:
    found = search(url)
    assert len(found) == many
    # Conditional: only images have them.
    optional = {tag(keyword) for keyword in ("Rows", "Columns", "BitsAllocated")}
    wanted = {tag(keyword) for keyword in keywords.split()}
    for item in found:
        assert wanted - item.keys() <= optional
    assert any(wanted <= item.keys() for item in found)


def test_a_study_is_told_as_the_standard_says(search: Search) -> None:
    (found,) = search(f"/studies?StudyInstanceUID={HEAD}")
    assert value(found, "PatientName") == {"Alphabetic": PLANS[0].patient}
    assert value(found, "StudyDate") == PLANS[0].date
    assert value(found, "ModalitiesInStudy") == ["CT", "RTDOSE", "RTPLAN"]
    assert (value(found, "NumberOfStudyRelatedSeries"), value(found, "NumberOfStudyRelatedInstances")) == (3, 11)
    assert value(found, "InstanceAvailability") == "ONLINE"
    assert value(found, "RetrieveURL") == f"http://gateway/studies/{HEAD}"


def test_where_to_retrieve_series_and_instances(search: Search, gateway: TestClient) -> None:
    assert {value(item, "RetrieveURL") for item in search(f"/studies/{HEAD}/series")} == {
        f"http://gateway/studies/{HEAD}/series/{uid('series', '00', place)}" for place in range(3)
    }
    for item in search(f"/studies/{HEAD}/instances?limit=2"):
        assert gateway.get(value(item, "RetrieveURL") + "/metadata").status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PatientID=IC-2M8ZC6VNPE", {"Whole body bone scan", "12-lead ECG"}),
        ("00100020=IC-2M8ZC6VNPE", {"Whole body bone scan", "12-lead ECG"}),
        ("PatientID=IC-?5*", {"MR abdomen"}),
        ("PatientName=ic-b5wj9t2lra", {"MR abdomen"}),
        ("PatientName=ic-b5*", {"MR abdomen"}),
        ("StudyDescription=CT*", {"CT head, planning", "CT skull base", "CT thorax, staging"}),
        ("StudyDescription=ct*", set()),
        ("StudyDescription=*%25*", set()),
        ("StudyDate=20200527", {"Whole body bone scan"}),
        ("StudyDate=20200527-20200601", {"Whole body bone scan", "12-lead ECG"}),
        ("StudyDate=20210930-", {"CT thorax, staging"}),
        ("StudyDate=-20171009", {"MR spine"}),
        ("StudyTime=08", {"CT head, planning"}),
        ("StudyTime=0800-0915", {"CT head, planning", "MR abdomen"}),
        ("ModalitiesInStudy=SEG", {"CT thorax, staging"}),
        ("ModalitiesInStudy=RT*", {"CT head, planning"}),
        ("ModalitiesInStudy=CT&StudyDate=2018-", None),
        ("ModalitiesInStudy=CT&StudyDate=20180101-20181231", {"CT skull base"}),
        ("AccessionNumber=A1001", {"MR abdomen"}),
        ("NumberOfStudyRelatedInstances=6", {"MR abdomen"}),
        (f"StudyInstanceUID={study_uid(1)},{study_uid(2)}", {"MR abdomen", "Whole body bone scan"}),
        (f"StudyInstanceUID={study_uid(1)}%5C{study_uid(2)}", {"MR abdomen", "Whole body bone scan"}),
        ("PatientID=*", {plan.description for plan in PLANS}),
        ("PatientID=", {plan.description for plan in PLANS}),
        ("PatientID=nobody", set()),
        ("StudyInstanceUID=1.2.3", set()),
    ],
)
def test_matching(gateway: TestClient, search: Search, query: str, found: set[str] | None) -> None:
    if found is None:
        assert gateway.get(f"/studies?{query}").status_code == 400
    else:
        assert descriptions(search(f"/studies?{query}")) == found


def test_series_and_instances_match_their_parents_attributes_too(search: Search) -> None:
    assert len(search("/series?Modality=CT&PatientID=IC-7QH2MD4KX3")) == 1
    assert len(search("/instances?Modality=NM")) == 2
    assert len(search(f"/instances?InstanceNumber=3&StudyInstanceUID={HEAD}")) == 1
    assert search("/instances?Rows=999999999999") == []
    assert uids(search("/instances?SOPClassUID=1.2.840.10008.5.1.4.1.1.481.2")) == {HEAD}


def test_includefield(search: Search) -> None:
    (plain,) = search(f"/studies?StudyInstanceUID={HEAD}")
    assert tag("StudyDescription") not in plain
    for name in ("StudyDescription", "00081030", "PatientID,StudyDescription", "all", "00091001,StudyDescription"):
        (found,) = search(f"/studies?StudyInstanceUID={HEAD}&includefield={name}")
        assert value(found, "StudyDescription") == "CT head, planning"
    series = search(f"/studies/{HEAD}/series?includefield=PatientID&includefield=StudyDescription")
    assert {(value(item, "PatientID"), value(item, "StudyDescription")) for item in series} == {
        ("IC-7QH2MD4KX3", "CT head, planning")
    }


def test_includefield_brings_what_only_the_header_has(search: Search) -> None:
    url = f"/studies/{HEAD}/series/{HEAD_SERIES}/instances?limit=1"
    (plain,), (asked,), (whole,) = (
        search(url + extra)
        for extra in ("", "&includefield=PixelSpacing,RequestAttributesSequence", "&includefield=all")
    )
    assert tag("PixelSpacing") not in plain
    assert len(asked[tag("PixelSpacing")]["Value"]) == 2
    assert len(whole) > len(asked) > len(plain)
    assert tag("PixelData") not in whole


def test_pages_cover_everything_once(search: Search) -> None:
    pages = [search(f"/instances?limit=7&offset={offset}") for offset in range(0, ALL_INSTANCES + 7, 7)]
    listed = [value(item, "SOPInstanceUID") for page in pages for item in page]
    assert len(listed) == len(set(listed)) == ALL_INSTANCES
    assert search("/studies?limit=0") == []
    assert search("/studies?offset=999") == []


def test_more_than_an_answer_may_hold_is_warned_about(gateway: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.statements.PAGE", 5)
    answer = gateway.get("/studies")
    assert len(answer.json()) == 5
    assert answer.headers["warning"].startswith("299 ")
    assert "warning" not in gateway.get("/studies?limit=5").headers


def test_fuzzy_matching_is_declined_aloud(gateway: TestClient) -> None:
    assert "fuzzymatching" in gateway.get("/studies?fuzzymatching=true").headers["warning"]


@pytest.mark.parametrize(
    "url",
    [
        "/studies?Nonsense=1",
        "/studies?PatientWeight=1",
        "/studies?Modality=CT",
        "/studies?RequestAttributesSequence.ScheduledProcedureStepID=1",
        "/studies?StudyDate=2020-05-27",
        "/studies?StudyDate=20201341",
        "/studies?StudyDate=-",
        "/studies?StudyTime=noon",
        "/studies?StudyInstanceUID=O'Brien",
        "/studies?PatientID=%00",
        "/studies?limit=-1",
        "/studies?limit=ten",
        "/studies?fuzzymatching=perhaps",
        "/studies?includefield=Nonsense",
        "/studies/not-a-uid/series",
        "/studies/1.2/series/x/instances",
    ],
)
def test_what_is_not_understood_is_refused_without_repeating_it(gateway: TestClient, url: str) -> None:
    answer = gateway.get(url)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert not {"O'Brien", "Nonsense", "noon"} & set(answer.text.replace('"', " ").split())


def test_nothing_below_a_study_that_is_not_there(search: Search) -> None:
    assert search("/studies/1.2.3/series") == []
    assert search(f"/studies/1.2.3/series/{HEAD_SERIES}/instances") == []


@pytest.mark.parametrize("accept", ["application/dicom+json", "application/json", "*/*", "application/*;q=0.5", ""])
def test_json_is_given_to_who_accepts_it(gateway: TestClient, accept: str) -> None:
    answer = gateway.get("/studies?limit=1", headers={"Accept": accept})
    wanted = "application/json" if accept == "application/json" else "application/dicom+json"
    assert (answer.status_code, answer.headers["content-type"]) == (200, wanted)


def test_xml_is_not_given(gateway: TestClient) -> None:
    refused = gateway.get("/studies", headers={"Accept": 'multipart/related; type="application/dicom+xml"'})
    assert refused.status_code == 406
