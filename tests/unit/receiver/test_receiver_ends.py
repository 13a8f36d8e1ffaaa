"""What counts as the end of an arrival, from whatever topic it is told."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.receiver.ends import Ends
from shared.events import registry
from shared.kafka import Record

EXAMPLES = Path("schemas/examples")
ARRIVAL = "3f9a1c5e7d2b4860a1c3e5f7092b4d6f"


def record(topic: str, **changes: Any) -> Record:
    """An example of that topic's event, about ARRIVAL unless changed."""
    example = json.loads(next((EXAMPLES / topic / "v1").glob("*.json")).read_text())
    own = {"arrival": ARRIVAL} if "arrival" in example else {}
    model = next(event for event in registry.models() if event.topic == topic)
    value = json.dumps(example | own | changes).encode()
    headers = (("ce_type", model.type_name().encode()),)
    return Record(topic, 0, 0, datetime.now(UTC), "key", value, headers)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    with Ends(tmp_path / "ends.sqlite") as made:
        yield made
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "topic", ["identified.instance.quarantined", "identified.instance.rejected", "clean.instance.rejected"]
)
def test_who_is_not_let_through_has_come_to_an_end(ends: Ends, topic: str) -> None:
    assert not ends.has(ARRIVAL)
    ends.take([record(topic)])
    assert ends.has(ARRIVAL)


@pytest.mark.parametrize("order", [("indexed", "thumbnailed"), ("thumbnailed", "indexed")])
def test_who_is_let_in_has_to_be_in_the_index_and_drawn(ends: Ends, order: tuple[str, str]) -> None:
    first, second = (record(f"clean.instance.{step}") for step in order)
    ends.take([first, first])
    assert not ends.has(ARRIVAL)
    ends.take([second])
    assert ends.has(ARRIVAL)


@pytest.mark.parametrize("topic", ["identified.dead-letter", "clean.dead-letter"])
def test_a_dead_letter_is_the_end_of_what_it_is_about(ends: Ends, topic: str) -> None:
    about = base64.b64encode(json.dumps({"arrival": ARRIVAL}).encode()).decode()
    ends.take([record(topic, record_value=about)])
    assert ends.has(ARRIVAL)


@pytest.mark.parametrize("told", [None, "", "e30=", "bnVsbA==", "!", base64.b64encode(b'{"arrival":"x"}').decode()])
def test_a_dead_letter_about_nothing_that_we_know_ends_nothing(ends: Ends, told: str | None) -> None:
    ends.take([record("identified.dead-letter", record_value=told)])
    assert not ends.has(ARRIVAL)


def test_what_is_no_event_ends_nothing(ends: Ends) -> None:
    broken = record("clean.instance.indexed")
    ends.take(
        [
            Record(broken.topic, 0, 0, broken.timestamp, None, None),
            Record(broken.topic, 0, 1, broken.timestamp, None, b"{"),
        ]
    )
    assert not ends.has(ARRIVAL)
