"""The JSON API for the command line."""

import re
from dataclasses import asdict
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from services.gateway import journey
from services.gateway.console import site_books
from services.gateway.parts import Parts
from services.gateway.problems import Problem

ID = re.compile(r"[0-9a-zA-Z.-]{1,64}")


def routes(parts: Parts) -> APIRouter:
    """`/api/instances/{id}` and `/api/sites`."""
    router = APIRouter(prefix="/api")

    @router.get("/instances/{uid}")
    def instances(uid: str) -> Response:
        """The journeys of every arrival that an instance, arrival, series, study or trace id of ours names."""
        named = ID.fullmatch(uid) is not None
        found = journey.assemble(parts.catalogue.journeys(uid) if named else (), parts.trace_store_url)
        if not found:
            raise Problem(404, "Nothing of that id has arrived.")
        return _json({"journeys": [journey.as_json(item) for item in found]})

    @router.get("/sites")
    def sites() -> Response:
        """The books of each site; `live` is false when they come from the index instead of the counters."""
        books = site_books(parts)
        listed = [asdict(book) | {"known": book.known} for book in books["books"]]
        return _json({"live": books["live"], "sites": listed})

    return router


def _json(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
