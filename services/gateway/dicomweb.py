"""The DICOMweb routes: QIDO-RS (PS3.18 10.6) and WADO-RS (PS3.18 10.4)."""

import uuid
from collections.abc import Iterable, Iterator
from itertools import chain

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from services.gateway import accept, dicomjson, multipart, qido, statements
from services.gateway.attributes import Level
from services.gateway.catalogue import Scope
from services.gateway.parts import Parts
from services.gateway.problems import Problem
from services.gateway.wado import suitable

JSON_TYPES = (accept.DICOM_JSON, "application/json")
FUZZY = '299 isocentre "The fuzzymatching parameter is not supported. Only literal matching has been performed."'
MORE = '299 isocentre "The number of results exceeded the maximum supported. Additional results can be requested."'
STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
KEYWORDS = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID"}


def searches(parts: Parts) -> APIRouter:
    """QIDO-RS: the six search resources."""
    routes = APIRouter()

    def search(level: Level, request: Request) -> Response:
        media_type = _json_type(request)
        path = {KEYWORDS[name]: uid for name, uid in request.path_params.items()}
        try:
            query = qido.read(level, request.query_params.multi_items(), path)
        except qido.QueryRefused as refused:
            raise Problem(400, str(refused)) from None
        statement = statements.search(query)
        rows = parts.database.fetch_tuples(statement.sql, statement.parameters)
        found = [dicomjson.result(statement.attributes, row, base_url(request)) for row in rows[: statement.limit]]
        response = Response(orjson.dumps(found), media_type=media_type)
        if query.fuzzy:
            response.headers.append("Warning", FUZZY)
        if len(rows) > statement.limit and (query.limit is None or query.limit > statement.limit):
            response.headers.append("Warning", MORE)
        return response

    @routes.get("/studies")
    def studies(request: Request) -> Response:
        return search(Level.STUDY, request)

    @routes.get("/series")
    @routes.get(STUDY + "/series")
    def series(request: Request) -> Response:
        return search(Level.SERIES, request)

    @routes.get("/instances")
    @routes.get(STUDY + "/instances")
    @routes.get(SERIES + "/instances")
    def instances(request: Request) -> Response:
        return search(Level.INSTANCE, request)

    return routes


def retrievals(parts: Parts) -> APIRouter:
    """WADO-RS: objects as they are stored, their metadata, and pictures of them."""
    routes = APIRouter()

    @routes.get(STUDY)
    @routes.get(SERIES)
    @routes.get(INSTANCE)
    def objects(request: Request) -> Response:
        scope = _scope(request)
        answers = accept.choose_dicom(_accept(request), single=scope.instance is not None)
        found = parts.retrieval.objects(scope)
        answer, rows = suitable(found, answers)
        if not answer.multipart:
            media_type = f"application/dicom; transfer-syntax={rows[0]['transfer_syntax_uid']}"
            return Response(parts.retrieval.bytes_of(rows[0]), media_type=media_type)
        boundary = uuid.uuid4().hex
        body = multipart.write(parts.retrieval.parts(rows, base_url(request)), boundary)
        # 206: some instances are not to be had in the transfer syntax that was asked for (PS3.18 10.4.3.1).
        status = 200 if len(rows) == len(found) else 206
        media_type = multipart.content_type(boundary, accept.DICOM)
        return StreamingResponse(_begun(body), status, media_type=media_type)

    @routes.get(STUDY + "/metadata")
    @routes.get(SERIES + "/metadata")
    @routes.get(INSTANCE + "/metadata")
    def metadata(request: Request) -> Response:
        media_type = _json_type(request)
        rows = parts.retrieval.objects(_scope(request))
        return StreamingResponse(_begun(parts.retrieval.metadata(rows)), media_type=media_type)

    @routes.get(STUDY + "/thumbnail")
    @routes.get(SERIES + "/thumbnail")
    @routes.get(INSTANCE + "/thumbnail")
    def thumbnail(request: Request) -> Response:
        if accept.choose(_accept(request), (accept.JPEG,)) is None:
            raise Problem(406, "Thumbnails are given as image/jpeg.")
        picture = parts.retrieval.picture(_scope(request))
        headers = {"ETag": f'"{picture.etag}"', "Cache-Control": "private, max-age=300"}
        if headers["ETag"] == request.headers.get("if-none-match"):
            return Response(status_code=304, headers=headers)
        return Response(picture.data, media_type=accept.JPEG, headers=headers)

    @routes.get(STUDY + "/rendered")
    @routes.get(SERIES + "/rendered")
    @routes.get(INSTANCE + "/rendered")
    @routes.get(INSTANCE + "/frames/{rest:path}")
    @routes.get(INSTANCE + "/bulkdata/{rest:path}")
    def not_done(request: Request) -> Response:
        raise Problem(501, "Rendered images, frames and bulk data are not served; whole instances and thumbnails are.")

    return routes


def base_url(request: Request) -> str:
    """The service's root as the client sees it, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def _scope(request: Request) -> Scope:
    named = request.path_params
    if any(qido.UID.fullmatch(uid) is None for uid in named.values()):
        raise Problem(400, "The path holds something that is not a UID.")
    return Scope(named["study"], named.get("series"), named.get("instance"))


def _accept(request: Request) -> str:
    # The query parameter is for those who cannot set headers, and then tells more than what their client sends.
    return request.query_params.get("accept") or request.headers.get("accept", "")


def _json_type(request: Request) -> str:
    chosen = accept.choose(_accept(request), JSON_TYPES)
    if chosen is None:
        raise Problem(406, "Results and metadata are given as application/dicom+json.")
    return chosen


def _begun(body: Iterator[bytes]) -> Iterable[bytes]:
    """`body` with its first piece already made: what fails until then is still answered with its own status.

    What fails later breaks the connection off, which every client notices.
    """
    return chain((next(body),), body)
