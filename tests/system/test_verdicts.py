"""What cannot go on is kept, and says why; the clean side learns that there is one more, and no more than that."""

from collections import Counter
from io import BytesIO

import pytest
from pydicom import dcmread

from tests.support.dicom import CANNOT_UNDERSTAND, SUCCESS, send_all
from tests.support.generated import ROOT, Item, ct, ct_dataset, encoded
from tests.support.pipeline import Pipeline
from tests.support.stack import Stack
from tests.support.topics import Topics
from tests.support.waiting import until

COLLECTION = 300
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
QUARANTINED, REJECTED = "identified.instance.quarantined", "identified.instance.rejected"


def held_counts(topics: Topics) -> Counter[tuple[str, str, str]]:
    events = topics.events("clean.instance.held")
    return Counter((event["site"], event["outcome"], event["reason"]) for event in events)


def garbage() -> Item:
    image = ct(COLLECTION, 0)
    return Item(image.sop_class_uid, f"{ROOT}.{COLLECTION}.9.1", bytes(range(256)) * 40)


def truncated() -> Item:
    image = ct(COLLECTION, 1)
    return Item(image.sop_class_uid, image.sop_instance_uid, image.data_set[:-2000])


def document() -> Item:
    dataset = ct_dataset(COLLECTION, 2)
    dataset.SOPClassUID, dataset.Modality = ENCAPSULATED_PDF, "DOC"
    del dataset.PixelData
    dataset.EncapsulatedDocument, dataset.MIMETypeOfEncapsulatedDocument = b"%PDF", "application/pdf"
    return encoded(dataset)


CASES = {
    "garbage": (garbage, REJECTED, "rejected", "undecodable"),
    "truncated": (truncated, REJECTED, "rejected", "undecodable"),
    "document": (document, QUARANTINED, "quarantined", "encapsulated-document"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_held_in_the_identified_zone(case: str, pipeline: Pipeline) -> None:
    stack, topics = pipeline.stack, pipeline.topics
    make, topic, outcome, reason = CASES[case]
    item, before = make(), held_counts(topics)
    # What cannot be read is kept, and its sender is told that it could not be.
    assert send_all(stack.dicom_port, [item]) == [CANNOT_UNDERSTAND if case == "garbage" else SUCCESS]
    (event,) = pipeline.received(item.sop_instance_uid)
    assert stack.read("identified", event["key"]).endswith(item.data_set)
    verdict = pipeline.held(event["arrival"], topic)
    assert verdict["reason"] == reason
    one_more = before + Counter({("site-a", outcome, reason): 1})
    until(lambda: held_counts(topics) == one_more, "the clean side counts one more")
    assert stack.metric("anonymiser", "isocentre_stage_records_total", reason=reason) >= 1
    # Nothing else on the clean side knows the arrival.
    assert pipeline.journey(event["arrival"]) == {}
    clean = [name for name in topics.names() if name.startswith("clean.")]
    assert not [record for record in topics.records(*clean) if event["arrival"].encode() in (record.value or b"")]
    until(lambda: counted(topics, "site-a").get(f"{outcome}/{reason}", 0) >= 1, "the tracker counts it for its site")


def counted(topics: Topics, site: str) -> dict[str, int]:
    events = topics.events("clean.site.counted", site=site)
    reasons: dict[str, int] = events[-1]["reasons"] if events else {}
    return reasons


def test_what_the_validator_refuses(pipeline: Pipeline, stack: Stack) -> None:
    dataset = ct_dataset(COLLECTION, 3)
    del dataset.PixelData
    item = encoded(dataset)
    assert dcmread(BytesIO(item.part10())).Rows == 64
    assert send_all(stack.dicom_port, [item]) == [SUCCESS]
    arrival = pipeline.arrival(item.sop_instance_uid)
    assert pipeline.finished(arrival)["validator"] == ("rejected", "missing-type-1")
    ours = pipeline.instance(arrival)
    assert stack.keys("clean", ours["key"]) == [ours["key"]]
    assert stack.rows("SELECT 1 FROM instance WHERE arrival = %s", arrival) == []
