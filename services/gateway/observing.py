"""Around every request: its span, its metrics, its security headers, and a plain answer when something breaks."""

import time
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway import problems
from shared import metrics
from shared.outcome import Transient
from shared.telemetry import Attribute, frames_of, logger, span

log = logger(__name__)

CSP = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self'; style-src 'self'; script-src 'self'"
)
SECURITY = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
UNMATCHED = "unmatched"
STATIC = "/static"
QUIET = (STATIC, "/fragments")
"""Asked for by every open page, again and again: counted, not traced."""


class Observed:
    """ASGI middleware. Names a request by its route's template, so that no UID gets into spans and metrics."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes
        self._requests = metrics.counter("isocentre_http_requests_total")
        self._seconds = metrics.histogram("isocentre_http_request_duration_seconds")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        template = template_of(self._routes, scope)
        exchange = _Exchange(send, "max-age=300" if template.startswith(STATIC) else "no-store")
        started = time.perf_counter()
        try:
            if template.startswith(QUIET):
                await self._answer(scope, receive, exchange)
            else:
                await self._traced(template, scope, receive, exchange)
        finally:
            self._requests.labels(route=template, status=str(exchange.status)).inc()
            self._seconds.labels(route=template).observe(time.perf_counter() - started)

    async def _traced(self, template: str, scope: Scope, receive: Receive, exchange: "_Exchange") -> None:
        attributes = {Attribute.HTTP_METHOD: scope["method"], Attribute.HTTP_ROUTE: template}
        # No parent: a traceparent from outside is dropped, it could name a trace of the identified zone.
        with span(f"{scope['method']} {template}", "server", None, attributes) as opened:
            await self._answer(scope, receive, exchange)
            opened.set({Attribute.HTTP_STATUS: exchange.status})

    async def _answer(self, scope: Scope, receive: Receive, exchange: "_Exchange") -> None:
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as failed:
            # Starlette wraps what comes after the beginning of an answer.
            if exchange.begun and isinstance(failed.__cause__, Transient | problems.Problem):
                log.warning("answer-cut-off", reason=str(failed.__cause__))
                raise
            log.error("request-failed", error=type(failed).__name__, frames=frames_of(failed))
            if exchange.begun:
                raise  # the answer is cut off, which the client notices; there is no honest way to end it
            await problems.response(500, "The log has its trace.")(scope, receive, exchange.send)


class _Exchange:
    """Sends on what the application answers, with the security headers, and remembers the status."""

    def __init__(self, send: Send, cache: str) -> None:
        self._send = send
        self._cache = cache
        self.begun = False
        self.status = 500

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", self._cache)
        await self._send(message)


def template_of(routes: Sequence[BaseRoute], scope: Scope) -> str:
    """The path template of the route that will answer, such as `/studies/{study}`."""
    for route in routes:
        if route.matches(scope)[0] is not Match.NONE:
            return str(getattr(route, "path", UNMATCHED))
    return UNMATCHED
