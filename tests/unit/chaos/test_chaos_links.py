"""The links that `make chaos` spoils: slow, cut and half-open, and clear again."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.chaos.rounds.links import Links, links
from tests.support.waiting import until


@pytest.fixture(scope="module")
def led() -> Iterator[Links]:
    """Leads to a server that says what is said to it."""
    door = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(door,), daemon=True).start()
    with links({"echo": door.getsockname()[1]}) as made:
        yield made
    door.close()


def _serve(door: socket.socket) -> None:
    with suppress(OSError):
        while True:
            threading.Thread(target=_echo, args=(door.accept()[0],), daemon=True).start()


def _echo(wire: socket.socket) -> None:
    with suppress(OSError), wire:
        while piece := wire.recv(65_536):
            wire.sendall(piece)


def connected(led: Links) -> socket.socket:
    return socket.create_connection(("127.0.0.1", led.ports["echo"]), timeout=10)


def said(wire: socket.socket, what: bytes) -> bytes:
    wire.sendall(what)
    got = b""
    while len(got) < len(what) and (piece := wire.recv(65_536)):
        got += piece
    return got


def is_over(wire: socket.socket) -> bool:
    """By a reset, or by an end."""
    try:
        return wire.recv(100) == b""
    except ConnectionError:
        return True


def works(led: Links) -> bool:
    with suppress(OSError), connected(led) as wire:
        return said(wire, b"hello") == b"hello"
    return False


def test_what_is_clear_comes_through(led: Links) -> None:
    with connected(led) as wire:
        assert said(wire, bytes(1_000_000)) == bytes(1_000_000)


def test_what_is_cut_is_reset_and_comes_back(led: Links) -> None:
    with connected(led) as wire:
        assert said(wire, b"hello") == b"hello"
        with led.spoilt("echo", "cut"):
            until(lambda: not works(led), "it is cut")
            assert is_over(wire)
    until(lambda: works(led), "it works again")


@pytest.mark.parametrize("forget", [False, True])
def test_what_is_half_open_says_nothing(led: Links, forget: bool) -> None:
    with connected(led) as wire:
        assert said(wire, b"hello") == b"hello"
        wire.settimeout(0.5)
        with led.spoilt("echo", "deaf", forget=forget):
            time.sleep(0.2)
            with pytest.raises(TimeoutError):
                said(wire, b"there?")
        until(lambda: works(led), "new connections work again")
        if forget:
            with pytest.raises(TimeoutError):
                wire.recv(100)
        else:
            wire.settimeout(10)
            assert wire.recv(100) == b"there?"


def test_what_is_slow_takes_its_time(led: Links) -> None:
    with connected(led) as wire, led.spoilt("echo", "slow", rate=40_000):
        time.sleep(0.2)
        began = time.monotonic()
        assert said(wire, bytes(20_000)) == bytes(20_000)
        assert time.monotonic() - began > 0.4
