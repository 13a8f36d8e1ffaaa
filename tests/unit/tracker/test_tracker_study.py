"""A study's state does not depend on the order or the repetition of what it is told."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from services.tracker.study import InstanceEvent, StudyState
from tests.support.tracker_events import indexed, instance, rejected, thumbnailed, validated, whole_way

EVENTS: list[InstanceEvent] = [
    *whole_way(instance(1)),
    *whole_way(instance(11)),
    instance(2),
    validated(instance(2)),
    rejected(instance(2), "indexer", "uid-conflict"),
    instance(3),
    rejected(instance(3)),
    thumbnailed(instance(11), picture=None, renderer="0"),
    # Another site's arrival that came out as the same bytes.
    instance(1, arrival="f" * 32, site="site-0"),
    rejected(instance(1, arrival="f" * 32, site="site-0"), "indexer", "same-content"),
]


def told(events: list[InstanceEvent]) -> StudyState:
    study = StudyState("2.25.1", 0.0)
    for event in events:
        study.apply(event, 1.0)
    return study


@given(st.permutations(EVENTS), st.lists(st.sampled_from(EVENTS)))
def test_order_and_repetition_do_not_matter(shuffled: list[InstanceEvent], repeated: list[InstanceEvent]) -> None:
    study = told([*repeated, *shuffled])
    expected = told(EVENTS)
    assert study.update == expected.update
    assert (study.marks, study.under_way, study.thumbnails) == (expected.marks, 0, 2)


def test_only_what_is_indexed_is_said() -> None:
    event = told(EVENTS).update.event.model_dump()
    digests = sorted(bytes.fromhex(instance(number).digest) for number in (1, 11))
    assert event == {
        "site": "site-0",
        "project": "demo",
        "patient_id": "IC-AAAA",
        "study_instance_uid": "2.25.1",
        "series": 2,
        "instances": 2,
        "thumbnails": 2,
        "modalities": ("CT",),
        "retracted": 0,
        "fingerprint": hashlib.sha256(b"".join(digests)).hexdigest(),
    }


def test_what_is_known_already_changes_nothing() -> None:
    study = told(whole_way(instance(1)))
    assert study.apply(indexed(instance(1)), 99.0) is None
    assert study.active_at == 1.0


def test_an_instance_is_under_way_until_it_is_refused_or_indexed_and_pictured() -> None:
    one, two = instance(1), instance(2)
    study = StudyState("2.25.1", 0.0)
    for event, under_way in (
        (thumbnailed(one), 1),  # a later step may be heard of first
        (one, 1),
        (two, 2),
        (indexed(one), 1),
        (rejected(two), 0),
    ):
        study.apply(event, 1.0)
        assert study.under_way == under_way


def test_a_change_says_what_its_site_counts() -> None:
    study = StudyState("2.25.1", 0.0)
    pictureless = study.apply(thumbnailed(instance(1), picture=None), 0.0)
    pictured = study.apply(thumbnailed(instance(1), renderer="2"), 0.0)
    refused = study.apply(rejected(instance(2)), 0.0)
    assert pictureless is not None
    assert pictureless.gained == {"no-picture"}
    assert pictured is not None
    assert (pictured.gained, pictured.lost) == ({"thumbnailed"}, {"no-picture"})
    assert refused is not None
    assert (refused.gained, refused.rejected) == (frozenset(), "pixel-length")
