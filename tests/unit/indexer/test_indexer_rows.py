"""Events as rows."""

import json
from datetime import date

import pytest

from services.indexer import rows
from services.indexer.uniqueness import Owner, refusal
from shared.events import (
    InstanceAnonymised,
    InstanceHeld,
    InstanceIndexed,
    InstanceRejected,
    InstanceThumbnailed,
)
from shared.outcome import Reason
from tests.support.indexer_events import MORNING, TRACE, header, validated


def test_an_instance_brings_its_parents() -> None:
    event = validated(5)
    found = rows.candidate(event, header(T00080090={"Alphabetic": "IC-DOC"}, T00280008="12"))
    assert found.patient == ("demo", "IC-AAAA", "IC-AAAA", None, "F")
    assert found.study.study_date == date(2020, 1, 31)
    assert found.study.study_time == "101530.5"
    assert found.study.accession_number == "A1"
    assert found.study.referring_physician_name == "IC-DOC"
    assert found.series.modality == "CT"
    assert found.series.series_number == 3
    instance = found.instance
    assert (instance.instance_number, instance.number_of_frames, instance.rows, instance.columns) == (7, 12, 512, 256)
    assert instance.key == event.key
    assert json.loads(instance.bulk)[0]["tag"] == "7FE00010"


def test_a_header_object_stays_known() -> None:
    event = validated(1, header=None, header_key="1/a.json", header_digest="ab")
    assert rows.candidate(event, header()).instance.header_key == "1/a.json"


def test_nothing_in_a_row_is_too_long_for_an_index() -> None:
    event = validated(1, site="s" * 9000, patient_id="p\0" * 9000, key="k" * 9000, size=2**70)
    found = rows.candidate(event, header(T00080050="a" * 9000))
    texts = [value for row in (found.patient, found.study) for value in row if isinstance(value, str)]
    assert all(len(text) <= 256 and "\0" not in text for text in texts)
    assert len(found.instance.key) == rows.KEY_LIMIT
    assert found.instance.size == 2**63 - 1


@pytest.mark.parametrize("field", ["study_instance_uid", "series_instance_uid", "sop_instance_uid"])
def test_a_uid_cannot_be_mended(field: str) -> None:
    assert rows.is_addressable(validated(1))
    assert not rows.is_addressable(validated(1, **{field: "1." * 40}))


REFERENCE = validated(1).reference()


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (InstanceAnonymised(**REFERENCE), ("anonymiser", "anonymised", None)),
        (validated(1), ("validator", "validated", None)),
        (
            InstanceRejected(**REFERENCE, stage="validator", reason="missing-type-1"),
            ("validator", "rejected", "missing-type-1"),
        ),
        (InstanceIndexed(**REFERENCE), ("indexer", "indexed", None)),
        (InstanceThumbnailed(**REFERENCE, renderer="1", picture="p"), ("thumbnailer", "thumbnailed", None)),
        (
            InstanceThumbnailed(**REFERENCE, renderer="1", reason="no-pixels"),
            ("thumbnailer", "no-picture", "no-pixels"),
        ),
    ],
)
def test_each_event_tells_one_step(event: rows.InstanceEvent, told: tuple[str, ...]) -> None:
    row = rows.journey(event, MORNING, TRACE)
    assert (row.step, row.outcome, row.reason) == told
    assert (row.arrival, row.at, row.trace_id, row.site) == (event.arrival, MORNING, TRACE, "north")
    assert row.sop_instance_uid == event.sop_instance_uid


def test_an_event_about_no_instance_tells_no_step() -> None:
    with pytest.raises(TypeError):
        rows.journey(InstanceHeld(site="a", project="b", outcome="rejected", reason="c"), MORNING, None)


def test_a_picture_or_a_reason_and_never_neither() -> None:
    there = rows.picture(InstanceThumbnailed(**REFERENCE, renderer="1", picture="p", width=256, height=2**40), MORNING)
    assert (there.key, there.width, there.height, there.reason) == ("p", 256, None, None)
    none = rows.picture(InstanceThumbnailed(**REFERENCE, renderer="1"), MORNING)
    assert (none.key, none.reason) == (None, "unexpected")


def test_who_may_stay_beside_the_owner() -> None:
    instance = rows.candidate(validated(1), header()).instance
    assert refusal(instance, Owner(instance.arrival, instance.digest)) is None
    assert refusal(instance, Owner("other", instance.digest)) is Reason.SAME_CONTENT
    assert refusal(instance, Owner(instance.arrival, "other")) is Reason.UID_CONFLICT
    assert refusal(instance, Owner("other", "other")) is Reason.UID_CONFLICT
