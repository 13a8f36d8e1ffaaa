"""Errors as application/problem+json (RFC 9457): what went wrong, never a value that came in, never a trace."""

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

RETRY_SECONDS = 5
TITLES = {
    400: "The request cannot be understood",
    404: "There is no such thing here",
    405: "That method is not allowed here",
    406: "None of the accepted media types can be given",
    410: "It is gone",
    500: "Something is wrong on our side",
    501: "This server does not do that",
    503: "A part of the node is away; the same request may succeed later",
}


class Problem(Exception):
    """Ends a request with an error answer. `detail` is written by us and holds nothing that came in."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def headers(status: int) -> dict[str, str]:
    """What an error answer says beside its body."""
    return {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}


def response(status: int, detail: str, said: Mapping[str, str] | None = None) -> Response:
    """The answer that tells of a problem; `said` are its headers when they are not those of its status."""
    content = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, "detail": detail}
    return Response(orjson.dumps(content), status, said or headers(status), "application/problem+json")


def wants_page(request: Request) -> bool:
    """Whether a person with a browser is asking, who is better served by a page."""
    return "text/html" in request.headers.get("accept", "")
