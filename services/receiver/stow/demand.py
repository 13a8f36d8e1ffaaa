"""What a request asks for, read from its head (PS3.18 Sections 8.4, 8.7 and 10.5.1)."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from services.receiver.stow.exchange import Request
from services.receiver.stow.refusal import Refusal
from shared import media
from shared.media import DICOM, DICOM_JSON, DICOM_XML, MULTIPART
from shared.sites import Lane

_STUDIES = re.compile(r"/studies(?:/([0-9.]{1,64}))?/?")
_METHODS = ("Allow", "POST, OPTIONS")
_TAKEN = (DICOM, DICOM_JSON, DICOM_XML)
_JSON = "application/json"
_LANE = "isocentre-lane"


@dataclass(frozen=True, slots=True)
class Demand:
    """A Store transaction. `study`: of the path; `part_type`: of parts that state none; `boundary`: None when the body
    is one part; `answer_type`: the media type of our answer."""

    study: str | None
    part_type: str
    boundary: str | None
    answer_type: str
    lane: Lane


def target(request: Request) -> str | None:
    """The study that the path names. Raises Refusal: 404, or 204 and 405 for other methods than POST."""
    path = _STUDIES.fullmatch(request.path.partition("?")[0])
    if path is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "not-found")
    if request.method == "OPTIONS":
        raise Refusal(HTTPStatus.NO_CONTENT, "options", _METHODS, ("Accept", ", ".join((MULTIPART, *_TAKEN))))
    if request.method != "POST":
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "method", _METHODS)
    return path[1]


def demand(request: Request, study: str | None, most: int) -> Demand:
    """The demand of a POST whose body may have `most` bytes. Raises Refusal: 400, 406, 413, 415."""
    lane = request.headers.get(_LANE, "live").lower()
    if lane not in ("live", "bulk"):
        raise Refusal(HTTPStatus.BAD_REQUEST, "lane")
    if int(request.headers.get("content-length", 0)) > most:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request-too-large")
    part_type, boundary = _content(request)
    return Demand(study, part_type, boundary, _answer_type(request), "bulk" if lane == "bulk" else "live")


def _content(request: Request) -> tuple[str, str | None]:
    """What the parts are, and what separates them."""
    kind = media.read(request.headers.get("content-type", ""))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-encoding")
    part_type = kind.parameters.get("type", DICOM).lower() if kind.type == MULTIPART else kind.type
    if part_type not in _TAKEN:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type")
    return part_type, kind.parameters.get("boundary", "") if kind.type == MULTIPART else None


def _answer_type(request: Request) -> str:
    chosen = media.choose(request.headers.get("accept", ""), (DICOM_JSON, DICOM_XML, _JSON))
    if chosen is None:
        raise Refusal(HTTPStatus.NOT_ACCEPTABLE, "accept")
    return chosen
