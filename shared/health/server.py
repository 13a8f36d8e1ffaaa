"""A small HTTP server on a thread of its own, so that it answers while the service works."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shared import metrics

STALE_AFTER = 60.0
"""Seconds without a heartbeat after which the service counts as dead: longer than any back-off of the runner."""


class Health:
    """What a service says of itself. Thread-safe: plain attribute writes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beat = clock()
        self._waiting_for: str | None = "start"
        self.exposition: Callable[[str], tuple[bytes, str]] = metrics.exposition
        """What /metrics answers to an Accept header: text and content type."""
        self.pages: dict[str, Callable[[], object]] = {}
        """What else is served as JSON, by path."""

    def beat(self) -> None:
        """The main loop has come round."""
        self._beat = self._clock()

    def ready(self) -> None:
        """All dependencies answer."""
        self._waiting_for = None

    def waiting(self, what: str) -> None:
        """Cannot work until `what` is back. Not ready, yet alive."""
        self._waiting_for = what

    @property
    def alive(self) -> bool:
        return self._clock() - self._beat < STALE_AFTER

    @property
    def waiting_for(self) -> str | None:
        return self._waiting_for


def serve(health: Health, host: str, port: int) -> ThreadingHTTPServer:
    """Serve `health` and the metrics until `shutdown()`; returns at once."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/livez":
                self._answer(200 if health.alive else 503, {"alive": health.alive})
            elif self.path == "/readyz":
                waiting_for = health.waiting_for
                self._answer(503 if waiting_for else 200, {"ready": not waiting_for, "waiting_for": waiting_for})
            elif self.path == "/metrics":
                body, content_type = health.exposition(self.headers.get("Accept", ""))
                self._send(200, body, content_type)
            elif self.path in health.pages:
                self._answer(200, health.pages[self.path]())
            else:
                self._answer(404, {"paths": ["/livez", "/readyz", "/metrics", *health.pages]})

        def _answer(self, status: int, content: object) -> None:
            self._send(status, json.dumps(content).encode(), "application/json")

        def _send(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
            """Probes every few seconds are not news."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
