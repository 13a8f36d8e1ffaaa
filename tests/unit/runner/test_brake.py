"""The brake, without a clock and without a broker: when it trips, when it does not, and how it is let go."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from shared.events import WHOLE_STAGE, BrakeChanged, IdentifiedBrakeReleased, InstanceReceivedInBulk, InstanceRetracted
from shared.misconfigured import Misconfigured
from shared.outcome import Done, Permanent, Quarantine, Reason, Reject, Skip
from shared.runner.brake import Brakes, End, Judged, Policy, Subject, ended, subject_of
from shared.runner.brake.likelihood import surprise
from shared.settings import StageSettings
from tests.support.events import anonymised, decided, received

START = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
HELD, REFUSED, BUG = "held-by-profile", "not-dicom", "unexpected"


class Bench:
    """The brakes of one stage, given outcomes one batch after the other. Each record is of a study of its own unless
    `study` says otherwise."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.brakes = Brakes("anonymiser", self.policy, identified=True)
        self.now = START
        self.told: list[BrakeChanged] = []
        self._studies = (str(number) for number in count())

    def take(self, *reasons: str, site: str = "site-a", study: str | None = None, dead: bool = False) -> Judged:
        """A batch of outcomes of one site; an empty reason for one that went well."""
        ends = [
            End(Subject(site, "kind", study or next(self._studies)), reason, dead and bool(reason))
            for reason in reasons
        ]
        return self.judge(ends)

    def judge(self, ends: Iterable[End | None]) -> Judged:
        judged = self.brakes.judge(list(ends), self.now)
        self.brakes.accept(judged)
        self.told += judged.changes
        return judged

    def one_by_one(self, reasons: Iterable[str], site: str = "site-a", study: str | None = None) -> int | None:
        """How many had been taken when it tripped; None: it did not."""
        for number, reason in enumerate(reasons, start=1):
            if self.take(reason, site=site, study=study).changes:
                return number
        return None

    def admitted(self, site: str = "site-a", records: int = 1) -> int:
        """Of so many records of a site, how many are handled."""
        return sum(self.brakes.admits([Subject(site, "kind", "s")] * records))

    def release(self, ground: str = "rules-changed", brake: str | None = None, site: str = "site-a") -> Judged:
        state = next(state for state in self.told[::-1] if state.site == site)
        told = {"stage": "anonymiser", "site": site, "brake": brake or state.brake, "ground": ground}
        judged = self.brakes.release([IdentifiedBrakeReleased.model_validate(told)], self.now)
        self.brakes.accept(judged)
        self.told += judged.changes
        return judged

    def braked(self) -> "Bench":
        """With a brake on for the site: it had sent well for long."""
        self.take(*[""] * 1000)
        assert self.one_by_one([HELD] * 200) is not None
        return self

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


def _mixed(share: float, records: int, seed: int = 7) -> Iterator[str]:
    chance = random.Random(seed)
    return (HELD if chance.random() < share else "" for _ in range(records))


# --- how surprising a share is


def test_what_is_ordinary_surprises_nobody() -> None:
    assert surprise(0.6, 200, 0.6) == 0.0
    assert surprise(0.1, 200, 0.6) == 0.0


@pytest.mark.parametrize(("share", "of", "ordinary"), [(1.0, 1, 0.02), (1.0, 8, 0.3)])
def test_where_all_fail_the_bound_is_the_chance_itself(share: float, of: int, ordinary: float) -> None:
    import math

    assert surprise(share, of, ordinary) == pytest.approx(-of * math.log(ordinary))


def test_what_never_happens_surprises_beyond_measure() -> None:
    assert surprise(0.01, 100, 0.0) == float("inf")


# --- when it trips


def test_a_site_that_was_well_trips_at_the_floor() -> None:
    bench = Bench()
    bench.take(*[""] * 1000)
    assert bench.one_by_one([HELD] * 500) == 100
    (state,) = bench.told
    assert (state.stage, state.site, state.on, state.reason) == ("anonymiser", "site-a", True, HELD)
    assert (state.failed, state.window) == (100, 200)
    assert state.ordinary < 0.05


def test_one_study_is_enough_where_the_reason_is_new() -> None:
    bench = Bench()
    bench.take(*[""] * 1000)
    assert bench.one_by_one([HELD] * 500, study="one") == 100


