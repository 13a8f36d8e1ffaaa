"""One Store transaction of a sender who may: its body taken in, and its answer."""

from collections.abc import Callable, Iterator
from http import HTTPStatus

import orjson

from services.receiver.stow import native
from services.receiver.stow.bulk import NoRoom
from services.receiver.stow.demand import Demand
from services.receiver.stow.exchange import BadRequest, Exchange, Request, Response
from services.receiver.stow.limits import TooLarge
from services.receiver.stow.parts import Part, Parts
from services.receiver.stow.report import Report
from services.receiver.stow.stream import Ending
from services.receiver.upper.wire import Closed, Silent
from shared import telemetry
from shared.media import DICOM_XML
from shared.related import Begin, Data, End, Event, Malformed, Related

log = telemetry.logger("receiver")

RETRY = ("Retry-After", "10")
"""Seconds. Said with 503 (RFC 9110 Section 10.2.3): of what is a 500 we do not know whether it passes."""
_ROOM = 256 * 1024
"""Bytes."""
_ENDS = {
    Malformed: HTTPStatus.BAD_REQUEST,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Silent: HTTPStatus.REQUEST_TIMEOUT,
    Ending: HTTPStatus.SERVICE_UNAVAILABLE,
    NoRoom: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Why a body is not heard to its end, and what is said then. What was stored before that is told, and stays."""


class Transaction:
    """`most`: bytes that the body may have. `ending`: whether to stop behind the instance that comes."""

    def __init__(self, wanted: Demand, exchange: Exchange, parts: Parts, most: int, ending: Callable[[], bool]) -> None:
        self._wanted, self._exchange, self._parts = wanted, exchange, parts
        self._left, self._ending = most, ending

    def run(self, request: Request, report: Report) -> Response:
        """The answer, when `report` is complete. Raises Closed."""
        try:
            self._take_in(request)
            self._parts.finish()
            status = report.status
        except BadRequest as bad:
            status = bad.status
        except tuple(_ENDS) as end:
            status = _ENDS[type(end)]
        except Closed:
            raise
        except Exception as failed:
            # A disk that fails, say, or a bug: the sender keeps his copy and may try again.
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
            status = HTTPStatus.INTERNAL_SERVER_ERROR
        finally:
            self._parts.close()
        return answer(status, report, self._wanted.answer_type)

    def _take_in(self, request: Request) -> None:
        part: Part | None = None
        for event in self._events(request):
            if isinstance(event, Begin):
                part = self._parts.begin(event.headers)
                continue
            assert part is not None
            if isinstance(event, Data):
                part.take(event.view)
                continue
            part.end()
            if self._ending():
                raise Ending

    def _events(self, request: Request) -> Iterator[Event]:
        if self._wanted.boundary is None:
            yield from self._only(request.headers["content-type"])
            return
        related = Related(self._wanted.boundary)
        while got := self._body(related.room):
            yield from related.took(got)
        yield from related.close()

    def _only(self, content_type: str) -> Iterator[Event]:
        """The one part that is all of the body."""
        yield Begin({"content-type": content_type})
        room = memoryview(bytearray(_ROOM))
        while got := self._body(room):
            yield Data(room[:got])
        yield End()

    def _body(self, room: memoryview) -> int:
        """The next bytes, 0 at the end. Raises TooLarge."""
        got = self._exchange.body(room)
        self._left -= got
        if self._left < 0:
            raise TooLarge
        return got


def answer(status: HTTPStatus, report: Report, media_type: str) -> Response:
    """What is said: the response module, when there is anything to say in it."""
    headers = (RETRY,) if status is HTTPStatus.SERVICE_UNAVAILABLE else ()
    if not report.entries:
        return Response(status, f"{status.phrase}\n".encode(), headers=headers)
    dataset = report.dataset()
    body = native.write(dataset) if media_type == DICOM_XML else orjson.dumps(dataset)
    return Response(status, body, media_type, headers)
