"""Streams that are cut, bent and torn: every association ends, as it may, and what is stored was whole.

`make fuzz` looks for minutes, at other streams each time; here it is a glance at the same ones.
"""

import gc
import os
import random
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC

from services.receiver.upper import command, negotiation
from services.receiver.upper.association import Accepted, Context
from shared.dicom import pdu
from shared.dicom.pdu import Abort, Kind, Rejection
from tests.support.acceptor import TAKEN, Peer
from tests.support.scripts import ALL
from tests.support.upper import CT, ECHO, EXPLICIT, INSTANCE, bare, data, echo, order, pdv, request, store

EXAMPLES = int(os.environ.get("ISOCENTRE_FUZZ_EXAMPLES", "150"))
glance = settings(
    max_examples=EXAMPLES,
    derandomize="ISOCENTRE_FUZZ_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

LARGE = bytes(range(256)) * 5000
SEEDS = [
    *(request() + script.said if script.associated else script.said for script in ALL),
    request() + echo() + store(b"data set") + store(LARGE, piece=60_000) + store(b"") + bare(Kind.RELEASE_RQ),
    request() + data(pdv(1, 1, order()[:20]), pdv(1, 3, order()[20:]), pdv(1, 0, b"da"), pdv(1, 2, b"ta")) * 3,
]
"""The corpus: synthetic, and what each test of the upper layer says."""

NUMBERS = [0, 1, 2, 5, 6, 7, 127, 128, 255, 2**16, 2**17, 2**17 + 1, 2**31 - 1, 2**31, 2**32 - 1]

Mutation = Callable[[bytes], bytes]


def _flip(at: float, bits: int) -> Mutation:
    def flipped(stream: bytes) -> bytes:
        place = int(at * len(stream))
        return stream[:place] + bytes((stream[place] ^ bits,)) + stream[place + 1 :] if stream else stream

    return flipped


def _remove(at: float, count: int) -> Mutation:
    return lambda stream: stream[: int(at * len(stream))] + stream[int(at * len(stream)) + count :]


def _insert(at: float, noise: bytes) -> Mutation:
    return lambda stream: stream[: int(at * len(stream))] + noise + stream[int(at * len(stream)) :]


def _repeat(at: float, count: int) -> Mutation:
    def repeated(stream: bytes) -> bytes:
        place = int(at * len(stream))
        return stream[: place + count] + stream[place : place + count] + stream[place + count :]

    return repeated


def _number(at: float, number: int) -> Mutation:
    """Somewhere four bytes tell another length."""

    def renumbered(stream: bytes) -> bytes:
        place = int(at * len(stream))
        return stream[:place] + number.to_bytes(4) + stream[place + 4 :]

    return renumbered


places = st.floats(0, 1, exclude_max=True)
mutations = st.one_of(
    st.builds(_flip, places, st.integers(1, 255)),
    st.builds(_remove, places, st.integers(1, 300)),
    st.builds(_insert, places, st.binary(max_size=40)),
    st.builds(_repeat, places, st.integers(1, 300)),
    st.builds(_number, places, st.sampled_from(NUMBERS)),
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A stream of the corpus, or two, with so many changes behind its request, or anywhere."""
    stream = draw(st.sampled_from(SEEDS)) + draw(st.sampled_from([b"", b"", *SEEDS]))
    kept = draw(st.sampled_from([0, len(request())]))
    head, tail = stream[:kept], stream[kept:]
    for mutation in draw(st.lists(mutations, max_size=4)):
        tail = mutation(tail)
    return head + tail


cuts = st.lists(places, max_size=4)


def pieces(stream: bytes, where: list[float]) -> list[bytes]:
    at = [0, *sorted(int(place * len(stream)) for place in where), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(at)]


def tell(peer: Peer, stream: bytes, where: list[float]) -> None:
    """Say it in pieces, and hear what is answered, so that nobody waits for us. Then go."""
    deaf = threading.Thread(target=_swallow, args=(peer.wire,))
    deaf.start()
    with suppress(OSError):
        for piece in pieces(stream, where):
            peer.say(piece)
            time.sleep(0.001)
        peer.wire.shutdown(socket.SHUT_WR)
    deaf.join(10)
    assert not deaf.is_alive(), "it does not close"


def _swallow(wire: socket.socket) -> None:
    with suppress(OSError):
        while wire.recv(65_536):
            pass


def wholes(stream: bytes, contexts: dict[int, Context]) -> Iterator[tuple[str, bytes]]:
    """What is to be stored of a stream, by another reader of it: what is whole before the first thing that is wrong."""
    at = pdu.HEAD + struct.unpack_from(">L", stream, 2)[0]
    message: tuple[int, bytearray, command.Request | None, bytearray] | None = None
    while len(stream) - at >= pdu.HEAD and stream[at] == Kind.DATA_TF:
        (left,) = struct.unpack_from(">L", stream, at + 2)
        at += pdu.HEAD
        if not 0 < left <= pdu.LONGEST:
            return
        while left:
            if left < pdu.PDV_HEAD or len(stream) - at < pdu.PDV_HEAD:
                return
            size, context, control = struct.unpack_from(">LBB", stream, at)
            value = stream[at + pdu.PDV_HEAD : at + 4 + size]
            if not 2 <= size <= left - 4 or len(value) < size - 2 or context not in contexts:
                return
            at, left = at + 4 + size, left - 4 - size
            where, words, asked, content = message = message or (context, bytearray(), None, bytearray())
            if where != context or bool(control & 1) is not (asked is None):
                return
            if asked is None:
                words += value
                if len(words) > 65_536:
                    return
                if control & 2:
                    try:
                        asked = command.read(bytes(words))
                    except command.Malformed:
                        return
                    message = (where, words, asked, content)
                    if asked.data_set:
                        continue
            else:
                content += value
            if asked is None or not control & 2:
                continue
            message = None
            if asked.field & command.RESPONSE and asked.field != command.C_CANCEL_RQ:
                return
            is_of_context = asked.sop_class_uid == contexts[where].abstract_syntax != ECHO
            if asked.field == command.C_STORE_RQ and is_of_context and asked.data_set:
                yield asked.sop_instance_uid, bytes(content)


@glance
@given(streams(), cuts)
def test_every_association_ends_and_only_what_was_whole_is_stored(
    tmp_path: Path, stream: bytes, where: list[float]
) -> None:
    peer = Peer(tmp_path)
    tell(peer, stream, where)
    peer.ends()
    assert peer.serving.got == (list(wholes(stream, peer.serving.contexts)) if peer.serving.contexts else [])
    assert list(tmp_path.iterdir()) == []


def test_the_other_reader_sees_what_is_whole() -> None:
    contexts = {1: Context(CT, EXPLICIT)}
    stream = request() + store(b"one") + store(LARGE, piece=60_000) + store(b"three")
    assert list(wholes(stream, contexts)) == [(INSTANCE, b"one"), (INSTANCE, LARGE), (INSTANCE, b"three")]
    assert list(wholes(stream[:-1], contexts)) == [(INSTANCE, b"one"), (INSTANCE, LARGE)]
    assert list(wholes(request() + data(pdv(1, 2, b"data")) + store(b"one"), contexts)) == []


@glance
@given(st.lists(mutations, min_size=1, max_size=5))
def test_a_bent_request_is_answered(changes: list[Mutation]) -> None:
    body = request()[pdu.HEAD :]
    for change in changes:
        body = change(body)
    found = negotiation.read(body)
    if not isinstance(found, Rejection | Abort):
        assert isinstance(negotiation.accept(found, TAKEN), Accepted)


Item = tuple[int, bytes, list["Item"] | bytes]
"""Type, what stands before sub-items, and these or the content."""

_BEFORE_SUB_ITEMS = {0x20: 4, 0x50: 0}
_ITEMS = 68
"""Bytes of a request's body before its first item (PS3.8 Table 9-11)."""


def items(content: bytes) -> list[Item]:
    """Content as items."""
    found: list[Item] = []
    while content:
        kind, size = struct.unpack_from(">BxH", content)
        value, content = content[4 : 4 + size], content[4 + size :]
        before = _BEFORE_SUB_ITEMS.get(kind)
        found.append((kind, b"", value) if before is None else (kind, value[:before], items(value[before:])))
    return found


def joined(all_of_them: list[Item]) -> bytes:
    """The reverse."""
    said = b""
    for kind, before, inner in all_of_them:
        content = before + (inner if isinstance(inner, bytes) else joined(inner))
        said += struct.pack(">BxH", kind, len(content)) + content
    return said


def _role(sop_class: str, scu: int, scp: int) -> Item:
    return 0x54, b"", struct.pack(">H", len(sop_class)) + sop_class.encode() + bytes((scu, scp))


roles = st.builds(_role, st.sampled_from([CT, ECHO, "1.2.3", ""]), st.integers(0, 2), st.integers(0, 2))
SENSIBLE = [request()[pdu.HEAD :], request(((1, CT), (3, ECHO), (5, CT), (7, "1.2.3")))[pdu.HEAD :]]


@st.composite
def rebuilt(draw: st.DrawFn) -> bytes:
    """A request whose items and sub-items are dropped, doubled, emptied and renumbered, and that asks for roles."""
    whole = draw(st.sampled_from(SENSIBLE))
    tree = items(whole[_ITEMS:])
    for kind, _, inner in tree:
        if kind == 0x50 and isinstance(inner, list):
            inner += draw(st.lists(roles, max_size=3))
    for _ in range(draw(st.integers(0, 3))):
        folders = [tree, *(inner for _, _, inner in tree if isinstance(inner, list))]
        some = draw(st.sampled_from([folder for folder in folders if folder] or [[(0, b"", b"")]]))
        at = draw(st.integers(0, len(some) - 1))
        kind, before, inner = some[at]
        number = bytes((draw(st.integers(0, 9)), 0, 0, 0)) if kind == 0x20 else before
        some[at : at + 1] = draw(
            st.sampled_from([[], [some[at]] * 2, [(kind, before, b"")], [(kind, number, inner)], [some[at], some[0]]])
        )
    return whole[:_ITEMS] + joined(tree)


def test_a_request_is_its_items() -> None:
    assert all(joined(items(whole[_ITEMS:])) == whole[_ITEMS:] for whole in SENSIBLE)


@glance
@given(rebuilt())
def test_a_rebuilt_request_is_answered_at_each_of_its_contexts(body: bytes) -> None:
    found = negotiation.read(body)
    if isinstance(found, Rejection | Abort):
        return
    answer = A_ASSOCIATE_AC()
    answer.decode(negotiation.accept(found, TAKEN).answer)
    asked = [context.context_id for context in found.primitive.presentation_context_definition_list]
    assert [context.context_id for context in answer.presentation_context] == asked
    assert asked


@glance
@given(st.lists(mutations, max_size=5), st.binary(max_size=60))
def test_a_bent_command_is_read_or_refused(changes: list[Mutation], noise: bytes) -> None:
    words = order() + noise
    for change in changes:
        words = change(words)
    with suppress(command.Malformed):
        asked = command.read(words)
        answer = command.response(asked, 0)
        assert command.read(answer).field == asked.field | command.RESPONSE


SESSIONS = 150


def test_nothing_grows(tmp_path: Path) -> None:
    """Memory, descriptors and threads are after many torn associations what they were after some."""
    chance = random.Random(6)
    process = psutil.Process()

    def torn(count: int) -> None:
        for _ in range(count):
            stream = chance.choice(SEEDS)
            peer = Peer(tmp_path)
            tell(peer, stream[: chance.randrange(len(stream) + 1)], [])
            peer.ends()

    torn(30)
    tracemalloc.start()
    try:
        torn(10)
        gc.collect()
        before = (tracemalloc.get_traced_memory()[0], process.num_fds(), threading.active_count())
        torn(SESSIONS)
        gc.collect()
        after = (tracemalloc.get_traced_memory()[0], process.num_fds(), threading.active_count())
    finally:
        tracemalloc.stop()
    assert after[0] - before[0] < SESSIONS * 500, "bytes for each"
    assert after[1:] == before[1:]


def test_growth_would_be_seen() -> None:
    kept = []
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept.append(bytes(SESSIONS * 600))
    assert tracemalloc.get_traced_memory()[0] - before > SESSIONS * 500
    tracemalloc.stop()
