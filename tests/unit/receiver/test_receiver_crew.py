"""The receiver's processes: counting, talking, accepting."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from services.receiver.__main__ import tell_readiness
from services.receiver.crew import handing, listening
from services.receiver.crew.desk import Desk
from services.receiver.crew.line import Answers, Hung, Line
from services.receiver.crew.listening import Listening
from services.receiver.crew.workers import Crew
from services.receiver.turns import LATELY, NoTurn, Turns
from shared.health import Health

# --- the desk


def test_so_many_may_be_open_and_no_more() -> None:
    desk = Desk(2)
    assert [desk.admit(name, "site-a", None) for name in "abc"] == [True, True, False]
    desk.leave("a")
    assert desk.admit("c", "site-a", None)
    assert desk.counts() == {"site-a": 2}


def test_one_site_cannot_take_all_places() -> None:
    desk = Desk(4, 0.5)
    assert [desk.admit(name, "site-a", None) for name in "abc"] == [True, True, False]
    assert desk.admit("d", "site-b", None)


def test_the_sites_file_may_give_a_site_a_number_of_its_own() -> None:
    desk = Desk(4, 0.5)
    assert [desk.admit(name, "site-a", 3) for name in "abcd"] == [True, True, True, False]
    assert not desk.admit("e", "site-b", 0)


def test_a_closed_desk_lets_nobody_in() -> None:
    desk = Desk(4)
    desk.closed = True
    assert not desk.admit("a", "site-a", None)


def test_who_leaves_twice_is_counted_once() -> None:
    desk = Desk(1)
    desk.admit("a", "site-a", None)
    desk.leave("a")
    desk.leave("a")
    assert not desk.counts()


# --- turns


def test_a_flooding_site_does_not_starve_another() -> None:
    turns, served = Turns(1, 1), []
    lock, begun = threading.Lock(), threading.Barrier(31)

    def work(site: str) -> None:
        begun.wait()
        with turns.of(site, 10), lock:
            served.append(site)

    with turns.of("held", 10):
        threads = [threading.Thread(target=work, args=("flood",)) for _ in range(30)]
        for thread in threads:
            thread.start()
        begun.wait()
        _until(lambda: sum(len(queue) for queue in turns._waiting.values()) == 30)
        late = threading.Thread(target=lambda: _serve(turns, "small", served, lock))
        late.start()
        _until(lambda: "small" in turns._waiting)
    for thread in [*threads, late]:
        thread.join(5)
    assert len(served) == 31
    assert served.index("small") <= 1


def inside(turns: Turns, held: ExitStack, *senders: str) -> list[bool]:
    """Whether each of them came in, one after the other; they stay."""

    def came(sender: str) -> bool:
        try:
            held.enter_context(turns.of(sender, 0.02))
        except NoTurn:
            return False
        return True

    return [came(sender) for sender in senders]


def test_a_site_has_all_places_while_it_is_alone_and_few_while_others_send() -> None:
    now = [0.0]
    turns = Turns(6, 3, clock=lambda: now[0])
    with ExitStack() as held:
        assert inside(turns, held, *7 * ["flood"]) == [*6 * [True], False]
    with ExitStack() as held:
        assert inside(turns, held, "small", *3 * ["flood"]) == [True, True, True, False]
        assert turns.free == 3
    with ExitStack() as held:
        assert inside(turns, held, *4 * ["flood"]) == [True, True, True, False]  # the small one was here just now
        assert inside(turns, held, "small", "small") == [True, False]
        now[0] += LATELY
        assert inside(turns, held, "flood") == [False]


def test_who_has_nothing_inside_comes_in_whatever_the_others_hold() -> None:
    turns = Turns(6, 3)
    with ExitStack() as held:
        assert inside(turns, held, *"abcdef") == 6 * [True]
        assert inside(turns, held, "g") == [False]


def test_a_large_object_holds_nobody_up() -> None:
    now = [0.0]
    turns = Turns(6, 3, clock=lambda: now[0])
    with ExitStack() as held:
        assert inside(turns, held, "large", "large", "small", "large") == [True, True, True, False]
        now[0] += 1.1 * LATELY
        assert inside(turns, held, "small", "large", "large", "large") == [True, True, True, False]


def test_places_come_back_when_work_fails() -> None:
    turns = Turns(1, 1)
    with pytest.raises(KeyError), turns.of("a", 10):
        raise KeyError
    with turns.of("b", 10):
        pass


def test_who_waits_too_long_gives_up_and_leaves_no_gap() -> None:
    turns = Turns(1, 1)
    with turns.of("a", 10):
        with pytest.raises(NoTurn), turns.of("b", 0.05):
            pass
        assert turns.waiting == 0
    with turns.of("b", 0.05):
        pass


def test_who_has_had_his_place_for_longest_is_told_of() -> None:
    turns = Turns(2, 2)
    assert turns.oldest == 0
    with turns.of("a", 10):
        time.sleep(0.05)
        with turns.of("b", 10):
            assert turns.oldest >= 0.05
        assert turns.oldest >= 0.05
    assert turns.oldest == 0


def _serve(turns: Turns, site: str, served: list[str], lock: threading.Lock) -> None:
    with turns.of(site, 10), lock:
        served.append(site)


# --- the line


@contextmanager
def lines(one: Answers, other: Answers) -> Iterator[tuple[Line, Line, threading.Event]]:
    left, right = socket.socketpair()
    ended = threading.Event()
    first, second = Line(left, one, ended.set), Line(right, other, lambda: None)
    first.start()
    second.start()
    yield first, second, ended
    first.end()
    second.end()


def test_both_sides_ask_and_answer_at_the_same_time() -> None:
    with lines({"add": lambda a, b: a + b}, {"mul": lambda a, b: a * b}) as (first, second, _):
        with ThreadPoolExecutor(8) as pool:
            products = list(pool.map(lambda n: first.ask("mul", n, 2), range(200)))
            sums = list(pool.map(lambda n: second.ask("add", n, 2), range(200)))
        assert products == [n * 2 for n in range(200)]
        assert sums == [n + 2 for n in range(200)]


def test_who_is_not_answered_gives_up() -> None:
    never = threading.Event()
    with lines({}, {"wait": lambda: never.wait(5)}) as (first, _, __):
        with pytest.raises(Hung):
            first.ask("wait", patience=0.1)
        never.set()


def test_the_end_of_one_is_heard_by_the_other_and_by_who_waits() -> None:
    never = threading.Event()
    with lines({}, {"wait": lambda: never.wait(5)}) as (first, second, ended):
        failed: list[Any] = []

        def asks() -> None:
            try:
                first.ask("wait")
            except Hung as hung:
                failed.append(hung)

        asking = threading.Thread(target=asks)
        asking.start()
        _until(lambda: bool(first._asked))
        second.end()
        asking.join(5)
        assert failed
        assert ended.wait(5)
        first.tell("anything")
        with pytest.raises(Hung):
            first.ask("anything")
        never.set()


# --- accepting


def test_connections_go_to_another_process() -> None:
    hand, taken = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    got: list[tuple[str, bytes]] = []
    edges = {kind: lambda one, kind=kind: got.append((kind, one.recv(9))) for kind in ("dicom", "http")}
    serving = threading.Thread(target=handing.serve, args=(taken, edges))
    serving.start()
    for kind in ("http", "dicom"):
        near, far = socket.socketpair()
        assert handing.hand(hand, kind, far)
        far.close()
        near.sendall(kind.encode())
        near.close()
    hand.close()
    serving.join(5)
    assert got == [("http", b"http"), ("dicom", b"dicom")]


def test_one_who_cannot_be_served_is_turned_away_and_the_next_is_not() -> None:
    hand, taken = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    served: list[bytes] = []

    def take(connection: socket.socket) -> None:
        if not served:
            served.append(b"")
            raise RuntimeError("can't start new thread")
        served.append(connection.recv(9))

    serving = threading.Thread(target=handing.serve, args=(taken, {"dicom": take}))
    serving.start()
    for _ in range(2):
        near, far = socket.socketpair()
        assert handing.hand(hand, "dicom", far)
        far.close()
        with suppress(BrokenPipeError):  # he may have been turned away by now
            near.sendall(b"hello")
        if not served:
            near.settimeout(5)
            with suppress(ConnectionResetError):
                assert near.recv(1) == b""
        near.close()
    hand.close()
    serving.join(5)
    assert served == [b"", b"hello"]


def test_who_does_not_take_what_he_is_handed_holds_nobody_up() -> None:
    hand, taken = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    near, far = socket.socketpair()
    handed = 0
    while handing.hand(hand, "dicom", far):
        handed += 1
        assert handed < 100_000
    assert handed > 0
    for one in (hand, taken, near, far):
        one.close()


def test_nobody_there_to_take_a_connection() -> None:
    hand, taken = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    taken.close()
    assert not handing.hand(hand, "dicom", hand)


@pytest.mark.parametrize("filtered", [True, False])
def test_nobody_in_the_queue_is_reset_at_the_end(filtered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the filter that keeps new ones out, somebody is (or the test could not fail)."""
    if not filtered:
        monkeypatch.setattr(listening, "_refuse_new", lambda listening: None)
    told = Counter[str]()
    for _ in range(1 if filtered else 20):
        told += _ends_of_clients()
        if told["reset"]:
            break
    assert told["answered"] > 100
    assert told["refused"] > 0
    assert bool(told["reset"]) is not filtered


