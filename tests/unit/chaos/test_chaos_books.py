"""The harness of `make chaos` sees what is lost, doubled or astray, and nothing else."""

import base64
import json
from dataclasses import replace

import pytest

from tests.chaos.rounds.books import (
    ANONYMISED,
    INDEXED,
    RECEIVED,
    REJECTED,
    THUMBNAILED,
    VALIDATED,
    Books,
    Findings,
    Surfaces,
    findings,
)
from tests.chaos.rounds.sent import Acknowledged
from tests.support.topics import Record

SOUND = Acknowledged("site-a", 1, poison=False)
SENT = {"raw/1": SOUND, "raw/2": SOUND}


def record(topic: str, number: int, *, name: str = "", **fields: object) -> Record:
    event = {"arrival": f"arrival-{number}", "site": "site-a", **fields}
    told = name or f"{topic}-{number}"
    return Record(topic, 0, 0, b"key", json.dumps(event).encode(), (("ce_id", told.encode()),))


def way(number: int) -> list[Record]:
    """All that is told of an instance."""
    return [
        record(RECEIVED, number, key=f"raw/{number}"),
        record(ANONYMISED, number, key=f"clean/{number}", digest="d"),
        record(VALIDATED, number),
        record(INDEXED, number),
        record(THUMBNAILED, number, picture=f"picture/{number}"),
    ]


def books(*records: Record) -> Books:
    made = Books()
    for each in records:
        made.add(each)
    return made


THERE = Surfaces(
    raw=frozenset(SENT),
    clean=frozenset({"clean/1", "clean/2"}),
    derived=frozenset({"picture/1", "picture/2"}),
    rows={"arrival-1": (1, 1), "arrival-2": (1, 1)},
    steps=0,
    counted=2,
)
UNDRAWN = {"arrival-1": (1, 1), "arrival-2": (1, 0)}
WAY = [*way(1), *way(2)]


def found(*records: Record, there: Surfaces = THERE, sent: dict[str, Acknowledged] = SENT) -> Findings:
    return findings(books(*records), sent, there)


def test_nothing_is_wrong_when_all_say_the_same() -> None:
    assert not found(*WAY)
    assert str(found(*WAY)) == "nothing"


def test_the_same_fact_again_is_counted_and_no_error() -> None:
    again = [*WAY, *way(2), record(f"{RECEIVED}.bulk", 1, name=f"{RECEIVED}-1", key="raw/1")]
    assert not found(*again)
    assert books(*again).repeats() == {
        RECEIVED: 2, ANONYMISED: 1, VALIDATED: 1, INDEXED: 1, THUMBNAILED: 1,
    }  # fmt: skip


@pytest.mark.parametrize("left_out", range(5))
def test_a_fact_that_is_missing_is_a_loss(left_out: int) -> None:
    whole = way(2)
    del whole[left_out]
    assert found(*way(1), *whole).lost


@pytest.mark.parametrize(
    ("there", "what"),
    [
        (replace(THERE, raw=frozenset({"raw/1"})), "acknowledged and not in the store"),
        (replace(THERE, raw=THERE.raw | {"raw/3"}), "stored and not announced"),
        (replace(THERE, clean=frozenset({"clean/1"})), "said to be clean and not in the store"),
        (replace(THERE, derived=frozenset({"picture/1"})), "said to be drawn and not in the store"),
        (replace(THERE, rows={"arrival-1": (1, 1)}), "said to be indexed and not in the index"),
        (
            replace(THERE, rows=UNDRAWN),
            "said to have a picture and without one in the index",
        ),
    ],
)
def test_a_witness_that_misses_something_is_heard(there: Surfaces, what: str) -> None:
    assert list(found(*WAY, there=there).lost) == [what]


@pytest.mark.parametrize(
    ("there", "what"),
    [
        (replace(THERE, rows={**THERE.rows, "arrival-2": (2, 2)}), "twice in the index"),
        (replace(THERE, clean=THERE.clean | {"clean/3"}), "in the clean store without a fact"),
        (replace(THERE, derived=THERE.derived | {"picture/3"}), "in the picture store without a fact"),
        (replace(THERE, steps=1), "steps twice in the journey"),
        (replace(THERE, counted=3), "not counted once by the tracker"),
    ],
)
def test_a_witness_that_has_something_twice_is_heard(there: Surfaces, what: str) -> None:
    assert list(found(*WAY, there=there).doubled) == [what]


def test_a_second_id_for_one_input_is_a_double() -> None:
    second = record(INDEXED, 2, name="another")
    assert found(*WAY, second).doubled == {f"with two ids in {INDEXED}": ("arrival-2",)}


def test_a_second_arrival_of_the_same_object_is_a_double() -> None:
    assert "with two arrivals" in found(*WAY, record(RECEIVED, 3, key="raw/2")).doubled


def test_two_ends_are_a_double() -> None:
    assert "with two ends" in found(*WAY, record(REJECTED, 2, reason="pixel-length")).doubled


def letter(number: int) -> Record:
    inner = base64.b64encode(json.dumps({"arrival": f"arrival-{number}"}).encode()).decode()
    value = json.dumps({"reason": "unexpected", "record_value": inner}).encode()
    return Record("clean.dead-letter", 0, 0, b"key", value, (("ce_id", b"letter"),))


@pytest.mark.parametrize("end", [letter(2), record(REJECTED, 2), record("identified.instance.quarantined", 2)])
def test_a_sound_instance_with_another_end_is_astray_and_a_poisoned_one_is_not(end: Record) -> None:
    there = replace(THERE, counted=1, derived=frozenset({"picture/1"}))
    told = [*way(1), *way(2)[:3], end]
    assert found(*told, there=there).astray
    assert not found(*told, there=there).lost
    assert not found(*told, there=there, sent={**SENT, "raw/2": replace(SOUND, poison=True)})


def test_a_sound_instance_without_a_picture_is_astray() -> None:
    told = [*way(1), *way(2)[:4], record(THUMBNAILED, 2, reason="decoder-died")]
    there = replace(THERE, derived=frozenset({"picture/1"}), rows=UNDRAWN)
    assert list(found(*told, there=there).astray) == ["sound and without a picture"]
    assert not found(*told, there=there).lost


def test_what_is_known_is_not_told_again() -> None:
    before = found(*way(1), *way(2)[:4])
    after = found(*way(1)[:4], *way(2)[:4])
    assert not before.beyond(before)
    assert after.beyond(before).lost["announced and without an end"] == ("raw/1",)
