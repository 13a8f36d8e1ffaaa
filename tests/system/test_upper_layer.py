"""The same bytes said to our receiver, to pynetdicom's and to dcmtk's: what each answers, where we differ and why."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tests.support import upper
from tests.support.scripts import ALL, Script
from tests.support.stack import Stack

CALLING = "UPPER"
_LATE, _MORE = 1.0, 0.2
"""Seconds for a first answer where none is expected, and for another one where no other is."""

# Its own storescp refuses the eleventh association, and threads of those that have ended count for a while.
PYNETDICOM = """
import sys
from pynetdicom import AE, AllStoragePresentationContexts, evt
acceptor = AE("OTHER")
acceptor.supported_contexts = AllStoragePresentationContexts
acceptor.add_supported_context("1.2.840.10008.1.1")
acceptor.maximum_associations = 1000
acceptor.maximum_pdu_size = 131072
acceptor.start_server(("127.0.0.1", int(sys.argv[1])), evt_handlers=[(evt.EVT_C_STORE, lambda event: 0)])
"""

Words = tuple[str, ...]


@pytest.fixture(scope="module")
def heard(stack: Stack) -> Iterator[dict[str, dict[str, Words]]]:
    """What each acceptor answered to each script."""
    with ExitStack() as running:
        ports = {
            "ours": stack.dicom_port,
            "pynetdicom": running.enter_context(acceptor(sys.executable, "-c", PYNETDICOM)),
            "dcmtk": running.enter_context(acceptor("storescp", "--ignore", "--fork", "--max-pdu", "131072")),
        }
        with ThreadPoolExecutor(6) as threads:
            told = {
                name: threads.map(lambda script, port=port, name=name: said(port, script, expected(script, name)), ALL)
                for name, port in ports.items()
            }
            yield {
                name: {script.name: words for script, words in zip(ALL, each, strict=True)}
                for name, each in told.items()
            }


@contextmanager
def acceptor(*command: str) -> Iterator[int]:
    """A receiver that is not ours, and throws away what it gets; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {**os.environ, "TCP_NODELAY": "1"}
    server = subprocess.Popen(
        [*command, str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        upper.answers(port)
        yield port
    finally:
        server.terminate()
        server.wait()


def expected(script: Script, acceptor: str) -> Words:
    other: Words | None = getattr(script, acceptor, None)
    return script.ours if other is None else other


def said(port: int, script: Script, answer: Words) -> Words:
    """Say it, and listen until all that is expected has come and nothing more does."""
    with upper.talk(port) as talk:
        if script.associated:
            talk.associate(calling=CALLING)
        with suppress(ConnectionError):  # it has closed already: what it said before can be read all the same
            talk.say(as_caller(script.said))
        words: list[str] = []
        try:
            while True:
                patience = _MORE if words and len(words) >= len(answer) else _LATE if not answer else 15.0
                words.append(upper.in_words(*talk.hear(patience)))
        except (upper.Gone, TimeoutError):
            return tuple(words)


def as_caller(said: bytes) -> bytes:
    """The same from CALLING, however its title is padded."""
    for padding in (b" ", b"\0"):
        said = said.replace(b"SITE_A".ljust(16, padding), CALLING.encode().ljust(16, padding))
    return said


def kinds(words: Words) -> Words:
    """Aborts are aborts, whatever they give as a reason; how often it is said does not matter."""
    return tuple(dict.fromkeys("abort" if word.startswith("abort") else word for word in words))


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_it_is_answered_as_the_standard_says(script: Script, heard: dict[str, dict[str, Words]]) -> None:
    assert heard["ours"][script.name] == script.ours


@pytest.mark.parametrize("peer", ["pynetdicom", "dcmtk"])
@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_others_answer_the_same_or_it_is_known_why_not(
    script: Script, peer: str, heard: dict[str, dict[str, Words]]
) -> None:
    theirs: Words | None = getattr(script, peer)
    assert kinds(heard[peer][script.name]) == kinds(expected(script, peer))
    if theirs is not None:
        assert kinds(theirs) != kinds(script.ours), "no difference any more"
        assert script.why, "a difference has a reason"


def test_a_difference_would_be_seen(stack: Stack) -> None:
    """The red side: what is expected here, nobody answers."""
    release = next(script for script in ALL if script.name == "release")
    assert said(stack.dicom_port, release, ("status 0000",)) != ("status 0000",)
