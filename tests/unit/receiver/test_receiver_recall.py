"""Several catch up with the topics at the same time, and the view stays what the topics say."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.receiver import recall as recall_module
from services.receiver.arrivals import Arrivals, Offsets, Standing
from services.receiver.recall import TOPICS, recall
from shared.events import InstanceReceived, Outgoing
from shared.events.envelope import encode
from shared.kafka import Output, Record
from shared.outcome import Transient
from tests.support.memory_log import MemoryPublisher

LIVE, BULK = TOPICS
SITE, DIGEST, OTHER = "site-a", "a" * 64, "b" * 64


class Topics(MemoryPublisher):
    """Both, of one partition each."""

    def arrives(self, digest: str) -> None:
        event = InstanceReceived(
            site=SITE,
            project="demo",
            arrival=digest[:32],
            study_key="k",
            key=f"{SITE}/{digest[:2]}/{digest}.dcm",
            digest=digest,
            association="1",
            size=1,
            sop_class_uid="1.2",
            sop_instance_uid="1.2.3",
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            received_at=datetime(2026, 11, 30, tzinfo=UTC),
        )
        value, headers = encode(Outgoing.of(event), "receiver", event.received_at, "")
        self.publish(Output(LIVE, "k", value, tuple(headers)))

    def ends(self) -> Offsets:
        return {(topic, 0): len(self.topics[topic]) for topic in TOPICS}

    def read(self, start: Offsets) -> Iterator[Record]:
        for topic in TOPICS:
            yield from self.topics[topic][start.get((topic, 0), 0) :]


@pytest.fixture
def topics() -> Topics:
    return Topics()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "arrivals.sqlite"


@pytest.fixture
def arrivals(path: Path) -> Iterator[Arrivals]:
    made = Arrivals(path)
    yield made
    made.close()


def breaks_off(start: Offsets) -> Iterator[Record]:
    raise Transient("away")
    yield


def positions(arrivals: Arrivals) -> Offsets:
    return dict(arrivals._positions())


def test_what_another_one_reads_meanwhile_is_not_beyond_the_end(topics: Topics, arrivals: Arrivals, path: Path) -> None:
    topics.arrives(DIGEST)
    arrivals.catch_up(topics.ends, topics.read)
    other = Arrivals(path)

    def ends() -> Offsets:
        """As they were just before somebody else has published and caught up."""
        found = topics.ends()
        topics.arrives(OTHER)
        other.catch_up(topics.ends, topics.read)
        return found

    with pytest.raises(Transient):
        arrivals.catch_up(ends, breaks_off)
    assert arrivals.standing(SITE, DIGEST) is Standing.PUBLISHED
    assert arrivals.standing(SITE, OTHER) is Standing.PUBLISHED
    other.close()


def test_a_topic_that_is_not_listed_yet_is_waited_for(
    topics: Topics, arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics.arrives(DIGEST)
    arrivals.catch_up(topics.ends, topics.read)
    monkeypatch.setattr(recall_module, "end_offsets", lambda *_: {(BULK, 0): 0})
    monkeypatch.setattr(recall_module, "read_to_end", lambda *_: iter(()))
    with pytest.raises(Transient):
        recall(arrivals, "broker")
    assert arrivals.standing(SITE, DIGEST) is Standing.PUBLISHED


def test_who_is_slower_takes_back_neither_doubts_nor_positions(topics: Topics, arrivals: Arrivals, path: Path) -> None:
    topics.arrives(DIGEST)
    other = Arrivals(path)

    def late(start: Offsets) -> Iterator[Record]:
        """Meanwhile the other one has read further, and found that the object is lost."""
        found = list(topics.read(start))
        topics.arrives(OTHER)
        other.catch_up(topics.ends, topics.read)
        other.doubt(SITE, DIGEST, "1.2.3")
        yield from found

    arrivals.catch_up(topics.ends, late)
    assert arrivals.standing(SITE, DIGEST) is not Standing.PUBLISHED
    assert positions(arrivals) == {(LIVE, 0): 2}
    other.close()


def test_the_next_announcement_ends_the_doubt(topics: Topics, arrivals: Arrivals) -> None:
    topics.arrives(DIGEST)
    arrivals.catch_up(topics.ends, topics.read)
    arrivals.doubt(SITE, DIGEST, "1.2.3")
    arrivals.catch_up(topics.ends, topics.read)
    assert arrivals.standing(SITE, DIGEST) is not Standing.PUBLISHED
    topics.arrives(DIGEST)
    arrivals.catch_up(topics.ends, topics.read)
    assert arrivals.standing(SITE, DIGEST) is Standing.PUBLISHED


def test_what_the_topic_tells_before_its_publisher_notes_it_is_not_missed_later(
    topics: Topics, arrivals: Arrivals
) -> None:
    arrivals.doubt(SITE, DIGEST, "1.2.3")
    topics.arrives(DIGEST)
    arrivals.catch_up(topics.ends, topics.read)
    arrivals.add(SITE, DIGEST, "1.2.3")
    arrivals.catch_up(topics.ends, topics.read)
    assert not arrivals.missing(SITE, DIGEST, time.time() + 1)


def test_a_topic_that_was_cut_and_has_grown_again_is_read_again(topics: Topics, arrivals: Arrivals) -> None:
    """A broker that loses what it had acknowledged takes new ones, until our position is within it again."""
    lost, *others = (digit * 64 for digit in "abcd")
    topics.arrives(lost)
    arrivals.catch_up(topics.ends, topics.read)
    topics.topics.clear()
    for digest in others:
        topics.arrives(digest)
    assert arrivals.catch_up(topics.ends, topics.read) == len(others)
    assert arrivals.standing(SITE, lost) is not Standing.PUBLISHED
    assert all(arrivals.standing(SITE, digest) is Standing.PUBLISHED for digest in others)
    assert positions(arrivals) == {(LIVE, 0): 3}


def test_what_was_cut_from_the_beginning_of_a_topic_is_known_all_the_same(topics: Topics, arrivals: Arrivals) -> None:
    """As `kafka-delete-records` does: the record before our position may be gone, and what comes is the next one."""
    topics.arrives(DIGEST)
    arrivals.catch_up(topics.ends, topics.read)
    topics.arrives(OTHER)
    assert arrivals.catch_up(topics.ends, lambda start: list(topics.read(start))[1:]) == 1
    assert arrivals.standing(SITE, DIGEST) is Standing.PUBLISHED
    assert arrivals.standing(SITE, OTHER) is Standing.PUBLISHED


def test_a_look_at_what_has_not_changed_brings_nothing_new(topics: Topics, arrivals: Arrivals) -> None:
    topics.arrives(DIGEST)
    assert arrivals.catch_up(topics.ends, topics.read) == 1
    assert arrivals.catch_up(topics.ends, topics.read) == 0


def test_an_announcement_of_before_does_not_mend_what_was_found_damaged(topics: Topics, arrivals: Arrivals) -> None:
    topics.arrives(DIGEST)
    arrivals.add(SITE, DIGEST, "1.2.3")
    assert arrivals.damaged(SITE, DIGEST)
    arrivals.catch_up(topics.ends, topics.read)
    assert arrivals.standing(SITE, DIGEST) is Standing.DAMAGED


def thrown_away(arrivals: Arrivals) -> None:
    with pytest.raises(Transient):
        arrivals.catch_up(dict, breaks_off)


def thrown_away_and_read_again(arrivals: Arrivals) -> None:
    arrivals.catch_up(dict, lambda _: ())


@pytest.mark.parametrize("anew", [thrown_away, thrown_away_and_read_again])
def test_nobody_goes_on_behind_a_hole(
    topics: Topics, arrivals: Arrivals, path: Path, anew: Callable[[Arrivals], None]
) -> None:
    """A slower one would, after another one has begun to read everything again."""
    topics.arrives(DIGEST)
    arrivals.catch_up(topics.ends, topics.read)
    other = Arrivals(path)

    def late(start: Offsets) -> Iterator[Record]:
        anew(other)
        topics.arrives(OTHER)
        yield from topics.read(start)

    with pytest.raises(Transient):
        arrivals.catch_up(topics.ends, late)
    assert positions(arrivals) == {}
    arrivals.catch_up(topics.ends, topics.read)
    assert arrivals.standing(SITE, DIGEST) is Standing.PUBLISHED
    other.close()


def test_two_who_find_another_life_of_the_topic_throw_away_the_view_once(
    topics: Topics, arrivals: Arrivals, path: Path
) -> None:
    for digest in (DIGEST, OTHER):
        topics.arrives(digest)
    arrivals.catch_up(topics.ends, topics.read)
    topics.topics.clear()
    topics.arrives(OTHER)
    other = Arrivals(path)

    def ends() -> Offsets:
        found = topics.ends()
        other.catch_up(topics.ends, topics.read)
        return found

    with pytest.raises(Transient):
        arrivals.catch_up(ends, breaks_off)
    assert arrivals.standing(SITE, OTHER) is Standing.PUBLISHED
    assert arrivals.standing(SITE, DIGEST) is not Standing.PUBLISHED
    other.close()
