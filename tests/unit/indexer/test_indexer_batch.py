"""Many rows as one per key."""

from datetime import timedelta

from services.indexer import batch, rows
from shared.events import InstanceRejected, InstanceThumbnailed
from tests.support.indexer_events import MORNING, header, validated

LATER = MORNING + timedelta(minutes=1)


def test_the_first_claims_a_uid() -> None:
    first = rows.candidate(validated(1), header())
    second = rows.candidate(validated(1, arrival=2, content="other"), header())
    other = rows.candidate(validated(3), header())
    assert batch.claims([first, second, other]) == [first.instance, other.instance]


def test_parents_have_the_first_value_that_there_is() -> None:
    poor = rows.candidate(validated(1), header(T00080050="", T00080060="", T00100040=""))
    rich = rows.candidate(validated(2), header(T00080050="A2", T00080060="MR", T00100040="M", T00080020="20200202"))
    assert [(row.accession_number, str(row.study_date)) for row in batch.studies([poor, rich])] == [
        ("A2", "2020-01-31")
    ]
    assert [row.modality for row in batch.series([poor, rich])] == ["MR"]
    assert [row.sex for row in batch.patients([poor, rich])] == ["M"]


def test_a_series_uid_in_two_studies_is_two_series() -> None:
    one, two = validated(1), validated(2, study_instance_uid="2.25.2")
    assert len(batch.series(rows.candidate(event, header()) for event in (one, two))) == 2


def test_a_step_keeps_its_first_time_unless_it_ends_otherwise() -> None:
    done = validated(1)
    refused = InstanceRejected(**done.reference(), stage="validator", reason="pixel-length")
    first, again = rows.journey(done, MORNING, "a"), rows.journey(done, LATER, "b")
    other = rows.journey(refused, LATER, "c")
    assert batch.journeys([first, again]) == [first]
    assert batch.journeys([first, other]) == [other]
    assert batch.journeys([other, first]) == [other]


def test_the_newest_picture_counts() -> None:
    reference = validated(1).reference()
    none = rows.picture(InstanceThumbnailed(**reference, renderer="1", reason="decoder-died"), MORNING)
    some = rows.picture(InstanceThumbnailed(**reference, renderer="2", picture="p"), LATER)
    assert batch.pictures([none, some]) == [some]
    assert batch.pictures([some, none]) == [some]
    assert batch.pictures([none, none._replace(at=LATER)]) == [none]
