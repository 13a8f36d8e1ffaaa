"""Questions and answers between two processes of ours, both ways at the same time."""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

Answers = Mapping[str, Callable[..., Any]]
"""What the other side may ask: by name, what is called with its arguments. Runs on the line's thread: must be quick."""

PATIENCE = 10.0
"""Seconds."""


class Hung(Exception):
    """The other process is gone, or does not answer."""


class Line:
    """One end; any number of threads may ask. `ended` is called once, when the other process is gone."""

    def __init__(self, end: socket.socket, answers: Answers, ended: Callable[[], None]) -> None:
        self._end = end
        self._connection = Connection(os.dup(end.fileno()))
        self._answers, self._ended = answers, ended
        self._sending = threading.Lock()
        self._tickets = count()
        self._asked: dict[int, Future[Any]] = {}
        self._thread = threading.Thread(target=self._listen, name="line", daemon=True)

    def start(self) -> None:
        """Hear what the other side says from now on."""
        self._thread.start()

    def ask(self, name: str, *arguments: object, patience: float = PATIENCE) -> Any:
        """The other side's answer. Raises Hung."""
        ticket, answer = next(self._tickets), Future[Any]()
        self._asked[ticket] = answer
        try:
            self._send(ticket, name, arguments)
            return answer.result(patience)
        except TimeoutError:
            raise Hung from None
        finally:
            self._asked.pop(ticket, None)

    def tell(self, name: str, *arguments: object) -> None:
        """The same without an answer; nothing happens when nobody is there any more."""
        with suppress(Hung):
            self._send(None, name, arguments)

    def end(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()

    def _send(self, ticket: int | None, name: str, content: object) -> None:
        try:
            with self._sending:
                self._connection.send((ticket, name, content))
        except OSError:
            raise Hung from None

    def _listen(self) -> None:
        with suppress(EOFError, OSError, Hung):
            while True:
                self._heard(*self._connection.recv())
        for answer in list(self._asked.values()):
            answer.set_exception(Hung())
        self._ended()

    def _heard(self, ticket: int | None, name: str, content: Any) -> None:
        if name == "":
            asked = self._asked.get(ticket) if ticket is not None else None
            if asked is not None:
                asked.set_result(content)
            return
        result = self._answers[name](*content)
        if ticket is not None:
            self._send(ticket, "", result)
