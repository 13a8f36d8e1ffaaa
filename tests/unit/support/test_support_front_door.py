"""What holds after each trouble of the front door can fail."""

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.chaos import test_front_door
from tests.support import light
from tests.support.books import key_of
from tests.support.door import SITE
from tests.support.stack import Stack

ITEMS = [light.item(str(number), 100) for number in range(3)]
KEYS = [key_of(SITE, item) for item in ITEMS]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_front_door, "SENDERS", 1)
    monkeypatch.setattr(test_front_door, "EACH", len(ITEMS))


def check(
    monkeypatch: pytest.MonkeyPatch, *, stored: list[str] = KEYS, told: list[str] = KEYS, broker_away: int = 0
) -> None:
    """With these keys in the store, and an event for each of those `told`."""
    records = [SimpleNamespace(id=key, event=lambda key=key: {"site": SITE, "key": key}) for key in told]
    monkeypatch.setattr(test_front_door, "Topics", lambda kafka: SimpleNamespace(records=lambda *topics: records))

    def metric(service: str, name: str, **labels: str) -> float:
        return broker_away if labels == {"site": SITE, "reason": "broker-away"} else 0

    stack: Any = SimpleNamespace(kafka="", keys=lambda bucket, prefix: stored, metric=metric)
    sender: Any = SimpleNamespace(acknowledged=ITEMS, answers=Counter({"0000": len(ITEMS), "A700": 5}))
    test_front_door.check(cast(Stack, stack), [sender])


def test_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch)


def test_as_many_events_are_doubled_as_the_broker_may_have_taken_without_telling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check(monkeypatch, told=[*KEYS, KEYS[0], KEYS[0]], broker_away=2)
    with pytest.raises(AssertionError, match="twice"):
        check(monkeypatch, told=[*KEYS, KEYS[0], KEYS[0]], broker_away=1)


def test_no_event_is_doubled_where_only_the_store_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="twice"):
        check(monkeypatch, told=[*KEYS, KEYS[0]])


@pytest.mark.parametrize(
    ("stored", "told"), [(KEYS[1:], KEYS), (KEYS, KEYS[1:]), ([*KEYS, "another"], KEYS), (KEYS, [*KEYS, "another"])]
)
def test_what_is_missing_or_too_much_is_seen(
    monkeypatch: pytest.MonkeyPatch, stored: list[str], told: list[str]
) -> None:
    with pytest.raises(AssertionError):
        check(monkeypatch, stored=stored, told=told, broker_away=9)
