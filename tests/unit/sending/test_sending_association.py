"""The sender with a real peer, byte for byte, and what it makes of every answer."""

from __future__ import annotations

import io
import random
import socket
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

import pytest

from infra.sending.association import Association, Peer, Storing
from infra.sending.delivery import Delivery, Ending, Patience, deliver, prepare
from infra.sending.messages import status_of, store_request
from infra.sending.way import Away, Broken, Instance, NotLetIn, NotTaken
from services.receiver.upper import command
from shared.dicom.pdu import MOST_CONTEXTS
from tests.support.storage_peer import StoragePeer, storage_peer

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
ONE = Instance(CT, "1.2.3", EXPLICIT)


@pytest.fixture
def peer() -> Iterator[StoragePeer]:
    with storage_peer() as made:
        yield made


def to(peer: StoragePeer, **changes: object) -> Peer:
    return Peer(**({"host": "127.0.0.1", "port": peer.port, "called": "BULK", "calling": "US"} | changes))  # type: ignore[arg-type]


def opened(data: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(data)


def hasty(limit: float = 60.0) -> Patience:
    return Patience(limit, pause=lambda _: None)


def test_the_command_is_what_the_receiver_reads() -> None:
    request = command.read(store_request(7, CT, "1.2.33"))
    assert (request.field, request.message_id, request.sop_class_uid) == (command.C_STORE_RQ, 7, CT)
    assert (request.sop_instance_uid, request.data_set) == ("1.2.33", True)
    assert status_of(command.response(request, 0xA700)) == 0xA700


@pytest.mark.parametrize("junk", [b"", b"\0\0", b"\0\0\0\x09\xff\xff\xff\xff", b"\0\0\0\x09\x02\0\0\0"])
def test_an_answer_without_a_status_has_none(junk: bytes) -> None:
    assert status_of(junk) is None


@pytest.mark.parametrize("size", [1, 2, 16_376, 16_377, 131_066, 131_067, 1_000_001])
def test_what_lies_behind_the_offset_arrives_as_it_is(peer: StoragePeer, size: int) -> None:
    content = random.Random(size).randbytes(size)
    way = Storing(to(peer))
    way.prepare([ONE.context])
    instance = Instance(CT, "1.2.3", EXPLICIT, offset=5)
    assert deliver(way, instance, opened(b"front" + content), hasty()) == Delivery(Ending.SENT)
    way.close()
    (got,) = peer.got
    assert got.data_set == content
    assert (got.sop_class_uid, got.sop_instance_uid, got.transfer_syntax_uid) == (CT, "1.2.3", EXPLICIT)
    assert (got.called, got.calling) == ("BULK", "US")


def test_one_association_carries_many(peer: StoragePeer) -> None:
    way = Storing(to(peer))
    way.prepare([(CT, EXPLICIT), (MR, JPEG)])
    for number, context in enumerate([(CT, EXPLICIT), (MR, JPEG)] * 20):
        way.prepare([context])
        assert way.store(Instance(context[0], f"1.2.{number}", context[1]), io.BytesIO(b"any")) == 0
    way.close()
    assert len({got.association for got in peer.got}) == 1
    assert peer.contexts == [2]


def test_more_contexts_than_one_association_has_are_no_hindrance(peer: StoragePeer) -> None:
    contexts = [(CT, f"1.2.3.{number}") for number in range(MOST_CONTEXTS + 5)]
    way = Storing(to(peer))
    way.prepare([*contexts, (CT, EXPLICIT)])
    assert way.store(ONE, io.BytesIO(b"any")) == 0
    way.close()
    assert peer.contexts == [MOST_CONTEXTS, 1]


def test_a_context_that_is_not_taken_costs_only_its_own_instances(peer: StoragePeer) -> None:
    way = Storing(to(peer))
    way.prepare([("1.2.3.4", EXPLICIT), (CT, "1.2.3.4"), ONE.context])
    for instance, code in (
        (Instance("1.2.3.4", "1.2.3", EXPLICIT), "sop-class-not-taken"),
        (Instance(CT, "1.2.3", "1.2.3.4"), "transfer-syntax-not-taken"),
        (Instance("1." * 40 + "1", "1.2.3", EXPLICIT), "malformed-uid"),
        (Instance(CT, "x", EXPLICIT), "malformed-uid"),
    ):
        assert deliver(way, instance, opened(b"any"), hasty()) == Delivery(Ending.REFUSED, code)
    assert deliver(way, ONE, opened(b"any"), hasty()) == Delivery(Ending.SENT)
    way.close()
    assert len(peer.got) == 1


@pytest.mark.parametrize(
    ("status", "delivery"),
    [
        (0x0000, Delivery(Ending.SENT)),
        (0xB000, Delivery(Ending.SENT)),
        (0xA900, Delivery(Ending.REFUSED, "data-set-does-not-match")),
        (0xC000, Delivery(Ending.REFUSED, "cannot-understand")),
        (0x0122, Delivery(Ending.REFUSED, "sop-class-not-supported")),
        (0x0110, Delivery(Ending.REFUSED, "processing-failure")),
    ],
)
def test_an_answer_is_asked_for_once(peer: StoragePeer, status: int, delivery: Delivery) -> None:
    peer.answer = lambda got, before: status
    assert deliver(Storing(to(peer)), ONE, opened(b"any"), hasty()) == delivery
    assert len(peer.got) == 1


def test_who_has_no_room_is_asked_again_until_he_has(peer: StoragePeer) -> None:
    peer.answer = lambda got, before: 0xA700 if before < 3 else 0
    pauses: list[float] = []
    way = Storing(to(peer))
    assert deliver(way, ONE, opened(b"any"), Patience(60, pause=pauses.append)) == Delivery(Ending.SENT)
    assert len(peer.got) == 4
    assert [0.25 <= pauses[0] <= 0.5, 0.5 <= pauses[1] <= 1, 1 <= pauses[2] <= 2] == [True] * 3
    way.close()


def test_and_is_left_in_peace_in_the_end(peer: StoragePeer) -> None:
    peer.answer = lambda got, before: 0xA702
    assert deliver(Storing(to(peer)), ONE, opened(b"any"), hasty()) == Delivery(Ending.FAILED, "out-of-resources")
    assert len(peer.got) == 8
    assert deliver(Storing(to(peer)), ONE, opened(b"any"), hasty(0)).ending is Ending.FAILED
    assert len(peer.got) == 9


def test_an_association_that_breaks_is_opened_again(peer: StoragePeer) -> None:
    peer.answer = lambda got, before: -1 if before == 1 else 0
    way = Storing(to(peer))
    for number in range(3):
        assert deliver(way, Instance(CT, f"1.2.{number}", EXPLICIT), opened(b"any"), hasty()) == Delivery(Ending.SENT)
    way.close()
    assert peer.uids == ["1.2.0", "1.2.1", "1.2.1", "1.2.2"]


def test_an_instance_that_breaks_every_association_does_not_hold_up_the_others(peer: StoragePeer) -> None:
    peer.answer = lambda got, before: -1 if got.sop_instance_uid == "1.2.3" else 0
    way = Storing(to(peer))
    delivery = deliver(way, ONE, opened(b"any"), hasty())
    assert delivery.ending is Ending.FAILED
    assert delivery.reason in ("aborted", "connection-lost")
    assert len(peer.got) == 3
    assert deliver(way, Instance(CT, "1.2.4", EXPLICIT), opened(b"any"), hasty()) == Delivery(Ending.SENT)
    way.close()


def test_a_file_that_cannot_be_read_to_its_end_is_not_half_stored(peer: StoragePeer) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 200_000:
                raise OSError("torn")
            return super().read(size)

    way = Storing(to(peer))
    with pytest.raises(OSError, match="torn"):
        deliver(way, ONE, lambda: Torn(bytes(500_000)), hasty())
    assert deliver(way, Instance(CT, "1.2.4", EXPLICIT), opened(b"any"), hasty()) == Delivery(Ending.SENT)
    way.close()
    assert peer.uids == ["1.2.4"]


def test_who_does_not_know_us_is_not_asked_twice() -> None:
    with storage_peer(callers=("SOMEBODY",)) as peer:
        with pytest.raises(NotLetIn, match="calling AE title"):
            Storing(to(peer)).prepare([ONE.context])
        with pytest.raises(NotLetIn, match="called AE title"):
            Storing(to(peer, called="WHO", calling="SOMEBODY")).prepare([ONE.context])


def test_who_has_no_place_for_one_more_may_have_one_later() -> None:
    with storage_peer(associations=1) as peer:
        first, second = Association(to(peer), [ONE.context]), Storing(to(peer))
        with pytest.raises(Away, match="association-limit"):
            second.prepare([ONE.context])
        first.release()
        assert prepare(second, [ONE.context], hasty()) is None
        second.close()


def test_nobody_there_is_found_out_and_left() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    way = Storing(Peer("127.0.0.1", port, "BULK", "US"))
    ticks = iter(range(100))
    patience = Patience(5, clock=lambda: float(next(ticks)), pause=lambda _: None)
    assert prepare(way, [ONE.context], patience) == "no-connection"
    assert next(ticks) == 6


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Broken),
        (bytes((7, 0, 0, 0, 0, 4, 0, 0, 2, 0)), Away),
        (bytes((2, 0, 0, 0, 0, 4, 0, 0, 2, 0)), Away),
        (b"", Broken),
    ],
)
def test_who_speaks_something_else_is_not_taken_for_a_receiver(said: bytes, failure: type[Exception]) -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = server.accept()
        connection.recv(100_000)
        connection.sendall(said)
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(failure):
        Association(Peer("127.0.0.1", server.getsockname()[1], "BULK", "US"), [ONE.context])
    thread.join()
    server.close()


def test_an_unheard_of_context_is_not_sent_by_mistake(peer: StoragePeer) -> None:
    association = Association(to(peer), [("1.2.3.4", EXPLICIT)])
    with pytest.raises(NotTaken):
        association.store(Instance("1.2.3.4", "1.2.3", EXPLICIT), io.BytesIO(b"any"))
    association.release()
