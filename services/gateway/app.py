"""The application: routes, error answers and what stands around every request."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

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
    app.include_router(console.pages(parts))
    app.include_router(api.routes(parts))
    app.include_router(dicomweb.searches(parts))
    app.include_router(dicomweb.retrievals(parts))
    app.mount(STATIC, StaticFiles(directory=console.FOLDER / "static"), name="static")
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Transient, _away)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Observed, routes=app.router.routes)
    return app


def _answer(request: Request, status: int, detail: str) -> Response:
    answer = problems.response(status, detail)
    if not problems.wants_page(request):
        return answer
    context = {"status": status, "title": problems.TITLES.get(status, "Error"), "detail": detail}
    headers = {"Retry-After": answer.headers["Retry-After"]} if status == 503 else None
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
    return _answer(request, refused.status_code, "See the gateway's README for what there is.")


def _invalid(request: Request, _: Exception) -> Response:
    return _answer(request, 400, "The path or the query is malformed.")