def test_a_new_site_of_which_everything_is_refused_trips_at_the_floor() -> None:
    assert Bench().one_by_one([HELD] * 500) == 100


def test_below_the_floor_nothing_trips() -> None:
    assert Bench().one_by_one([HELD] * 99 + [REFUSED] * 99) is None


def test_a_share_that_jumps_from_little_to_half_trips_within_some_hundred_that_fail() -> None:
    bench = Bench()
    assert bench.one_by_one(_mixed(0.02, 3000)) is None
    taken = bench.one_by_one(_mixed(0.5, 1000, seed=8))
    assert taken is not None
    assert bench.told[-1].failed <= 110
    assert taken <= 260


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6])
def test_a_share_that_was_always_so_does_not_trip(share: float, seed: int) -> None:
    assert Bench().one_by_one(_mixed(share, 4000, seed)) is None


def test_studies_of_a_kind_that_is_always_held_do_not_trip_when_they_come_in_bunches() -> None:
    """Of ten studies one is of ultrasound, sixty images each: a window may be full of one or two of them."""
    bench, chance = Bench(), random.Random(5)
    bench.take(*_mixed(0.1, 1000))
    for number in range(300):
        reason = HELD if chance.random() < 0.1 else ""
        bench.take(*[reason] * 60, study=f"study {number}")
    for number in range(4):
        bench.take(*[HELD] * 60, study=f"clinic {number}")
    assert bench.told == []


def test_a_known_kind_trips_all_the_same_when_study_after_study_is_held() -> None:
    bench = Bench()
    bench.take(*_mixed(0.1, 1000))
    assert bench.one_by_one(HELD for _ in range(400)) is not None


def test_reasons_and_kinds_and_sites_are_counted_apart() -> None:
    bench = Bench()
    for _ in range(99):
        bench.take(HELD, REFUSED)
        bench.take(HELD, REFUSED, site="site-b")
        bench.judge([End(Subject("site-a", "other kind", "s"), HELD)])
    assert bench.told == []


def test_what_says_nothing_is_not_counted() -> None:
    bench = Bench()
    bench.judge([None] * 300)
    assert bench.one_by_one([HELD] * 300) == 100


def test_a_slow_rise_is_followed() -> None:
    bench = Bench()
    for share in range(0, 40, 2):
        assert bench.one_by_one(_mixed(share / 100, 2000, share)) is None


def test_the_demonstration_does_not_trip() -> None:
    """`make demo` sends 171 files; 55 are held for one reason and 24 rejected."""
    reasons = ["burned-in-text"] * 55 + [REFUSED] * 24 + [""] * 92
    random.Random(1).shuffle(reasons)
    assert Bench().one_by_one(reasons) is None


def test_without_a_floor_there_is_no_brake() -> None:
    bench = Bench(Policy(floor=0))
    assert bench.one_by_one([HELD] * 1000) is None
    assert Bench().braked().told
    bench.brakes.adopt(Bench().braked().told[-1])
    assert bench.admitted() == 1


def test_a_batch_that_was_not_published_has_not_been_counted() -> None:
    bench = Bench()
    bench.take(*[HELD] * 99)
    for _ in range(5):
        assert bench.brakes.judge([End(Subject("site-a", "kind", "s"), HELD)], START).changes
    assert bench.brakes.on == ()


def test_the_rest_of_a_batch_that_trips_stays_as_it_is() -> None:
    bench = Bench()
    judged = bench.take(*[HELD] * 130)
    assert judged.again == frozenset()
    assert len(judged.changes) == 1


# --- the stage itself


def _bugs(bench: Bench, sites: int, records: int) -> int | None:
    for number in range(1, records + 1):
        if bench.take(BUG, site=f"site-{number % sites}", dead=True).changes:
            return number
    return None


def test_dead_letters_of_several_sites_stop_the_stage() -> None:
    bench = Bench()
    assert _bugs(bench, sites=20, records=500) == 100
    assert bench.told[-1].site == WHOLE_STAGE
    assert bench.brakes.limit() == 0


def test_verdicts_of_several_sites_do_not() -> None:
    bench = Bench()
    for number in range(300):
        bench.take(HELD, site=f"site-{number % 20}")
    assert bench.told == []


