"""The acceptor's states and events (PS3.8 Section 9.2.3), byte by byte over a real connection."""

import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from services.receiver.upper import command
from services.receiver.upper.association import Accepted, End
from shared.dicom import pdu, statuses
from shared.dicom.pdu import Abort, Kind
from tests.support.acceptor import IDLE, PARTING, Peer
from tests.support.upper import CT, ECHO, ECHO_CONTEXT, INSTANCE, bare, data, pdv, request, status_of
from tests.support.upper import order as asked
from tests.support.waiting import until

COMMAND, LAST = pdu.COMMAND, pdu.LAST


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    made = Peer(tmp_path)
    yield made
    made.wire.close()


def aborted(peer: Peer, reason: Abort) -> bool:
    return peer.hear() == (Kind.ABORT, bytes((0, 0, 2, reason)))


OUT_OF_PLACE = [Kind.ASSOCIATE_AC, Kind.ASSOCIATE_RJ, Kind.RELEASE_RP]


# --- Sta2: connected, nothing asked


@pytest.mark.parametrize("kind", [*OUT_OF_PLACE, Kind.DATA_TF, Kind.RELEASE_RQ, 0x00, 0x08, 0x16, 0xFF])
def test_what_comes_before_a_request_ends_it(peer: Peer, kind: int) -> None:
    """AA-1: the service user aborts, and he gives no reason."""
    peer.say(bare(kind))
    assert peer.hear() == (Kind.ABORT, bytes(4))
    assert peer.ends() is End.ABORTED


def test_an_abort_before_the_request_is_not_answered(peer: Peer) -> None:
    peer.say(bare(Kind.ABORT))
    assert peer.is_closed()
    assert peer.ends() is End.ABORTED_BY_PEER


def test_who_says_nothing_is_cut_off(peer: Peer) -> None:
    assert peer.is_closed()
    assert peer.ends() is End.SILENT


def test_who_stops_in_his_request_is_cut_off(peer: Peer) -> None:
    peer.say(request()[:50])
    assert peer.is_closed()
    assert peer.ends() is End.SILENT


def test_who_closes_at_once_has_closed(peer: Peer) -> None:
    assert peer.ends() is End.CLOSED


def test_another_protocol_version_is_rejected(peer: Peer) -> None:
    whole = bytearray(request())
    whole[6:8] = b"\0\2"
    peer.say(bytes(whole))
    assert peer.hear() == (Kind.ASSOCIATE_RJ, bytes((0, 1, 2, 2)))
    assert peer.ends() is End.REJECTED


def test_another_application_context_is_rejected(peer: Peer) -> None:
    peer.say(request().replace(b"1.2.840.10008.3.1.1.1", b"1.2.840.10008.3.1.1.9"))
    assert peer.hear() == (Kind.ASSOCIATE_RJ, bytes((0, 1, 1, 2)))


def test_a_request_of_nonsense_ends_it(peer: Peer) -> None:
    peer.say(bare(Kind.ASSOCIATE_RQ, b"\0\1" + b"nonsense" * 20))
    assert aborted(peer, Abort.INVALID_PARAMETER)


def test_a_request_beyond_all_measure_is_not_read(peer: Peer) -> None:
    peer.say(struct.pack(">BxL", Kind.ASSOCIATE_RQ, 2**31))
    assert aborted(peer, Abort.INVALID_PARAMETER)


@pytest.mark.parametrize("number", [0, 2, 254])
def test_contexts_have_odd_numbers(peer: Peer, number: int) -> None:
    whole = request()
    at = whole.index(b"\x20\x00", 74)  # the first presentation context item
    peer.say(whole[: at + 4] + bytes((number,)) + whole[at + 5 :])
    assert aborted(peer, Abort.INVALID_PARAMETER)


def test_two_contexts_of_one_number_end_it(peer: Peer) -> None:
    peer.say(request(((1, CT), (1, ECHO))))
    assert aborted(peer, Abort.INVALID_PARAMETER)


