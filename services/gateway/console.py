"""The console's pages, and the fragments with which an open page keeps itself up to date."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.gateway import journey, sites, views
from services.gateway.parts import Parts
from services.gateway.problems import Problem
from services.gateway.qido import UID
from shared.letters import by_cause, cause_of

PAGE = 24
RECENT_LETTERS = 20
FOLDER = Path(__file__).resolve().parent


def _templates() -> Jinja2Templates:
    environment = Environment(
        loader=PackageLoader("services.gateway"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["views"] = views
    return Jinja2Templates(env=environment)


TEMPLATES = _templates()


@dataclass(frozen=True, slots=True)
class Filters:
    """What a person narrowed the studies to."""

    text: str = ""
    modality: str = ""
    site: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        """From the URL; nonsense is nothing."""
        page = query.get("page", "1")
        return cls(
            text=query.get("q", "").strip()[:128].replace("\0", ""),
            modality=query.get("modality", "")[:16].replace("\0", ""),
            site=query.get("site", "")[:64].replace("\0", ""),
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        )

    @property
    def active(self) -> bool:
        """Whether anything is left out because of them."""
        return bool(self.text or self.modality or self.site)

    def url(self, **changes: object) -> str:
        """The query of the same list with some of them changed."""
        named = {"q": self.text, "modality": self.modality, "site": self.site, "page": self.page, **changes}
        return urlencode({name: value for name, value in named.items() if value and (name, value) != ("page", 1)})


def pages(parts: Parts) -> APIRouter:
    """`/`, `/study/…`, `/instance/…`, `/dead-letters/…` and the fragments."""
    routes = APIRouter(include_in_schema=False)

    def show(request: Request, name: str, **context: Any) -> HTMLResponse:
        common = {"now": parts.now(), "trace_store_url": parts.trace_store_url}
        return TEMPLATES.TemplateResponse(request, name, common | context)

    @routes.get("/")
    def overview(request: Request) -> Response:
        filters = Filters.of(request.query_params)
        listed = studies_shown(parts, filters)
        return show(request, "overview.html", **site_books(parts), **listed)

    @routes.get("/fragments/sites")
    def sites_fragment(request: Request) -> Response:
        return show(request, "_sites.html", **site_books(parts))

    @routes.get("/fragments/studies")
    def studies_fragment(request: Request) -> Response:
        return show(request, "_studies.html", **studies_shown(parts, Filters.of(request.query_params)))

    @routes.get("/study/{uid}")
    def study(request: Request, uid: str) -> Response:
        _named(uid)
        found = parts.catalogue.study(uid)
        refused = parts.catalogue.refused_in(uid)
        if found is None and not refused:
            raise Problem(404, "No study of that UID has arrived.")
        shown = views.by_series(parts.catalogue.series(uid), parts.catalogue.instances(uid))
        return show(request, "study.html", uid=uid, study=found, series=shown, refused=refused)

    @routes.get("/instance/{uid}")
    def instance(request: Request, uid: str) -> Response:
        _named(uid)
        journeys = journey.assemble(parts.catalogue.journeys_of_instance(uid), parts.trace_store_url)
        found = parts.catalogue.instance(uid)
        if found is None and not journeys:
            raise Problem(404, "No instance of that UID has arrived.")
        # What the page shows comes first, then what else arrived under its UID.
        journeys = tuple(sorted(journeys, key=lambda item: not item.in_index))
        return show(request, "instance.html", uid=uid, instance=found, journeys=journeys)

    @routes.get("/dead-letters")
    def dead_letters(request: Request) -> Response:
        return show(request, "letters.html", **stopped(parts))

    @routes.get("/fragments/dead-letters")
    def dead_letters_fragment(request: Request) -> Response:
        return show(request, "_letters.html", **stopped(parts))

    @routes.get("/dead-letters/{letter_id}")
    def dead_letter(request: Request, letter_id: str) -> Response:
        deaths = parts.letters.deaths(letter_id)
        if not deaths:
            raise Problem(404, "No dead letter of that id is known on this side.")
        (letter,) = (one for one in deaths if one.id == letter_id)
        trace = journey.trace_link(parts.trace_store_url, letter.event.trace_id)
        return show(request, "letter.html", letter=letter, deaths=deaths, cause=cause_of(letter), trace_url=trace)

    return routes


def stopped(parts: Parts) -> dict[str, Any]:
    """What did not go through: open dead letters by cause, those that are settled, and the books of the sites."""
    known = parts.letters.all()
    return {
        "causes": by_cause(letter for letter in known if letter.state == "open"),
        "settled": Counter(views.letter_state(letter) for letter in known if letter.state != "open"),
        "recent": tuple(reversed(known))[:RECENT_LETTERS],
        **site_books(parts),
    }


def _named(uid: str) -> None:
    # PostgreSQL takes no NUL, and nothing longer or stranger was ever let in.
    if UID.fullmatch(uid) is None:
        raise Problem(404, "That is not a UID.")


def site_books(parts: Parts) -> dict[str, Any]:
    """The books of every site, from the counters or, while they cannot be had, from the index."""
    counted = parts.counters.all()
    live = bool(counted)
    books = [sites.book_of(item) for item in counted or sites.counted_from_journeys(parts.catalogue.site_counts())]
    stages = {name: sum(book.stages.get(name, 0) for book in books) for name, _ in views.STAGES}
    stages[sites.NO_PICTURE] = sum(book.stages.get(sites.NO_PICTURE, 0) for book in books)
    return {"books": books, "stages": stages, "live": live}


def studies_shown(parts: Parts, filters: Filters) -> dict[str, Any]:
    """One page of studies, with what the page around it needs."""
    catalogue = parts.catalogue
    chosen = (filters.text, filters.modality, filters.site)
    return {
        "filters": filters,
        "studies": catalogue.studies(*chosen, PAGE, (filters.page - 1) * PAGE),
        "count": catalogue.study_count(*chosen),
        "per_page": PAGE,
        "totals": catalogue.totals(),
        "modalities": catalogue.modalities(),
        "refused": catalogue.refused(8),
    }
