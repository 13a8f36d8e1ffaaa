"""What is said, and when: with a clock of our own, and with restarts that know only what the topics hold."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from services.tracker.announcing import Pace, Saying, Tombstone
from services.tracker.tracking import Tracker
from shared.events import Event, Outgoing, SiteCounted, StudyCompleted, StudyReopened, StudyUpdated
from tests.support.tracker_events import held, indexed, instance, rejected, retracted, thumbnailed, unheld, whole_way

PACE = Pace(interval=1.0, quiet=10.0, patience=60.0)
STUDY = "2.25.1"


class Node:
    """The topics of a node, and a tracker that can be killed."""

    def __init__(self) -> None:
        self.inputs: list[tuple[Event, str, float]] = []
        self.published: list[Saying] = []
        self.now = 0.0
        self.tracker = Tracker(PACE)

    def arrive(self, *events: Event, event_id: str = "") -> None:
        for event in events:
            self.inputs.append((event, event_id, self.now))
            self.tracker.apply(event, event_id, self.now)

    def restart(self) -> None:
        self.tracker = Tracker(PACE)
        for event, event_id, at in self.inputs:
            self.tracker.apply(event, event_id, at)
        compacted = {(topic_of(item), item.key): item for item in self.published}
        for said in compacted.values():
            if isinstance(said, Outgoing):
                self.tracker.recall(said.event)

    def tick(self, seconds: float = 0.0, lost: int = 0) -> list[Event]:
        """Let time pass and publish; the broker loses the confirmations of the last `lost` events."""
        self.now += seconds
        said = [outgoing for portion in self.tracker.due(self.now) for outgoing in portion]
        self.published += said
        for outgoing in said[: len(said) - lost]:
            self.tracker.confirm(outgoing, self.now)
        return [outgoing.event for outgoing in said if isinstance(outgoing, Outgoing)]

    @property
    def told(self) -> set[str]:
        """The topics whose newest word about the study is one."""
        newest = {topic_of(item): item for item in self.published if item.key == STUDY}
        return {topic for topic, item in newest.items() if isinstance(item, Outgoing)}


def topic_of(item: Saying) -> str:
    return item.topic if isinstance(item, Tombstone) else item.event.topic


def kinds(events: Sequence[Event], *but: type[Event]) -> list[str]:
    return [type(event).__name__ for event in events if not isinstance(event, but)]


def test_first_news_at_once_then_at_most_one_per_interval_and_the_last_state_always() -> None:
    node = Node()
    node.arrive(indexed(instance(1)))
    assert kinds(node.tick(), SiteCounted) == ["StudyUpdated"]
    node.arrive(indexed(instance(2)))
    assert node.tick(0.5) == []
    node.arrive(indexed(instance(3)))
    study, site = node.tick(0.5)
    assert isinstance(study, StudyUpdated)
    assert study.instances == 3
    assert isinstance(site, SiteCounted)
    assert site.counts == {"indexed": 3}
    assert node.tick(1.0) == []


def test_complete_after_the_quiet_time_reopened_by_an_addition_complete_again() -> None:
    node = Node()
    node.arrive(*whole_way(instance(1)))
    node.tick()
    assert node.tick(9.9) == []
    assert kinds(node.tick(0.1)) == ["StudyCompleted"]
    assert node.tick(1000.0) == []
    node.arrive(*whole_way(instance(2)))
    assert kinds(node.tick(), SiteCounted) == ["StudyReopened", "StudyUpdated"]
    node.arrive(*whole_way(instance(3)))
    assert kinds(node.tick(2.0), SiteCounted) == ["StudyUpdated"]
    (completed,) = node.tick(10.0)
    assert isinstance(completed, StudyCompleted)
    assert completed.instances == 3


def test_a_picture_after_completion_is_an_update_and_no_reopening() -> None:
    node = Node()
    node.arrive(indexed(instance(1)), thumbnailed(instance(1), picture=None))
    node.tick()
    assert kinds(node.tick(10.0)) == ["StudyCompleted"]
    node.arrive(thumbnailed(instance(1), renderer="2"))
    assert kinds(node.tick(1.0), SiteCounted) == ["StudyUpdated"]
    assert node.tick(1000.0) == []


def test_a_study_waits_for_what_is_under_way_but_not_for_ever() -> None:
    node = Node()
    node.arrive(*whole_way(instance(1)), instance(2))
    node.tick()
    assert node.tick(59.0) == []
    assert kinds(node.tick(1.0)) == ["StudyCompleted"]


def test_what_is_refused_holds_nothing_open() -> None:
    node = Node()
    node.arrive(*whole_way(instance(1)), instance(2), rejected(instance(2)))
    node.tick()
    assert kinds(node.tick(10.0)) == ["StudyCompleted"]


def test_nothing_is_said_of_a_study_without_indexed_instances() -> None:
    node = Node()
    node.arrive(instance(1), rejected(instance(1)))
    assert kinds(node.tick(1000.0)) == ["SiteCounted"]
    assert node.tracker.open_studies == 0


def test_sites_count_each_fact_once_whatever_study_it_is_of() -> None:
    node = Node()
    other = instance(1, study="2.25.2")
    node.arrive(*whole_way(instance(1)), *whole_way(other), *whole_way(other))
    node.arrive(instance(2), rejected(instance(2)), rejected(instance(2)))
    node.arrive(held(), held(), event_id="one")
    node.arrive(held(), held("not-dicom", "rejected", site="site-b"), event_id="two")
    counted = {event.site: event for event in node.tick() if isinstance(event, SiteCounted)}
    assert counted["site-a"].counts == {"anonymised": 3, "validated": 2, "indexed": 2, "thumbnailed": 2}
    assert counted["site-a"].reasons == {"rejected/pixel-length": 1, "quarantined/burned-in-text": 2}
    assert counted["site-b"].reasons == {"rejected/not-dicom": 1}


def test_what_people_decided_is_no_longer_held_whichever_is_read_first() -> None:
    first, last = Node(), Node()
    for node, acts in (
        (first, [(held(), "held"), (held("overlay"), "other"), (unheld(), "unheld")]),
        (last, [(unheld(), "unheld"), (held("overlay"), "other"), (held(), "held")]),
    ):
        for event, event_id in (*acts, acts[-1]):
            node.arrive(event, event_id=event_id)
    told = [event.reasons for node in (first, last) for event in node.tick() if isinstance(event, SiteCounted)]
    assert told == [{"quarantined/overlay": 1}] * 2


def test_what_a_person_released_and_what_he_discarded_count_once() -> None:
    node = Node()
    node.arrive(held(), event_id="one")
    node.arrive(held(), event_id="two")
    node.arrive(unheld(), event_id="released")
    node.arrive(*whole_way(instance(1)))
    node.arrive(unheld(), event_id="discarded")
    node.arrive(held("discarded", "rejected"), event_id="three")
    (counted,) = [event for event in node.tick() if isinstance(event, SiteCounted)]
    assert (counted.counts["indexed"], counted.reasons) == (1, {"rejected/discarded": 1})


def test_what_is_not_confirmed_is_said_again_under_the_same_id() -> None:
    node = Node()
    node.arrive(*whole_way(instance(1)))
    first = node.tick(0.0, lost=2)
    assert node.tick(0.2) == first
    assert node.tick(0.2) == []
    assert len({outgoing.id for outgoing in node.published}) == 2


def test_a_restart_says_only_what_the_topics_do_not_say_yet() -> None:
    node = Node()
    node.arrive(*whole_way(instance(1)))
    node.tick()
    node.tick(10.0)
    node.restart()
    assert node.tick(1.0) == []
    node.arrive(*whole_way(instance(2)))
    node.restart()  # before a word of it
    assert kinds(node.tick(100.0), SiteCounted) == ["StudyReopened", "StudyUpdated", "StudyCompleted"]
    node.restart()
    assert node.tick(100.0) == []


def test_a_worker_that_gets_the_work_back_trusts_the_topics_again() -> None:
    node = Node()
    node.arrive(*whole_way(instance(1)))
    node.tick()
    node.tracker.forget_announced()
    for said in node.published:
        node.tracker.recall(said.event)
    assert node.tick(1.0) == []
    node.tracker.forget()
    assert node.tick(100.0) == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(1, 5)),
        st.tuples(st.just("tick"), st.sampled_from([0, 1, 10, 60])),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("lost"), st.integers(1, 3)),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_whatever_happens_no_content_is_completed_twice_and_the_end_is_the_same(steps: list[tuple[str, int]]) -> None:
    node = Node()
    for step, value in steps:
        match step:
            case "arrive":
                node.arrive(*whole_way(instance(value)))
            case "tick":
                node.tick(value)
            case "restart":
                node.restart()
            case "lost":
                # What the broker has without our knowing is read at a restart.
                node.tick(1.0, lost=value)
                node.restart()
    node.tick(60.0)
    ids = [outgoing.id for outgoing in node.published if not isinstance(outgoing.event, SiteCounted)]
    assert len(ids) == len(set(ids))
    expected = {value for step, value in steps if step == "arrive"}
    completed = [item.event for item in node.published if isinstance(item.event, StudyCompleted)]
    assert [event.instances for event in completed[-1:]] == ([len(expected)] if expected else [])
    assert len({event.fingerprint for event in completed}) == len(completed)
    reopened = [item.event for item in node.published if isinstance(item.event, StudyReopened)]
    assert len(reopened) == max(0, len(completed) - 1)


def complete(node: Node, *numbers: int) -> None:
    for number in numbers:
        node.arrive(*whole_way(instance(number)))
    node.tick()
    node.tick(PACE.quiet)


def test_a_study_that_loses_an_instance_is_told_again_and_goes_on_from_there() -> None:
    node = Node()
    complete(node, 1, 2, 11)
    node.arrive(retracted(instance(11)))
    assert kinds(node.tick(), SiteCounted) == ["StudyReopened", "StudyUpdated"]
    (done,) = [event for event in node.tick(PACE.quiet) if isinstance(event, StudyCompleted)]
    assert (done.instances, done.series, done.retracted, done.thumbnails) == (2, 1, 1, 2)
    assert node.tick(PACE.quiet) == []
    node.restart()
    assert kinds(node.tick(), SiteCounted) == []
    complete(node, 3)
    (last,) = [item.event for item in node.published if isinstance(item, Outgoing)][-1:]
    assert isinstance(last, StudyCompleted)
    assert (last.instances, last.retracted) == (3, 1)


def test_a_study_of_which_nothing_is_left_is_taken_from_its_topics_once() -> None:
    node = Node()
    complete(node, 1, 2)
    node.arrive(retracted(instance(1)), retracted(instance(2)))
    node.tick(lost=9)
    node.tick(PACE.interval)
    assert node.told == set()
    said = len(node.published)
    node.restart()
    node.tick(PACE.quiet)
    node.arrive(*whole_way(instance(1)))
    node.tick(PACE.quiet)
    assert node.told == set()
    assert [item for item in node.published[said:] if isinstance(item, Tombstone)] == []


@given(st.permutations([*whole_way(instance(1)), retracted(instance(1)), *whole_way(instance(2))]))
def test_in_any_order_what_is_retracted_counts_nowhere(events: list[Event]) -> None:
    node = Node()
    node.arrive(*events, *events)
    told = [event for event in node.tick() if isinstance(event, StudyUpdated)]
    assert [(event.instances, event.series, event.thumbnails, event.retracted) for event in told] == [(1, 1, 1, 1)]
    assert node.tracker.sites["site-a"].counted.event.model_dump()["counts"] == {
        "anonymised": 1,
        "validated": 1,
        "indexed": 1,
        "thumbnailed": 1,
    }
