"""What is read back, judged and protected before a site is told that it may delete."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.receiver.commitment.asking import Asked, Reference
from services.receiver.commitment.deciding import Copy, FailureReason, State, verdict
from services.receiver.commitment.docket import Open
from services.receiver.commitment.report import Result
from shared import telemetry
from shared.dicom.raw_object import key_of
from shared.metrics.registry import counter
from shared.outcome import Transient
from shared.storage.read_back import HEAD, PIECE
from tests.support.commitment import CT, MR, Node, an_instance

WHOLE, DAMAGED, MISSING = Copy(State.WHOLE, CT), Copy(State.DAMAGED), Copy(State.MISSING)


@pytest.mark.parametrize(
    ("copies", "failure"),
    [
        ([], FailureReason.NO_SUCH_INSTANCE),
        ([WHOLE], None),
        ([WHOLE, WHOLE], None),
        ([MISSING], FailureReason.NO_SUCH_INSTANCE),
        ([WHOLE, MISSING], FailureReason.NO_SUCH_INSTANCE),
        ([WHOLE, DAMAGED], FailureReason.PROCESSING),
        ([MISSING, DAMAGED], FailureReason.PROCESSING),
        ([Copy(State.WHOLE, MR)], FailureReason.CLASS_CONFLICT),
        ([WHOLE, Copy(State.WHOLE, MR)], FailureReason.CLASS_CONFLICT),
        ([Copy(State.WHOLE, MR), MISSING], FailureReason.NO_SUCH_INSTANCE),
    ],
)
def test_all_that_came_under_a_uid_has_to_be_safe(copies: list[Copy], failure: FailureReason | None) -> None:
    assert verdict(CT, copies) is failure


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path, reports_to=1)
    yield made
    made.close()


def judged(node: Node, *references: tuple[str, str], number: str = "0011") -> Result:
    asked = Asked("1.9", tuple(Reference(*pair) for pair in references))
    with telemetry.span("commitment") as span:
        return node.judging(Open(number, "site-a", "ISOCENTRE", asked, node.clock(), "", None, 0), 10, span)


def damage(node: Node, at: int) -> None:
    (key,) = node.store.keys()
    data = bytearray(node.store.get(key))
    data[at] ^= 1
    node.store.put(key, bytes(data))


@pytest.mark.parametrize("size", [64, HEAD + 10, HEAD + PIECE + 10])
def test_the_last_byte_counts_whatever_the_size(node: Node, size: int) -> None:
    node.send(an_instance("1.2.1", size=size))
    assert judged(node, (CT, "1.2.1")) == [None]
    before = counter("isocentre_commitment_damaged_total").labels("site-a")._value.get()
    damage(node, -1)
    assert judged(node, (CT, "1.2.1")) == [FailureReason.PROCESSING]
    assert counter("isocentre_commitment_damaged_total").labels("site-a")._value.get() == before + 1


def test_what_was_found_damaged_is_mended_by_sending_it_again(node: Node) -> None:
    instance = an_instance("1.2.1")
    node.send(instance)
    damage(node, -1)
    assert judged(node, (CT, "1.2.1")) == [FailureReason.PROCESSING]
    node.send(instance)
    assert judged(node, (CT, "1.2.1")) == [None]


def test_what_is_no_file_any_more_is_damaged(node: Node) -> None:
    node.send(an_instance("1.2.1"))
    damage(node, 128)
    assert judged(node, (CT, "1.2.1")) == [FailureReason.PROCESSING]
    assert node.broker.promised == []


def test_every_content_under_a_uid_is_protected_until_the_same_day(node: Node) -> None:
    node.send(an_instance("1.2.1", size=64))
    node.send(an_instance("1.2.1", size=66))
    assert judged(node, (CT, "1.2.1")) == [None]
    assert {event.key for event in node.broker.promised} == set(node.store.keys())
    assert {event.until for event in node.broker.promised} == {node.clock() + timedelta(days=10)}


def test_one_of_two_contents_is_gone_and_nothing_is_promised(node: Node) -> None:
    node.send(an_instance("1.2.1", size=64))
    node.send(an_instance("1.2.1", size=66))
    node.store.delete(next(iter(node.store.keys())))
    assert judged(node, (CT, "1.2.1")) == [FailureReason.NO_SUCH_INSTANCE]
    assert node.broker.promised == []


def test_a_content_that_is_announced_once_more_still_has_to_be_safe(node: Node) -> None:
    for size in (64, 66):
        node.send(an_instance("1.2.1", size=size))
    first, *_ = node.arrivals.of_instance("site-a", "1.2.1")
    node.arrivals.doubt("site-a", first, "1.2.1")
    assert judged(node, (CT, "1.2.1")) == [None]
    assert {event.key for event in node.broker.promised} == set(node.store.keys())
    node.store.delete(key_of("site-a", first))
    assert judged(node, (CT, "1.2.1")) == [FailureReason.NO_SUCH_INSTANCE]


def test_what_is_deleted_while_it_is_promised_is_not_committed(node: Node) -> None:
    node.send(an_instance("1.2.1"))
    (key,) = node.store.keys()
    publish = node.broker.publish
    node.broker.publish = lambda output: (node.store.delete(key), publish(output))[1]  # type: ignore[method-assign]
    assert judged(node, (CT, "1.2.1")) == [FailureReason.NO_SUCH_INSTANCE]


def test_the_same_promise_is_the_same_event(node: Node) -> None:
    node.send(an_instance("1.2.1"))
    for request in ("0011", "0011", "0022"):
        judged(node, (CT, "1.2.1"), number=request)
    records = node.broker.topics["identified.instance.committed"]
    ids = [dict(record.headers)["ce_id"] for record in records]
    assert len(ids) == 3
    assert len(set(ids)) == 2


def test_a_store_that_is_away_judges_nobody(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.send(an_instance("1.2.1"))

    def away(*_: object) -> bytes:
        raise Transient("away")

    monkeypatch.setattr(node.store, "part", away)
    with pytest.raises(Transient):
        judged(node, (CT, "1.2.1"))


def test_an_end_comes_between_two_instances(node: Node) -> None:
    node.stop.set()
    with pytest.raises(Transient):
        judged(node, (CT, "1.2.1"))
    node.stop = threading.Event()


def test_an_end_comes_between_two_pieces_of_an_object(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.send(an_instance("1.2.1", size=HEAD + PIECE))
    part = node.store.part

    def told_to_stop(key: str, start: int, count: int) -> bytes:
        node.stop.set()
        return part(key, start, count)

    monkeypatch.setattr(node.store, "part", told_to_stop)
    with pytest.raises(Transient):
        judged(node, (CT, "1.2.1"))
