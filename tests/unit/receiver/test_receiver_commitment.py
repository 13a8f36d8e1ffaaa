"""Storage commitment with a real peer: pynetdicom asks, and is told."""

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.receiver import tls
from services.receiver.commitment.carrying import GIVEN_UP, LATEST, SOONEST
from services.receiver.commitment.docket import Docket
from services.receiver.tls import Files
from shared.metrics.registry import counter
from shared.misconfigured import Misconfigured
from tests.support.authority import Authority
from tests.support.commitment import CT, DAYS, MR, Node, an_instance
from tests.support.committing_peer import INSTANCE, PUSH_MODEL, Peer, outcome, request
from tests.support.waiting import until

PROCESSING, NO_SUCH_INSTANCE, CLASS_CONFLICT = 0x0110, 0x0112, 0x0119


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def node(tmp_path: Path, peer: Peer) -> Iterator[Node]:
    made = Node(tmp_path, peer.port)
    yield made
    made.close()


def test_what_is_kept_is_committed_and_protected(node: Node, peer: Peer) -> None:
    assert node.send(an_instance("1.2.1")) == node.send(an_instance("1.2.2", MR)) == 0
    assert node.ask(request((CT, "1.2.1"), (MR, "1.2.2"), uid="1.9.1")) == 0
    node.carry_out()
    event_type, told = peer.told()
    assert (event_type, told.TransactionUID) == (1, "1.9.1")
    assert outcome(told) == {"1.2.1": 0, "1.2.2": 0}
    assert "FailedSOPSequence" not in told
    assert [event.key for event in node.broker.promised] == sorted(node.store.keys()) or len(node.broker.promised) == 2
    assert {event.until for event in node.broker.promised} == {node.clock() + timedelta(days=DAYS)}
    assert {event.key for event in node.broker.promised} == set(node.store.keys())
    assert node.docket.counts() == {}


def test_we_report_as_the_provider_under_the_title_that_was_called(node: Node, peer: Peer) -> None:
    node.ask(request((CT, "1.2.1")))
    node.carry_out()
    peer.told()
    # From the peer's side: on that association it is the user, not the provider.
    assert peer.called == ["ISOCENTRE"]
    assert peer.roles == [(True, False)]


def test_nothing_is_committed_that_is_not_here(node: Node, peer: Peer) -> None:
    node.send(an_instance("1.2.1"))
    node.ask(request((CT, "1.2.1"), (CT, "1.2.2"), (MR, "1.2.1")))
    node.carry_out()
    event_type, told = peer.told()
    assert event_type == 2
    failed = [(item.ReferencedSOPClassUID, item.FailureReason) for item in told.FailedSOPSequence]
    assert failed == [(CT, NO_SUCH_INSTANCE), (MR, CLASS_CONFLICT)]
    assert [item.ReferencedSOPClassUID for item in told.ReferencedSOPSequence] == [CT]


def test_a_store_that_may_forget_commits_nothing(tmp_path: Path, peer: Peer) -> None:
    node = Node(tmp_path, peer.port, durable=False)
    node.send(an_instance("1.2.1"))
    node.ask(request((CT, "1.2.1")))
    node.carry_out()
    assert outcome(peer.told()[1]) == {"1.2.1": PROCESSING}
    assert node.broker.promised == []
    node.close()


def test_another_site_s_instance_is_none_of_this_one(node: Node, peer: Peer) -> None:
    node.arrivals.add("site-b", "a" * 64, "1.2.1")
    node.ask(request((CT, "1.2.1")))
    node.carry_out()
    assert outcome(peer.told()[1]) == {"1.2.1": NO_SUCH_INSTANCE}


def test_a_site_without_it_is_refused_at_its_presentation_context(node: Node) -> None:
    with node.association("OTHER") as association:
        assert {context.abstract_syntax: context.result for context in association.rejected_contexts} == {PUSH_MODEL: 3}
        assert {str(context.abstract_syntax) for context in association.accepted_contexts} == {CT, MR}