def test_dead_letters_of_one_site_stop_that_site() -> None:
    bench = Bench()
    assert _bugs(bench, sites=1, records=500) == 100
    assert bench.told[-1].site == "site-0"
    assert bench.brakes.limit() is None


def test_a_stage_that_has_stopped_probes_and_goes_on() -> None:
    bench = Bench()
    _bugs(bench, sites=4, records=200)
    bench.later(seconds=61)
    assert bench.brakes.due(bench.now)
    assert bench.brakes.limit() == 1
    bench.take("", site="site-1")
    assert bench.brakes.limit() == 8
    bench.take(*[""] * 8, site="site-2")
    assert bench.brakes.limit() is None
    assert _bugs(bench, sites=4, records=99) is None


# --- while it is on


def test_other_sites_go_on() -> None:
    bench = Bench().braked()
    of = [Subject(site, "kind", "s") for site in ("site-a", "site-b", "site-a")]
    assert bench.brakes.admits([*of, None]) == [False, True, False, True]


def test_nothing_is_probed_before_its_time() -> None:
    bench = Bench().braked()
    bench.later(seconds=59)
    assert not bench.brakes.due(bench.now)
    assert bench.admitted(records=5) == 0


def test_half_open_it_lets_one_through_then_a_few_then_all() -> None:
    bench = Bench().braked()
    bench.later(seconds=60)
    assert bench.brakes.due(bench.now)
    assert not bench.brakes.due(bench.now)
    assert bench.admitted(records=5) == 1
    bench.take("")
    assert bench.admitted(records=20) == 8
    bench.take(*[""] * 5)
    assert bench.admitted(records=20) == 3
    judged = bench.take(*[""] * 3)
    assert [(change.on, change.ended) for change in judged.changes] == [(False, "vanished")]
    assert bench.admitted(records=20) == 20


def test_a_probe_that_fails_for_the_reason_is_parked_again_and_the_pause_doubles() -> None:
    bench = Bench().braked()
    pauses = []
    for _ in range(9):
        state = bench.told[-1]
        assert state.next_probe_at is not None
        pauses.append((state.next_probe_at - bench.now).total_seconds())
        bench.now = state.next_probe_at
        assert bench.brakes.due(bench.now)
        judged = bench.take(HELD)
        assert judged.again == {0}
        assert judged.changes[0].on
        assert bench.admitted() == 0
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert bench.told[-1].probes == 9


@pytest.mark.parametrize("reason", [HELD, "worker-died", ""])
def test_what_ends_while_nothing_is_tried_is_no_probe(reason: str) -> None:
    bench = Bench().braked()
    judged = bench.take(reason, dead=True)
    assert (judged.changes, judged.again) == ((), frozenset())
    assert bench.admitted() == 0


def test_a_few_that_fail_brake_again_and_what_went_well_stays() -> None:
    bench = Bench().braked()
    bench.later(seconds=60)
    bench.brakes.due(bench.now)
    bench.take("")
    judged = bench.take("", HELD, HELD, "", HELD)
    assert judged.again == {1, 2, 4}
    assert judged.changes[0].probes == 1


def test_a_probe_that_fails_for_another_reason_is_another_matter() -> None:
    bench = Bench().braked()
    bench.later(seconds=60)
    bench.brakes.due(bench.now)
    judged = bench.take(REFUSED)
    assert judged.again == frozenset()
    assert judged.changes == ()


def test_a_site_is_probed_by_what_is_ordinary_there() -> None:
    """A tenth of its records fail always: one probe that fails does not say that the cause is still there."""
    bench = Bench()
    bench.take(*_mixed(0.3, 3000))
    bench.one_by_one([HELD] * 400)
    bench.later(seconds=60)
    bench.brakes.due(bench.now)
    assert bench.take(HELD).changes == ()
    assert bench.take("", HELD, "", "", HELD, "", "", "").changes[0].ended == "vanished"


def test_a_person_may_be_waited_for() -> None:
    bench = Bench(Policy(waits_for="person")).braked()
    assert bench.told[-1].next_probe_at is None
    bench.later(days=30)
    assert not bench.brakes.due(bench.now)


# --- released by a person


def test_a_release_lets_all_go_on() -> None:
    bench = Bench().braked()
    (change,) = bench.release().changes
    assert (change.on, change.ended, change.next_probe_at) == (False, "released", None)
    assert bench.admitted(records=300) == 300


