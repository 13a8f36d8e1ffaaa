"""The DICOM edge with a real peer: pynetdicom as the sender."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from pydicom.uid import UID
from pynetdicom import AE, build_role
from pynetdicom.dimse_primitives import C_STORE

from services.receiver import edge as edges
from services.receiver.accounts import Account
from services.receiver.crew.desk import Desk
from services.receiver.crew.listening import Listening
from services.receiver.edge import Edge
from services.receiver.handler import Answer, Arriving
from services.receiver.intake import Intake
from services.receiver.upper import negotiation
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared import telemetry
from shared.dicom import part10
from shared.dicom.statuses import OUT_OF_RESOURCES, SUCCESS
from shared.metrics.registry import counter
from shared.outcome import Reason
from shared.sites import Site, Sites
from tests.support.dicom import Rejections
from tests.support.upper import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    C_FIND_RQ,
    COMMAND,
    LAST,
    NO_DATA_SET,
    STORE_CONTEXT,
    Talk,
    data,
    order,
    pdv,
    request,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
ECHO = "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
JPEG_LS = "1.2.840.10008.1.2.4.80"
SITES = Sites(
    sites=(
        Site(
            code="site-a",
            project="demo",
            calling_ae_titles=frozenset({"A1"}),
            called_ae_titles=frozenset({"ISOCENTRE"}),
            bulk_called_ae_titles=frozenset({"BULK"}),
        ),
    )
)

Receive = Callable[[Arriving, telemetry.Span], Answer]


class Bench:
    def __init__(self, folder: Path, reserve: int = 0) -> None:
        self.contents: list[bytes] = []
        self.arrived: list[Arriving] = []
        self.answer: Receive = lambda arriving, span: Answer(SUCCESS)
        self.accounts: list[Account] = []
        landing = partial(Landing, Spool(folder, Disk(folder, reserve)), 2**20, Budget(2**22))
        self.desk = Desk(2)
        visits = Visits("association", self.accounts.append)
        self.edge = Edge(lambda: SITES, Intake(self._receive), self.desk, visits, landing)
        self._listening = Listening("127.0.0.1", 0, self.edge.take)
        self.port = self._listening.port

    def close(self, seconds: float) -> None:
        self.edge.visits.draining = True
        self._listening.close()
        self.edge.visits.drain(seconds)

    def _receive(self, arriving: Arriving, span: telemetry.Span) -> Answer:
        self.arrived.append(arriving)
        content = arriving.landed.content
        self.contents.append(bytes(content))
        return self.answer(arriving, span)

    def associate(self, calling: str = "A1", called: str = "ISOCENTRE", classes: tuple[str, ...] = (CT, ECHO)):  # type: ignore[no-untyped-def]
        entity = AE(calling)
        for sop_class in classes:
            entity.add_requested_context(sop_class, EXPLICIT)
        self.rejections = Rejections()
        return entity.associate("127.0.0.1", self.port, ae_title=called, evt_handlers=self.rejections.handlers)

    def store(self, data_set: bytes, called: str = "ISOCENTRE") -> int:
        association = self.associate(called=called)
        request = C_STORE()
        request.MessageID = 1
        request.AffectedSOPClassUID = UID(CT)
        request.AffectedSOPInstanceUID = UID("1.2.3")
        request.Priority = 2
        request.DataSet = BytesIO(data_set)
        context = association.accepted_contexts[0].context_id
        # As pynetdicom's own senders do: else its reactor takes the answer away from us.
        association._reactor_checkpoint.clear()
        while not association._is_paused:
            time.sleep(0.001)
        association.dimse.send_msg(request, context)
        _, response = association.dimse.get_msg(block=True)
        association._reactor_checkpoint.set()
        association.release()
        return int(response.Status)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close(1.0)


def test_answers_an_echo(bench: Bench) -> None:
    association = bench.associate()
    assert association.send_c_echo().Status == SUCCESS
    association.release()


@pytest.mark.parametrize(
    "data_set", [b"\x08\x00\x05\x00CS\x00\x00", b"no data set at all", bytes(300_001), bytes(5_000_001)]
)
def test_hands_on_the_data_set_byte_for_byte(bench: Bench, data_set: bytes) -> None:
    assert bench.store(data_set) == SUCCESS
    (arriving,) = bench.arrived
    assert bench.contents == [part10.front(EXPLICIT, CT, "1.2.3") + data_set]
    assert arriving.landed.digest == part10.digest(data_set, EXPLICIT)
    assert (arriving.site.code, arriving.sop_class_uid, arriving.sop_instance_uid) == ("site-a", CT, "1.2.3")
    assert arriving.transfer_syntax_uid == EXPLICIT


@pytest.mark.parametrize(("called", "lane"), [("ISOCENTRE", "live"), ("BULK", "bulk")])
def test_the_called_title_chooses_the_lane(bench: Bench, called: str, lane: str) -> None:
    assert bench.store(b"any", called) == SUCCESS
    assert [arriving.lane for arriving in bench.arrived] == [lane]


def test_passes_the_answer_on(bench: Bench) -> None:
    bench.answer = lambda arriving, span: Answer(OUT_OF_RESOURCES)
    assert bench.store(b"any") == OUT_OF_RESOURCES


def test_a_bug_is_never_a_success(bench: Bench) -> None:
    def broken(arriving: Arriving, span: telemetry.Span) -> Answer:
        raise KeyError

    bench.answer = broken
    assert bench.store(b"any") == OUT_OF_RESOURCES
    bench.answer = lambda arriving, span: Answer(SUCCESS)
    assert bench.store(b"any") == SUCCESS


def test_what_finds_no_room_on_the_disk_stays_with_the_sender_and_is_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, reserve=2**62)
    told = counter("isocentre_receive_instances_total").labels("site-a", "A700", "no-space")
    before = told._value.get()
    assert bench.store(bytes(5_000_001)) == OUT_OF_RESOURCES
    assert told._value.get() == before + 1
    assert bench.store(bytes(1000)) == SUCCESS, "what stays in memory needs none"
    bench.close(1.0)
    assert [dict(account.refused) for account in bench.accounts] == [{"A700 no-space": 1}, {}]


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        (order(data_set=NO_DATA_SET), "C000", "no-data-set"),
        (order(sop_class="1.2.840.10008.5.1.4.1.1.4", data_set=NO_DATA_SET), "0122", "class-mismatch"),
        (order(C_FIND_RQ, data_set=NO_DATA_SET), "0211", "unrecognised-operation"),
    ],
)
def test_what_is_refused_at_a_glance_is_counted(bench: Bench, said: bytes, status: str, reason: str) -> None:
    told = counter("isocentre_receive_instances_total").labels("site-a", status, reason)
    before = told._value.get()
    (one,) = talks(bench, 1, "A1")
    one.hear()
    one.say(data(pdv(STORE_CONTEXT, COMMAND | LAST, said)))
    assert one.status() == int(status, 16)
    one.release()
    one.wire.close()
    told_until(lambda: len(bench.accounts) == 1)
    assert (bench.arrived, told._value.get()) == ([], before + 1)
    assert [dict(account.refused) for account in bench.accounts] == [{f"{status} {reason}": 1}]


def test_who_only_connects_does_not_keep_others_out(bench: Bench) -> None:
    """The oldest of an address go when too many wait there."""
    idle = [socket.create_connection(("127.0.0.1", bench.port), timeout=10) for _ in range(70)]
    assert [one.recv(1) for one in idle[:6]] == [b""] * 6
    association = bench.associate()
    assert association.send_c_echo().Status == SUCCESS
    association.release()
    for one in idle:
        one.close()


@pytest.mark.parametrize(("calling", "called", "diagnostic"), [("WHO", "ISOCENTRE", 3), ("A1", "WHERE", 7)])
def test_refuses_whom_it_does_not_know(bench: Bench, calling: str, called: str, diagnostic: int) -> None:
    before = counter("isocentre_receive_associations_total").labels("unknown", "unknown-ae-title")._value.get()
    assert not bench.associate(calling, called).is_established
    assert bench.rejections.code == (1, 1, diagnostic)
    after = counter("isocentre_receive_associations_total").labels("unknown", "unknown-ae-title")._value.get()
    assert after > before


def talks(bench: Bench, count: int, calling: str) -> Iterator[Talk]:
    """So many that have asked for an association, one after the other, and have been answered."""
    for _ in range(count):
        one = Talk(socket.create_connection(("127.0.0.1", bench.port), timeout=10))
        one.say(request(calling=calling))
        yield one


def test_who_is_rejected_and_does_not_close_does_not_pile_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges, "PARTING", 600.0)
    rejected = []
    for one in talks(bench, 70, "WHO"):
        assert one.hear()[0] == ASSOCIATE_RJ
        rejected.append(one)
    assert [one.wire.recv(1) for one in rejected[:6]] == [b""] * 6
    for one in rejected:
        one.wire.close()


def test_who_is_released_and_does_not_close_has_no_place_and_does_not_pile_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edges, "PARTING", 600.0)
    released = []
    for one in talks(bench, 70, "A1"):
        assert one.hear()[0] == ASSOCIATE_AC
        one.release()
        released.append(one)
        told_until(lambda: len(bench.accounts) == len(released))
        assert (bench.edge.visits.accounts(), bench.desk.counts()) == ([], {})
    assert [one.wire.recv(1) for one in released[:6]] == [b""] * 6
    for one in released:
        one.wire.close()
    told_until(lambda: not bench.edge.visits._present)
    assert len(bench.accounts) == 70, "each ends once"


def test_who_cannot_be_let_in_after_all_leaves_his_place(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise KeyError

    monkeypatch.setattr(telemetry, "start", broken)
    assert bench.associate().is_aborted
    told_until(lambda: not bench.desk.counts())


def test_refuses_more_associations_than_it_may_hold(bench: Bench) -> None:
    held = [bench.associate() for _ in range(2)]
    assert not bench.associate().is_established
    assert bench.rejections.code == (2, 3, 2)
    for association in held:
        association.release()


@pytest.mark.parametrize("order", [(EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT), (JPEG_LS, IMPLICIT, EXPLICIT)])
def test_takes_the_transfer_syntax_that_the_sender_prefers(bench: Bench, order: tuple[str, ...]) -> None:
    entity = AE("A1")
    entity.add_requested_context(CT, list(order))
    association = entity.associate("127.0.0.1", bench.port, ae_title="ISOCENTRE")
    assert [context.transfer_syntax for context in association.accepted_contexts] == [[order[0]]]
    association.release()


def test_who_asks_to_be_the_provider_alone_is_answered(bench: Bench) -> None:
    entity = AE("A1")
    entity.add_requested_context(CT, EXPLICIT)
    role = build_role(CT, scp_role=True)
    association = entity.associate("127.0.0.1", bench.port, ae_title="ISOCENTRE", ext_neg=[role])
    assert association.is_established
    association.release()


def test_who_cannot_be_answered_is_told_and_counts_as_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise KeyError

    accepted = counter("isocentre_receive_associations_total").labels("site-a", "accepted")
    before = accepted._value.get()
    monkeypatch.setattr(negotiation, "accept", broken)
    assert bench.associate().is_aborted
    assert (accepted._value.get(), bench.accounts) == (before, [])


def test_a_class_that_is_no_storage_is_refused_at_its_context(bench: Bench) -> None:
    association = bench.associate(classes=(ECHO, "1.2.840.10008.5.1.4.1.2.2.1"))
    assert [context.abstract_syntax for context in association.accepted_contexts] == [ECHO]
    association.release()


def test_drains_by_closing_the_door_and_waiting_for_who_is_inside(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    inside = bench.associate()
    drained = threading.Thread(target=bench.close, args=(5.0,))
    drained.start()
    while not bench.edge.visits.draining:
        time.sleep(0.01)
    assert not bench.associate().is_established
    assert inside.send_c_echo().Status == SUCCESS
    inside.release()
    drained.join(4.0)
    assert not drained.is_alive()


def test_every_association_leaves_an_account(bench: Bench) -> None:
    bench.answer = lambda arriving, span: Answer(SUCCESS, None if len(bench.arrived) == 1 else Reason.ALREADY_DONE)
    for data_set in (b"one", b"one", b"two"):
        if data_set == b"two":
            bench.answer = lambda arriving, span: Answer(OUT_OF_RESOURCES, Reason.STORE_AWAY)
        bench.store(data_set)
    told_until(lambda: len(bench.accounts) == 3)
    told = [
        (account.received, account.stored, account.repeated, account.bytes, dict(account.refused))
        for account in bench.accounts
    ]
    assert told == [(1, 1, 0, 3, {}), (1, 0, 1, 3, {}), (1, 0, 0, 0, {"A700 store-away": 1})]
    assert {(account.site, account.way, account.end) for account in bench.accounts} == {("site-a", "dicom", "released")}


def test_who_is_inside_can_be_asked_for(bench: Bench) -> None:
    association = bench.associate()
    (account,) = bench.edge.visits.accounts()
    assert (account.site, account.ended) == ("site-a", None)
    association.release()
    told_until(lambda: not bench.edge.visits.accounts())


def test_whom_no_thread_serves_leaves_nothing_behind(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError

    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
    left: list[int] = []
    monkeypatch.setattr(bench.edge.visits, "_left", lambda: left.append(1))
    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            bench.edge.take(ours)
    assert (bench.edge.visits._present, bench.edge.visits._porch._callers, left) == (set(), {}, [1])
    ours.close()


def told_until(true: Callable[[], bool]) -> None:
    latest = time.monotonic() + 10
    while not true():
        assert time.monotonic() < latest
        time.sleep(0.01)
