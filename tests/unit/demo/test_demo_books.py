"""The books balance when nothing is lost, and say what is wrong when something is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.demo.books import AFTER, BEFORE, FileEnd, Handed, Report, Witness, check, close
from infra.demo.facts import Facts
from infra.demo.screen import COLOURS, grouped
from shared.events import (
    CleanDeadLetter,
    Event,
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    IdentifiedLetterSettled,
    InstanceAnonymised,
    InstanceCleared,
    InstanceDecided,
    InstanceIndexed,
    InstanceReceived,
    InstanceRejected,
    InstanceThumbnailed,
    InstanceValidated,
    Outgoing,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def digest(name: str) -> str:
    return name.encode().hex().rjust(64, "0")


class Node:
    """Publishes what a node would, to a fold under test."""

    def __init__(self, *ours: str, begin: int = 0) -> None:
        topic = InstanceReceived.topic
        self.facts = Facts({(topic, 0): begin}, [("site-a", digest(name)) for name in ours])
        self.offsets: Counter[str] = Counter()
        self.at = NOW

    def say(self, event: Event) -> tuple[str, int, int]:
        where = (event.topic, 0, self.offsets[event.topic])
        self.offsets[event.topic] += 1
        self.at += timedelta(seconds=1)
        self.facts.take(event, where, self.at, "ab" * 16)
        return where

    def receive(self, name: str) -> tuple[str, int, int]:
        return self.say(
            InstanceReceived(
                **origin(name),
                association="x",
                size=1,
                sop_class_uid="1.2",
                sop_instance_uid="1.3",
                transfer_syntax_uid="1.4",
                received_at=NOW,
            )
        )

    def anonymise(self, name: str) -> tuple[str, int, int]:
        return self.say(InstanceAnonymised(**clean(name)))

    def index(self, name: str) -> None:
        self.anonymise(name)
        self.say(InstanceValidated(**clean(name)))
        self.say(InstanceIndexed(**clean(name), modality="CT"))

    def picture(self, name: str, reason: str | None = None) -> tuple[str, int, int]:
        picture = None if reason else f"picture-{name}"
        return self.say(InstanceThumbnailed(**clean(name), renderer="r", picture=picture, reason=reason))

    def hold(self, name: str, led_by: str | None = None) -> None:
        self.say(IdentifiedInstanceQuarantined(**origin(name), reason="overlay", profile="1", decision_id=led_by))

    def decide(self, name: str, decision: str, decision_id: str, after: str | None = None) -> tuple[str, int, int]:
        return self.say(
            InstanceDecided.model_validate(
                {
                    **origin(name),
                    "decision_id": decision_id,
                    "decision": decision,
                    "for_reason": "overlay",
                    "after": after,
                    "ground": "other",
                    "actor": "somebody",
                    "decided_at": NOW,
                }
            )
        )

    def finish(self, name: str) -> None:
        self.receive(name)
        self.index(name)
        self.picture(name)


def origin(name: str) -> dict[str, Any]:
    return {
        "site": "site-a",
        "project": "p",
        "arrival": f"arrival-{name}",
        "study_key": "k",
        "key": "k",
        "digest": digest(name),
    }


def clean(name: str) -> dict[str, Any]:
    return {
        "site": "site-a",
        "project": "p",
        "arrival": f"arrival-{name}",
        "profile": "1",
        "patient_id": "IC1",
        "study_instance_uid": "2.25.1",
        "series_instance_uid": "2.25.2",
        "sop_instance_uid": "2.25.3",
        "sop_class_uid": "1.2",
        "transfer_syntax_uid": "1.4",
        "key": f"clean-{name}",
        "digest": digest("clean" + name),
        "size": 1,
    }


def letter(source: tuple[str, int, int], stage: str, model: type[CleanDeadLetter | IdentifiedDeadLetter]) -> Event:
    topic, partition, offset = source
    return model(
        source_topic=topic,
        source_partition=partition,
        source_offset=offset,
        stage=stage,
        release="0",
        reason="unexpected",
        attempts=1,
    )


def accepted(name: str, path: str | None = None) -> Handed:
    return Handed(path or name, "accepted", None, "site-a", digest(name))


def witness(*names: str) -> Witness:
    return Witness(
        frozenset(f"arrival-{name}" for name in names),
        frozenset(f"clean-{name}" for name in names),
        frozenset(f"picture-{name}" for name in names),
    )


def books(node: Node, *handed: Handed, seen: Witness | None = None) -> Report:
    node.facts.bury()
    return close(len(handed), handed, node.facts, seen or witness(), 7)


def broken(report: Report) -> dict[str, tuple[str, ...]]:
    return {problem.rule: problem.files for problem in check(report)}


def test_one_clean_instance() -> None:
    node = Node("a")
    node.finish("a")
    assert node.facts.quiet([("site-a", digest("a"))])
    report = books(node, accepted("a"), seen=witness("a"))
    assert check(report) == ()
    counts = report.counts()
    assert {name for name, count in counts.items() if count == 1} == {
        "found",
        "received",
        "clean",
        "indexed",
        "thumbnailed",
    }
    [end] = report.files
    assert (end.outcome, end.modality, end.trace_id, end.site) == ("clean", "CT", "ab" * 16, "site-a")
    assert report.rates["received"].instances == 1
    assert report.rates["received"].per_second is None


def test_every_way_to_end() -> None:
    names = ("clean", "plain", "held", "unreadable", "invalid", "conflict", "dead-early", "dead-late")
    node = Node(*names)
    node.finish("clean")
    node.receive("plain")
    node.index("plain")
    node.picture("plain", "no-pixels")
    for name in ("held", "unreadable", "invalid", "conflict"):
        node.receive(name)
    node.say(IdentifiedInstanceQuarantined(**origin("held"), reason="overlay", profile="1"))
    node.say(IdentifiedInstanceRejected(**origin("unreadable"), reason="undecodable", profile="1"))
    for name, stage, reason in (("invalid", "validator", "pixel-length"), ("conflict", "indexer", "uid-conflict")):
        node.anonymise(name)
        node.say(InstanceRejected(**clean(name), stage=stage, reason=reason))
    # The thumbnailer does not know that the indexer refuses it.
    node.picture("conflict")
    node.say(letter(node.receive("dead-early"), "anonymiser", IdentifiedDeadLetter))
    node.receive("dead-late")
    node.say(letter(node.anonymise("dead-late"), "validator", CleanDeadLetter))
    report = books(
        node,
        Handed("readme", "not_dicom", "no-dicom"),
        Handed("dicomdir", "not_sent", "no-accepted-context", "site-a", digest("dicomdir")),
        Handed("big", "refused", "status-A700", "site-a", digest("big")),
        *map(accepted, names),
        accepted("clean", "copy"),
        seen=witness("clean", "plain"),
    )
    assert check(report) == ()
    assert Counter(end.outcome for end in report.files) == {
        "not_dicom": 1,
        "not_sent": 1,
        "refused": 1,
        "duplicates": 1,
        "clean": 2,
        "quarantined": 1,
        "rejected": 3,
        "dead_lettered": 2,
    }
    assert report.reasons()["rejected"] == {"pixel-length": 1, "uid-conflict": 1, "undecodable": 1}
    assert report.reasons()["no_picture"] == {"no-pixels": 1}
    assert (report.thumbnailed, report.no_picture, report.indexed) == (1, 1, 2)
    stages = {end.path: end.stage for end in report.files}
    assert (stages["unreadable"], stages["invalid"], stages["conflict"]) == ("anonymiser", "validator", "indexer")
    told = report.as_json()
    assert all(isinstance(told[name], int) for name in report.counts())
    assert sum(told[name] for name in (*BEFORE, *AFTER)) == told["found"] == len(told["files"])


def test_what_people_decided_ends_once() -> None:
    node = Node("released", "tried", "discarded", "undecided", "failed")
    for name in ("released", "tried", "discarded", "undecided", "failed"):
        node.receive(name)
        node.hold(name)
    node.decide("released", "release", "1")
    node.index("released")
    node.picture("released")
    node.say(InstanceCleared(**origin("released"), decision_id="1", profile="1"))
    node.decide("tried", "retry", "2")
    node.hold("tried", led_by="2")
    node.decide("discarded", "retry", "3")
    node.say(letter(("identified.instance.decided", 0, 2), "anonymiser", IdentifiedDeadLetter))
    node.say(
        IdentifiedInstanceRejected(**origin("discarded"), reason="discarded", profile="1", decision_id="4"),
    )
    node.decide("discarded", "discard", "4", after="3")
    node.decide("undecided", "release", "5")
    node.say(letter(node.decide("failed", "retry", "6"), "anonymiser", IdentifiedDeadLetter))
    names = ("released", "tried", "discarded", "undecided", "failed")
    report = books(node, *map(accepted, names), seen=witness("released"))
    assert check(report) == ()
    assert {end.path: (end.outcome, end.reason) for end in report.files} == {
        "released": ("clean", None),
        "tried": ("quarantined", "overlay"),
        "discarded": ("rejected", "discarded"),
        "undecided": ("quarantined", "overlay"),
        "failed": ("quarantined", "overlay"),
    }


def test_the_same_folder_again_adds_to_duplicates_only() -> None:
    node = Node("a", begin=1)
    node.receive("a")
    report = books(node, accepted("a"), accepted("a", "copy"))
    assert check(report) == ()
    assert (report.count("duplicates"), report.received) == (2, 0)


def test_the_same_bytes_from_the_other_site_are_another_arrival() -> None:
    node = Node("a")
    node.finish("a")
    other = replace(accepted("a", "elsewhere"), site="site-b")
    report = books(node, accepted("a"), other, seen=witness("a"))
    assert {end.path: end.outcome for end in report.files} == {"a": "clean", "elsewhere": "lost"}


def test_events_may_be_read_in_any_order() -> None:
    node = Node("a", "b")
    node.picture("a")
    node.index("a")
    node.receive("a")
    source = ("identified.instance.received", 0, 1)
    node.say(letter(source, "anonymiser", IdentifiedDeadLetter))
    node.receive("b")
    report = books(node, accepted("a"), accepted("b"), seen=witness("a"))
    assert check(report) == ()
    assert {end.path: end.outcome for end in report.files} == {"a": "clean", "b": "dead_lettered"}


def test_arrivals_of_others_do_not_count() -> None:
    node = Node("a")
    node.finish("a")
    node.finish("somebody-else")
    report = books(node, accepted("a"), seen=witness("a", "somebody-else"))
    assert check(report) == ()
    assert report.received == 1


def test_bytes_that_are_there_all_the_same_are_received() -> None:
    node = Node("a")
    node.finish("a")
    broke = replace(accepted("a"), handover="not_sent", reason="no-answer")
    report = books(node, broke, seen=witness("a"))
    assert check(report) == ()
    assert report.received == report.count("clean") == 1
    # The second try was answered: the first one is what was not sent.
    report = books(node, replace(broke, path="first"), accepted("a", "second"), seen=witness("a"))
    assert check(report) == ()
    assert {end.path: end.outcome for end in report.files} == {"first": "not_sent", "second": "clean"}


def test_a_file_that_was_promised_and_is_not_there() -> None:
    node = Node("a")
    assert not node.facts.quiet([("site-a", digest("a"))])
    report = books(node, accepted("a"))
    assert broken(report) == {"found = not_dicom + not_sent + refused + duplicates + received": ("a",)}


def test_an_instance_on_its_way() -> None:
    node = Node("a")
    node.receive("a")
    node.anonymise("a")
    assert not node.facts.quiet([])
    report = books(node, accepted("a"))
    assert broken(report) == {"in_flight = 0": ("a",)}
    assert report.files[0].reason == "last-seen-anonymised"


def test_an_index_that_does_not_have_what_it_says() -> None:
    node = Node("a", "b")
    node.finish("a")
    node.finish("b")
    report = books(node, accepted("a"), accepted("b"), seen=replace(witness("a", "b"), indexed=frozenset()))
    assert broken(report) == {"indexed = clean": ("a", "b")}


def test_an_index_that_has_what_was_held_back() -> None:
    node = Node("a")
    node.receive("a")
    node.say(IdentifiedInstanceQuarantined(**origin("a"), reason="overlay", profile="1"))
    report = books(node, accepted("a"), seen=witness("a"))
    assert broken(report) == {"indexed = clean": ("a",)}


def test_a_picture_that_is_not_in_the_store() -> None:
    node = Node("a")
    node.finish("a")
    report = books(node, accepted("a"), seen=replace(witness("a"), derived=frozenset()))
    assert broken(report) == {"clean = thumbnailed + no_picture": ("a",)}


def test_a_clean_object_that_is_not_in_the_store() -> None:
    node = Node("a")
    node.finish("a")
    report = books(node, accepted("a"), seen=replace(witness("a"), clean=frozenset()))
    assert broken(report) == {"every clean instance has its object": ("a",)}


def test_two_ends_of_one_arrival() -> None:
    node = Node("a")
    node.finish("a")
    node.say(IdentifiedInstanceQuarantined(**origin("a"), reason="overlay", profile="1"))
    report = books(node, accepted("a"), seen=witness("a"))
    assert broken(report)["every arrival has one end"] == ("a",)


OF_A_LETTER = [("requeued", "in_flight"), ("resolved", "clean"), ("discarded", "dead_lettered")]


@pytest.mark.parametrize(("state", "ended"), OF_A_LETTER)
def test_of_a_letter_that_was_requeued_what_came_of_it_counts(state: Any, ended: str) -> None:
    node = Node("a")
    dead = letter(node.receive("a"), "anonymiser", IdentifiedDeadLetter)
    node.say(dead)
    node.say(IdentifiedLetterSettled(letter=Outgoing.of(dead).id, state=state, stage="anonymiser"))
    if state == "resolved":
        node.index("a")
        node.picture("a")
    node.facts.bury()
    (way,) = node.facts.ways()
    assert (way.verdict.outcome if way.verdict else "in_flight") == ended


def test_a_thumbnail_that_died_as_a_dead_letter_is_told() -> None:
    node = Node("a")
    node.receive("a")
    node.index("a")
    node.say(letter(("clean.instance.validated", 0, 0), "thumbnailer", CleanDeadLetter))
    report = books(node, accepted("a"), seen=witness("a"))
    assert report.files[0].outcome == "dead_lettered"
    assert "indexed = clean" in broken(report)


def test_more_arrivals_than_files() -> None:
    end = FileEnd("a", "clean", indexed=True, stored=True, thumbnailed=True)
    report = Report(found=1, received=1, seconds=1, files=(end,))
    assert check(report) == ()
    assert set(broken(replace(report, received=2))) == {
        "found = not_dicom + not_sent + refused + duplicates + received",
        "received = clean + quarantined + rejected + dead_lettered + in_flight",
    }
    assert set(broken(replace(report, found=2))) == {"found = not_dicom + not_sent + refused + duplicates + received"}


def test_the_table_groups_and_knows_every_outcome() -> None:
    ends = [FileEnd(str(n), outcome, "why") for n, outcome in enumerate((*BEFORE, *AFTER, "lost"))]
    ends.append(FileEnd("x", "clean", no_picture="no-pixels"))
    rows = grouped([*ends, *ends])
    assert {outcome for outcome, *_ in rows} == set(COLOURS)
    assert rows[0][0] == "clean"
    assert all(len(members) == 2 for *_, members in rows)