def test_a_peer_that_asks_for_roles_is_the_user_only(node: Node) -> None:
    with node.association(role=True) as association:
        (context,) = (one for one in association.accepted_contexts if one.abstract_syntax == PUSH_MODEL)
        assert (context.as_scu, context.as_scp) == (True, False)


@pytest.mark.parametrize(
    ("action", "instance", "references", "status"),
    [
        (2, INSTANCE, [(CT, "1.2.1")], 0x0123),
        (1, "1.2.3", [(CT, "1.2.1")], 0x0112),
        (1, INSTANCE, [], 0x0115),
    ],
)
def test_what_makes_no_sense_is_refused(
    node: Node, action: int, instance: str, references: list[tuple[str, str]], status: int
) -> None:
    assert node.ask(request(*references), action, instance) == status
    assert node.docket.counts() == {}


def test_each_context_has_its_own_operation(node: Node) -> None:
    with node.association() as association:
        assert association.send_c_store(an_instance("1.2.1", PUSH_MODEL)).Status == 0x0211
        assert association.send_n_action(request((CT, "1.2.1")), 1, CT, INSTANCE)[0].Status == 0x0211
        assert association.send_n_get([], PUSH_MODEL, INSTANCE)[0].Status == 0x0211
        assert association.send_n_action(request((CT, "1.2.1")), 1, PUSH_MODEL, INSTANCE)[0].Status == 0
    assert list(node.store.keys()) == []


def test_a_request_of_several_mib_is_refused_and_the_association_goes_on(node: Node) -> None:
    large = request((CT, "1.2.1"))
    large.add_new(0x00091010, "OB", bytes(5_000_000))
    with node.association() as association:
        assert association.send_n_action(large, 1, PUSH_MODEL, INSTANCE)[0].Status == 0x0213
        assert association.send_c_store(an_instance("1.2.1")).Status == 0


def test_a_peer_that_was_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    node = Node(tmp_path, port)
    node.ask(request((CT, "1.2.1")))
    node.carry_out()
    assert node.docket.counts() == {"site-a": 1}
    assert node.docket.due(node.clock()) == []
    peer = Peer(port)
    node.clock.goes(timedelta(seconds=6))
    node.carry_out()
    assert outcome(peer.told()[1]) == {"1.2.1": NO_SUCH_INSTANCE}
    assert node.docket.counts() == {}
    node.close()
    peer.close()


def test_a_peer_that_says_no_is_told_again(node: Node, peer: Peer) -> None:
    peer.status = 0x0110
    node.ask(request((CT, "1.2.1")))
    node.carry_out()
    peer.told()
    peer.status = 0
    node.clock.goes(LATEST)
    node.carry_out()
    peer.told()
    assert node.docket.counts() == {}


def test_nobody_is_told_for_ever(node: Node, peer: Peer) -> None:
    peer.status = 0x0110
    node.ask(request((CT, "1.2.1")))
    node.clock.goes(GIVEN_UP + timedelta(seconds=1))
    node.carry_out()
    assert node.docket.counts() == {}
    assert peer.reports.empty()


def test_a_restart_between_request_and_report_loses_neither(tmp_path: Path, peer: Peer) -> None:
    first = Node(tmp_path, peer.port)
    first.send(an_instance("1.2.1"))
    first.ask(request((CT, "1.2.1"), uid="1.9.1"))
    first.close()
    second = Node(tmp_path, peer.port)
    second.carry_out()
    _, told = peer.told()
    assert told.TransactionUID == "1.9.1"
    assert outcome(told) == {"1.2.1": 0}
    second.close()