def test_a_bug_in_the_negotiation_is_told(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(request: bytes) -> Accepted:
        raise KeyError

    monkeypatch.setattr(peer.serving, "requested", broken)
    peer.say(request())
    assert aborted(peer, Abort.NOT_SPECIFIED)
    with pytest.raises(KeyError):
        peer.ends()


# --- Sta6: data transfer


def test_an_echo_is_answered_and_the_release_too(peer: Peer) -> None:
    peer.associate()
    peer.say(data(pdv(ECHO_CONTEXT, COMMAND | LAST, asked(command.C_ECHO_RQ, ECHO, command.NO_DATA_SET))))
    kind, body = peer.hear()
    assert (kind, body[4], status_of(body)) == (Kind.DATA_TF, ECHO_CONTEXT, 0)
    peer.say(bare(Kind.RELEASE_RQ))
    assert peer.hear() == (Kind.RELEASE_RP, bytes(4))
    assert peer.ends() is End.RELEASED


CONTENT = bytes(range(256)) * 20


@pytest.mark.parametrize("size", [1, 2, 7, 1000, len(CONTENT)])
@pytest.mark.parametrize("together", [1, 3, 10_000])
def test_values_of_any_size_however_many_in_a_pdu(peer: Peer, size: int, together: int) -> None:
    peer.associate()
    pieces = [CONTENT[at : at + size] for at in range(0, len(CONTENT), size)]
    order = asked()
    values = [pdv(1, COMMAND, order[:9]), pdv(1, COMMAND, b""), pdv(1, COMMAND | LAST, order[9:])]
    values += [pdv(1, 0, piece) for piece in pieces[:-1]] + [pdv(1, 0, b""), pdv(1, LAST, pieces[-1])]
    peer.say(*(data(*values[at : at + together]) for at in range(0, len(values), together)))
    kind, body = peer.hear()
    assert (kind, status_of(body)) == (Kind.DATA_TF, 0)
    assert peer.serving.got == [(INSTANCE, CONTENT)]


def test_one_after_the_other(peer: Peer) -> None:
    peer.associate()
    for number in range(3):
        whole = CONTENT * (number * 300)  # the last is beyond what is held in memory
        values = [whole[at : at + 100_000] for at in range(0, len(whole), 100_000)] or [b""]
        peer.say(data(pdv(1, COMMAND | LAST, asked())))
        for at, value in enumerate(values, start=1):
            peer.say(data(pdv(1, LAST * (at == len(values)), value)))
        assert status_of(peer.hear()[1]) == 0
        assert peer.serving.got.pop() == (INSTANCE, whole)


@pytest.mark.parametrize(
    ("command_set", "status"),
    [
        (asked(sop_class="1.2.840.10008.5.1.4.1.1.4"), 0x0122),
        (asked(command.C_ECHO_RQ), 0x0211),
        (asked(command.C_ECHO_RQ, ECHO), 0x0211),
        (asked(0x0020), 0x0211),
        (asked(data_set=command.NO_DATA_SET), 0xC000),
    ],
)
def test_what_cannot_be_stored_is_told_so(peer: Peer, command_set: bytes, status: int) -> None:
    peer.associate()
    follows = command.read(command_set).data_set
    peer.say(data(pdv(1, COMMAND | LAST, command_set)), data(pdv(1, LAST, b"data")) if follows else b"")
    assert status_of(peer.hear()[1]) == status
    assert (peer.serving.got, peer.serving.refusals) == ([], [status])


@pytest.mark.parametrize("sop_class", [ECHO, CT])
def test_nothing_is_stored_by_the_class_of_echoes(peer: Peer, sop_class: str) -> None:
    peer.associate()
    peer.say(data(pdv(ECHO_CONTEXT, COMMAND | LAST, asked(sop_class=sop_class)), pdv(ECHO_CONTEXT, LAST, b"data")))
    assert status_of(peer.hear()[1]) == statuses.UNRECOGNISED_OPERATION
    assert peer.serving.got == []


def test_a_cancel_is_not_answered(peer: Peer) -> None:
    peer.associate()
    peer.say(data(pdv(1, COMMAND | LAST, asked(command.C_CANCEL_RQ, data_set=command.NO_DATA_SET))))
    peer.say(bare(Kind.RELEASE_RQ))
    assert peer.hear()[0] == Kind.RELEASE_RP


def test_the_spare_bits_of_a_control_header_are_not_looked_at(peer: Peer) -> None:
    """PS3.8 Section E.2: the sender sets bits 2 to 7 to zero, and the receiver never checks them."""
    peer.associate()
    peer.say(data(pdv(1, 0xFC | COMMAND | LAST, asked())), data(pdv(1, 0x04 | LAST, b"data")))
    assert status_of(peer.hear()[1]) == 0
    assert peer.serving.got == [(INSTANCE, b"data")]


@pytest.mark.parametrize("kind", [0x00, 0x08, 0xFF])
def test_what_is_no_pdu_ends_an_association(peer: Peer, kind: int) -> None:
    peer.associate()
    peer.say(bare(kind))
    assert aborted(peer, Abort.UNRECOGNISED_PDU)
    assert peer.ends() is End.ABORTED


@pytest.mark.parametrize("kind", [*OUT_OF_PLACE, Kind.ASSOCIATE_RQ])
def test_what_has_no_place_in_an_association_ends_it(peer: Peer, kind: Kind) -> None:
    peer.associate()
    peer.say(bare(kind))
    assert aborted(peer, Abort.UNEXPECTED_PDU)
    assert peer.ends() is End.ABORTED


ORDER = data(pdv(1, COMMAND | LAST, asked()))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (data(pdv(5, COMMAND | LAST, asked())), Abort.INVALID_PARAMETER),
        (data(pdv(2, COMMAND | LAST, asked())), Abort.INVALID_PARAMETER),
        (data(), Abort.INVALID_PARAMETER),
        (data(struct.pack(">LBB", 0, 1, 3)), Abort.INVALID_PARAMETER),
        (data(struct.pack(">LBB", 1, 1, 3)), Abort.INVALID_PARAMETER),
        (data(struct.pack(">LBB", 100, 1, 3) + b"short"), Abort.INVALID_PARAMETER),
        (data(b"\0\0\0"), Abort.INVALID_PARAMETER),
        (struct.pack(">BxL", Kind.DATA_TF, 200_000), Abort.INVALID_PARAMETER),
        (data(pdv(1, COMMAND | LAST, b"no command")), Abort.INVALID_PARAMETER),
        (data(pdv(1, COMMAND | LAST, b"")), Abort.INVALID_PARAMETER),
        (b"".join(data(pdv(1, COMMAND, bytes(60_000))) for _ in range(2)), Abort.INVALID_PARAMETER),
        (data(pdv(1, LAST, b"data of no command")), Abort.UNEXPECTED_PARAMETER),
        (ORDER + data(pdv(3, LAST, b"data")), Abort.UNEXPECTED_PARAMETER),
        (ORDER + data(pdv(1, COMMAND | LAST, asked())), Abort.UNEXPECTED_PARAMETER),
        (data(pdv(1, COMMAND | LAST, asked(0x8001, data_set=0x0101))), Abort.UNEXPECTED_PARAMETER),
    ],
)
def test_what_makes_no_sense_ends_it(peer: Peer, said: bytes, reason: Abort) -> None:
    peer.associate()
    peer.say(said)
    assert aborted(peer, reason)
    assert peer.ends() is End.ABORTED
    assert peer.serving.got == []


