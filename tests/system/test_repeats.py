"""The same again, and something else under the same name."""

from tests.support.dicom import SUCCESS, send_all
from tests.support.generated import ct
from tests.support.pipeline import Pipeline
from tests.support.waiting import until

COLLECTION = 200


def test_the_same_file_twice_is_one_arrival(pipeline: Pipeline) -> None:
    stack, image = pipeline.stack, ct(COLLECTION, 1)
    assert send_all(stack.dicom_port, [image, image]) == [SUCCESS, SUCCESS]
    assert send_all(stack.dicom_port, [image]) == [SUCCESS]
    (event,) = pipeline.received(image.sop_instance_uid)
    assert stack.keys("identified", event["key"]) == [event["key"]]
    ours = pipeline.arrived(image.sop_instance_uid)
    folder = ours["key"].rpartition("/")[0]
    assert stack.keys("clean", f"{folder}/") == [ours["key"]]
    rows = stack.rows("SELECT arrival FROM instance WHERE sop_instance_uid = %s", ours["sop_instance_uid"])
    assert rows == [(event["arrival"],)]


def test_what_the_store_has_lost_is_kept_when_it_is_sent_again_and_told_once(pipeline: Pipeline) -> None:
    stack, image = pipeline.stack, ct(COLLECTION, 3)
    assert send_all(stack.dicom_port, [image]) == [SUCCESS]
    ours = pipeline.arrived(image.sop_instance_uid)
    (event,) = pipeline.received(image.sop_instance_uid)
    stack.objects().remove_object("identified", event["key"])
    assert send_all(stack.dicom_port, [image]) == [SUCCESS]
    assert stack.read("identified", event["key"]).endswith(image.data_set)
    assert [each["arrival"] for each in pipeline.received(image.sop_instance_uid)] == [event["arrival"]] * 2
    again = until(lambda: pipeline.anonymised(event["arrival"])[1:], "it goes through again")
    assert again == [ours]
    of_it = f"{ours['key'].rpartition('/')[0]}/{ours['sop_instance_uid']}."
    assert stack.keys("clean", of_it) == [ours["key"]]
    assert stack.rows("SELECT count(*) FROM instance WHERE arrival = %s", event["arrival"]) == [(1,)]


def test_other_content_under_the_same_uid_is_kept_and_refused(pipeline: Pipeline) -> None:
    stack = pipeline.stack
    first, second = ct(COLLECTION, 2), ct(COLLECTION, 2, kernel="B70f")
    assert send_all(stack.dicom_port, [first]) == [SUCCESS]
    ours = pipeline.arrived(first.sop_instance_uid)
    assert send_all(stack.dicom_port, [second]) == [SUCCESS]
    events = pipeline.received(first.sop_instance_uid)
    assert len(events) == 2
    for event, image in zip(sorted(events, key=lambda event: event["received_at"]), (first, second), strict=True):
        assert stack.read("identified", event["key"]).endswith(image.data_set)
    (other,) = (event["arrival"] for event in events if event["arrival"] != ours["arrival"])
    steps = pipeline.finished(other)
    assert steps["indexer"] == ("rejected", "uid-conflict")
    assert pipeline.topics.events("clean.instance.rejected", arrival=other)[0]["reason"] == "uid-conflict"
    query = "SELECT arrival, key FROM instance WHERE sop_instance_uid = %s"
    assert stack.rows(query, ours["sop_instance_uid"]) == [(ours["arrival"], ours["key"])]