def _ends_of_clients() -> Counter[str]:
    """What eight clients see that connect again and again while the port is closed."""
    told, stop = Counter[str](), threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection:
            connection.sendall(connection.recv(1))

    port = Listening("127.0.0.1", 0, answer)

    def client() -> None:
        while not stop.is_set():
            with socket.socket() as mine:
                mine.settimeout(10)
                try:
                    mine.connect(("127.0.0.1", number))
                    mine.sendall(b"x")
                    told["answered" if mine.recv(1) == b"x" else "closed"] += 1
                except ConnectionRefusedError:
                    told["refused"] += 1
                except OSError:
                    told["reset"] += 1

    number = port.port
    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(client) for _ in range(8)]
        _until(lambda: told["answered"] > 200)
        port.close()
        _until(lambda: told["refused"] > 20)
        stop.set()
        for one in clients:
            one.result(20)
    return told


def _until(true: Any) -> None:
    latest = threading.Event()
    for _ in range(2000):
        if true():
            return
        latest.wait(0.005)
    pytest.fail("it did not come about")


# --- readiness


class Told(Crew):
    """Whose workers say that."""

    def __init__(self, *oldest: float) -> None:
        self.oldest = oldest

    @property
    def up(self) -> bool:
        return bool(self.oldest)

    def each(self, question: str) -> list[Any]:
        return {"oldest": list(self.oldest)}[question]


@pytest.mark.parametrize(
    ("oldest", "waiting_for"), [((), "workers"), ((0.0, 299.0), None), ((0.0, 301.0), "store"), ((301.0, 0.0), "store")]
)
def test_is_not_ready_without_workers_or_on_a_store_that_stands_still(
    oldest: tuple[float, ...], waiting_for: str | None
) -> None:
    health = Health()
    tell_readiness(health, Told(*oldest))
    assert health.waiting_for == waiting_for