@pytest.mark.parametrize("before", [b"", ORDER, ORDER + data(pdv(1, 0, b"half"))])
def test_an_abort_ends_it_anywhere(peer: Peer, before: bytes) -> None:
    peer.associate()
    peer.say(before, bare(Kind.ABORT))
    assert peer.is_closed()
    assert peer.ends() is End.ABORTED_BY_PEER
    assert peer.serving.got == []


@pytest.mark.parametrize("before", [b"", ORDER, ORDER + data(pdv(1, 0, b"half")), data(pdv(1, LAST, b"data"))[:9]])
def test_silence_ends_it_anywhere(peer: Peer, before: bytes) -> None:
    peer.associate()
    peer.say(before)
    assert aborted(peer, Abort.NOT_SPECIFIED)
    assert peer.ends() is End.SILENT


def test_small_pieces_do_not_keep_a_message_for_ever(peer: Peer) -> None:
    """Each comes in time; all of them are far slower than any sender."""
    peer.associate()
    peer.say(ORDER)
    with suppress(OSError):
        for _ in range(20):
            peer.say(data(pdv(1, 0, b"")))
            time.sleep(IDLE / 8)
    assert aborted(peer, Abort.NOT_SPECIFIED)
    assert peer.ends() is End.SILENT


@pytest.mark.parametrize("said", [request(), struct.pack(">BxL", Kind.ASSOCIATE_RQ, 500_000) + bytes(200)])
def test_small_pieces_do_not_make_a_request_last_longer(tmp_path: Path, said: bytes) -> None:
    """There is one ARTIM for head and body, however long they say to be; pieces do not start it anew."""
    artim, pieces = 1.5, iter(said)
    peer, began = Peer(tmp_path, artim=artim), time.monotonic()
    with suppress(OSError):
        while time.monotonic() < began + 5 * artim:
            peer.say(bytes((next(pieces),)))
            time.sleep(artim / 15)
    assert time.monotonic() < began + 1.8 * artim
    assert peer.ends() is End.SILENT


