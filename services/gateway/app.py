"""The application: routes, error answers and what stands around every request."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from services.gateway import api, console, dicomweb, problems
from services.gateway.observing import STATIC, Observed
from services.gateway.parts import Parts
from services.gateway.problems import Problem
from shared.outcome import Transient
from shared.telemetry import logger

log = logger(__name__)


def create_app(parts: Parts) -> FastAPI:
    """The gateway over `parts`. No documentation pages: they would load scripts from elsewhere."""
    app = FastAPI(title="Isocentre gateway", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    routers = (console.pages(parts), api.routes(parts), dicomweb.searches(parts), dicomweb.retrievals(parts))
    for router in routers:
        app.include_router(router)
    static = Mount(STATIC, StaticFiles(directory=console.FOLDER / "static"), name="static")
    app.router.routes.append(static)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Transient, _away)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    # The routers' own routes: what the application makes of an included router has no path to name a request by.
    app.add_middleware(Observed, routes=[*(route for router in routers for route in router.routes), static])
    return app


def _answer(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    headers = {**problems.headers(status), **(headers or {})}
    if not problems.wants_page(request):
        return problems.response(status, detail, headers)
    context = {"status": status, "title": problems.TITLES.get(status, "Error"), "detail": detail}
    return console.TEMPLATES.TemplateResponse(request, "problem.html", context, status, headers)


def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return _answer(request, problem.status, problem.detail)


def _away(request: Request, away: Exception) -> Response:
    # Its text is ours (adapters write no more than which dependency and what kind of trouble).
    log.warning("dependency-away", reason=str(away))
    return _answer(request, 503, "The index or the object store does not answer.")


def _http(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, HTTPException)
    return _answer(request, refused.status_code, "See the gateway's README for what there is.", refused.headers)


def _invalid(request: Request, _: Exception) -> Response:
    return _answer(request, 400, "The path or the query is malformed.")