def test_after_the_cause_was_mended_the_same_share_brakes_again() -> None:
    bench = Bench().braked()
    bench.release("rules-changed")
    assert bench.one_by_one([HELD] * 300) == 100


def test_what_was_released_as_ordinary_does_not_trip_again() -> None:
    bench = Bench()
    bench.one_by_one([HELD] * 100)
    bench.release("false-positive")
    assert bench.told[-1].known == {HELD: 1.0}
    assert bench.one_by_one([HELD] * 3000) is None
    assert bench.one_by_one([REFUSED] * 300) is not None
    bench.release("false-positive")
    assert bench.told[-1].known == {HELD: 1.0, REFUSED: pytest.approx(0.5, abs=0.2)}


def test_a_new_worker_knows_what_was_released_as_ordinary() -> None:
    before, after = Bench(), Bench()
    before.one_by_one([HELD] * 100)
    before.release("false-positive")
    after.brakes.adopt(before.told[-1])
    assert after.one_by_one([HELD] * 3000) is None


def test_a_release_of_an_earlier_braking_does_nothing() -> None:
    bench = Bench().braked()
    earlier = bench.told[-1].brake
    bench.release()
    bench.later(seconds=5)
    bench.one_by_one([HELD] * 200)
    assert bench.release(brake=earlier).changes == ()
    assert bench.admitted() == 0
    assert bench.release().changes
    assert bench.release().changes == ()


# --- workers and restarts


def test_a_new_worker_takes_over_what_was_told() -> None:
    before, after = Bench().braked(), Bench()
    after.brakes.adopt(before.told[-1])
    assert after.admitted() == 0
    after.later(seconds=60)
    assert after.brakes.due(after.now)
    assert after.admitted() == 1


def test_only_what_is_newer_counts() -> None:
    one, other = Bench().braked(), Bench()
    other.brakes.adopt(one.told[-1])
    one.release()
    assert other.brakes.adopt(one.told[-1])
    assert not other.brakes.adopt(one.told[0])
    assert other.admitted() == 1


def test_a_clock_that_is_set_back_does_not_keep_it_on() -> None:
    bench = Bench().braked()
    bench.later(days=-2)
    bench.release()
    assert bench.admitted() == 1
    assert bench.one_by_one([HELD] * 200) == 100
    assert bench.admitted() == 0


# --- what it looks at


def test_both_ways_in_are_one_and_decisions_of_people_are_none() -> None:
    one = subject_of(received(site="site-a"), "k", asked_for=False)
    assert one == subject_of(InstanceReceivedInBulk(**received(site="site-a").model_dump()), "k", asked_for=False)
    assert one is not None
    assert one.kind != getattr(subject_of(anonymised(site="site-a"), "k", asked_for=False), "kind", one.kind)
    assert subject_of(decided(), "k", asked_for=False) is None
    assert subject_of(received(), "k", asked_for=True) is None
    assert subject_of(None, None, asked_for=False) is not None


def test_an_erasure_is_never_held_up() -> None:
    retracted = InstanceRetracted(site="site-a", project="demo", arrival="0" * 32, reason="erased")
    assert subject_of(retracted, "k", asked_for=False) is None


def test_outcomes_say_how_it_ended() -> None:
    subject = Subject("site-a", "kind", "s")
    assert ended(subject, Done()) == End(subject, "")
    assert ended(subject, Quarantine(Reason.OVERLAY, ())) == End(subject, "overlay")
    assert ended(subject, Reject(Reason.NOT_DICOM, ())) == End(subject, "not-dicom")
    assert ended(subject, Permanent(Reason.UNDECODABLE)) == End(subject, "undecodable", dead=True)
    assert ended(subject, ValueError()) == End(subject, "unexpected", dead=True)
    assert ended(subject, Skip(Reason.ALREADY_DONE)) is None
    assert ended(None, Done()) is None


def test_settings_say_when_it_trips_and_what_it_waits_for() -> None:
    told = StageSettings(kafka_bootstrap_servers="b:1", health_port=1, brake_policy="person", brake_probe_seconds=5)
    assert told.brake == Policy(100, 200, "person", timedelta(seconds=5))
    with pytest.raises(Misconfigured, match="BRAKE_FLOOR"):
        _ = StageSettings(kafka_bootstrap_servers="b:1", health_port=1, brake_floor=201).brake