@pytest.mark.parametrize("before", [b"", ORDER, ORDER + data(pdv(1, 0, b"half"))])
def test_a_release_ends_it_anywhere(peer: Peer, before: bytes) -> None:
    """AR-2: what was not whole is nothing."""
    peer.associate()
    peer.say(before, bare(Kind.RELEASE_RQ))
    assert peer.hear() == (Kind.RELEASE_RP, bytes(4))
    assert peer.ends() is End.RELEASED
    assert peer.serving.got == []


def test_an_association_without_a_context_is_one(peer: Peer) -> None:
    """It is told of its end."""
    peer.say(request(((1, "1.2.840.10008.5.1.4.1.2.2.1"),)))
    assert peer.hear()[0] == Kind.ASSOCIATE_AC
    assert aborted(peer, Abort.NOT_SPECIFIED)


# --- Sta13: all is said


@pytest.mark.parametrize("kind", [*OUT_OF_PLACE, Kind.DATA_TF, Kind.RELEASE_RQ])
def test_what_comes_too_late_is_not_answered(peer: Peer, kind: Kind) -> None:
    """AA-6, and AA-2 when the time is over."""
    peer.associate()
    peer.say(bare(Kind.RELEASE_RQ), bare(kind, bytes(100_000)), bare(kind))
    assert peer.hear()[0] == Kind.RELEASE_RP
    assert peer.is_closed()
    assert peer.ends() is End.RELEASED


@pytest.mark.parametrize(
    ("kind", "reason"), [(Kind.ASSOCIATE_RQ, Abort.UNEXPECTED_PDU), (0x08, Abort.UNRECOGNISED_PDU)]
)
def test_what_has_no_place_even_then_is_aborted_once(peer: Peer, kind: int, reason: Abort) -> None:
    """AA-7."""
    peer.associate()
    peer.say(bare(Kind.RELEASE_RQ), bare(kind), bare(kind))
    assert peer.hear()[0] == Kind.RELEASE_RP
    assert aborted(peer, reason)
    assert peer.is_closed()
    assert peer.ends() is End.RELEASED


def test_an_abort_then_closes_at_once(peer: Peer) -> None:
    """AA-2; also where we aborted in the middle of a PDU."""
    peer.associate()
    peer.say(data(pdv(5, COMMAND | LAST, asked()), pdv(1, LAST, b"data")), bare(Kind.ABORT))
    assert aborted(peer, Abort.INVALID_PARAMETER)
    began = time.monotonic()
    assert peer.is_closed()
    assert time.monotonic() - began < PARTING / 2


@pytest.mark.parametrize(
    ("said", "end"),
    [
        (bare(Kind.RELEASE_RQ), End.RELEASED),
        (bare(0), End.ABORTED),
        (data(pdv(5, COMMAND | LAST, asked())), End.ABORTED),
        (b"", End.SILENT),
    ],
)
def test_who_does_not_close_holds_nothing_meanwhile(tmp_path: Path, said: bytes, end: End) -> None:
    peer = Peer(tmp_path, parting=600)
    peer.associate()
    peer.say(ORDER, data(pdv(1, LAST, b"data")))
    assert status_of(peer.hear()[1]) == 0
    assert peer.budget.held > 0
    peer.say(said)
    until(lambda: peer.serving.ends == [end], "it has ended", 30)
    assert peer.budget.held == 0
    assert peer.ends() is end


def test_who_does_not_close_is_closed(peer: Peer) -> None:
    peer.associate()
    peer.say(bare(Kind.RELEASE_RQ))
    assert peer.hear()[0] == Kind.RELEASE_RP
    assert peer.is_closed()
    assert peer.ends() is End.RELEASED


def test_what_is_still_said_is_not_heard(peer: Peer) -> None:
    peer.associate()
    peer.say(bare(Kind.RELEASE_RQ), ORDER, data(pdv(1, LAST, b"data")))
    assert peer.hear()[0] == Kind.RELEASE_RP
    assert peer.ends() is End.RELEASED
    assert peer.serving.got == []