def test_a_restart_between_judgement_and_report_judges_no_second_time(tmp_path: Path, peer: Peer) -> None:
    first = Node(tmp_path, peer.port)
    first.send(an_instance("1.2.1"))
    first.ask(request((CT, "1.2.1")))
    peer.status = 0x0110
    first.carry_out()
    peer.told()
    first.close()
    second = Node(tmp_path, peer.port)
    peer.status = 0
    second.clock.goes(LATEST)
    second.carry_out()
    assert outcome(peer.told()[1]) == {"1.2.1": 0}
    assert second.broker.promised == []
    second.close()


def test_while_the_broker_is_away_nobody_is_told_anything(node: Node, peer: Peer) -> None:
    node.send(an_instance("1.2.1"))
    node.ask(request((CT, "1.2.1")))
    node.broker.away = True
    node.carry_out()
    assert peer.reports.empty()
    node.broker.away = False
    node.clock.goes(LATEST)
    node.carry_out()
    assert outcome(peer.told()[1]) == {"1.2.1": 0}


def test_a_report_with_tls_shows_who_we_are_and_looks_at_the_peer(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.issue("receiver")
    for hosts, told in ((["127.0.0.1"], True), (["elsewhere.example"], False)):
        name = hosts[0]
        peer = Peer(secure=_server(authority.issue(name, hosts).files()))
        node = Node(tmp_path / name, peer.port, tls=True, secure=lambda: tls.calling(ours.files()))
        node.ask(request((CT, "1.2.1")))
        node.carry_out()
        assert peer.reports.empty() is not told
        assert node.docket.counts() == ({} if told else {"site-a": 1})
        node.close()
        peer.close()


def _server(files: Files) -> ssl.SSLContext:
    """As a peer that lets nobody in without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(files.certificate, files.key)
    context.load_verify_locations(files.trusted)
    return context


def test_without_a_certificate_of_ours_nobody_is_told_in_the_clear(tmp_path: Path, peer: Peer) -> None:
    node = Node(tmp_path, peer.port, tls=True)
    node.ask(request((CT, "1.2.1")))
    node.carry_out()
    assert peer.called == []
    assert node.docket.counts() == {"site-a": 1}
    node.close()


def test_with_files_that_cannot_be_used_it_is_counted_and_tried_again_soon(tmp_path: Path, peer: Peer) -> None:
    def broken() -> ssl.SSLContext:
        raise Misconfigured("they are being exchanged")

    reports = counter("isocentre_commitment_reports_total").labels("site-a", "no-tls")
    before = reports._value.get()
    node = Node(tmp_path, peer.port, tls=True, secure=broken)
    node.ask(request((CT, "1.2.1")))
    node.carry_out()
    assert reports._value.get() == before + 1
    assert peer.called == []
    assert node.docket.due(node.clock() + SOONEST) != []
    node.close()


def test_switched_off_meanwhile_nobody_is_told(node: Node, peer: Peer) -> None:
    node.ask(request((CT, "1.2.1")))
    sites = node.sites
    off = tuple(site.model_copy(update={"commitment": None}) for site in sites.sites)
    node.sites = sites.model_copy(update={"sites": off})
    node.carry_out()
    assert peer.reports.empty()
    node.sites = sites
    node.clock.goes(LATEST)
    node.carry_out()
    peer.told()


def test_the_thread_carries_out_what_several_ask_for(node: Node, peer: Peer) -> None:
    uids = {f"1.9.{number}" for number in range(5)}
    for uid in uids:
        node.ask(request((CT, "1.2.1"), uid=uid))

    def done() -> bool:
        node.carrying.look()
        return node.docket.counts() == {}

    until(done, "all are told", seconds=60)
    assert {str(peer.told()[1].TransactionUID) for _ in uids} == uids


def test_workers_and_the_first_process_share_one_file(tmp_path: Path, node: Node, peer: Peer) -> None:
    other = Docket(tmp_path / "commitments.sqlite")
    node.ask(request((CT, "1.2.1")))
    assert other.counts() == {"site-a": 1}
    other.close()
