"""The handler: reads the clean object, puts the picture, says where."""

from datetime import UTC, datetime

import pytest

from services.thumbnailer.handler import Thumbnail, weight
from services.thumbnailer.picture import NoPicture, Picture
from shared.events import InstanceThumbnailed, InstanceValidated
from shared.outcome import Done, Reason, Skip, Transient
from shared.runner import Incoming
from shared.storage import ObjectNotFound
from tests.support.events import DIGEST, anonymised
from tests.support.memory_store import MemoryStore

EVENT = InstanceValidated.model_validate(anonymised().model_dump())
KEY = f"r1/2.25.1/2.25.2/2.25.3/{DIGEST[:12]}-256.jpg"
RECORD = Incoming(EVENT, EVENT.topic, 0, 0, datetime(2026, 1, 1, tzinfo=UTC))


class Stores:
    def __init__(self) -> None:
        self.clean = MemoryStore("clean")
        self.clean.put(EVENT.key, b"the object")
        self.derived = MemoryStore("derived")

    def handled(self, result: Picture | NoPicture) -> InstanceThumbnailed:
        seen: list[bytes] = []

        def render(data: bytes) -> Picture | NoPicture:
            seen.append(data)
            return result

        outcome = Thumbnail(clean=self.clean, derived=self.derived, render=render, erased=lambda arrival: False)(RECORD)
        assert seen == [b"the object"]
        assert isinstance(outcome, Done)
        (out,) = outcome.events
        assert isinstance(out.event, InstanceThumbnailed)
        assert out.key == EVENT.study_instance_uid
        return out.event


def test_the_picture_lies_where_the_event_says() -> None:
    stores = Stores()
    event = stores.handled(Picture(b"jpeg", 256, 200))
    assert event.reference() == EVENT.reference()
    assert (event.picture, event.width, event.height, event.renderer, event.reason) == (KEY, 256, 200, "r1", None)
    assert stores.derived.objects == {KEY: b"jpeg"}


def test_no_picture_is_an_answer_with_a_reason() -> None:
    stores = Stores()
    event = stores.handled(NoPicture(Reason.DECODER_DIED))
    assert (event.picture, event.width, event.height, event.reason) == (None, None, None, "decoder-died")
    assert stores.derived.objects == {}


def test_a_repeat_is_the_same_fact() -> None:
    stores = Stores()
    assert stores.handled(Picture(b"jpeg", 256, 200)) == stores.handled(Picture(b"jpeg", 256, 200))
    assert list(stores.derived.objects) == [KEY]


@pytest.mark.parametrize("which", ["clean", "derived"])
def test_a_store_that_is_away_is_transient(which: str) -> None:
    stores = Stores()
    getattr(stores, which).away = True
    handle = Thumbnail(
        clean=stores.clean,
        derived=stores.derived,
        render=lambda data: Picture(b"jpeg", 1, 1),
        erased=lambda arrival: False,
    )
    with pytest.raises(Transient):
        handle(RECORD)


def test_an_instance_weighs_what_its_object_takes() -> None:
    assert weight(EVENT) == 2 * EVENT.size


def test_what_is_missing_because_it_was_erased_is_passed_over_and_no_loss() -> None:
    stores = Stores()
    stores.clean.delete(EVENT.key)
    for erased in (True, False):
        handle = Thumbnail(
            clean=stores.clean,
            derived=stores.derived,
            render=lambda data: Picture(b"jpeg", 1, 1),
            erased=lambda arrival, said=erased: said and arrival == EVENT.arrival,  # type: ignore[misc]
        )
        if erased:
            assert handle(RECORD) == Skip(Reason.ERASED)
        else:
            with pytest.raises(ObjectNotFound):
                handle(RECORD)
