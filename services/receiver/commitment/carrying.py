"""Carries requests out: judges each once, and tells its site until it knows, or for too long. In one process only."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pydicom.dataset import Dataset

from services.receiver.commitment import report
from services.receiver.commitment.docket import Docket, Open
from services.receiver.commitment.report import Result
from services.receiver.commitment.telling import NotTold
from shared import metrics, telemetry
from shared.dicom.patients import UnknownSite
from shared.outcome import Transient
from shared.sites import Commitment, Sites
from shared.telemetry import Attribute

SOONEST, LATEST = timedelta(seconds=5), timedelta(hours=1)
"""Between two tries: the time doubles."""
GIVEN_UP = timedelta(days=3)
"""After the request. A site that has not been told keeps its copies."""
AT_ONCE = 4
"""Sites that are served at the same time: reading back must leave room for what arrives."""
_TICK, _LAST_WORD = 1.0, 5.0
"""Seconds."""

log = telemetry.logger("receiver")


class Judges(Protocol):
    """Who decides what is committed."""

    def __call__(self, request: Open, days: int, span: telemetry.Span) -> Result:
        """Raises Transient."""
        ...


class Carrying:
    """One thread that looks at the docket, and one for each site that something is done for."""

    def __init__(
        self,
        docket: Docket,
        judge: Judges,
        sites: Callable[[], Sites],
        tell: Callable[[Commitment, str, int, Dataset], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._docket, self._judge, self._sites, self._tell, self._clock = docket, judge, sites, tell, clock
        self._reports = metrics.counter("isocentre_commitment_reports_total")
        self._open = metrics.gauge("isocentre_commitment_open_requests")
        self._busy: dict[str, threading.Thread] = {}
        self._counted: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. What is under way then is begun again at the next start."""
        while not stop.wait(_TICK):
            try:
                self.look()
            except Exception as failed:
                log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
        for busy in list(self._busy.values()):
            busy.join(_LAST_WORD)

    def look(self) -> None:
        """Begin what is due, one request of each site at a time."""
        for number, site in self._docket.due(self._clock()):
            if len(self._busy) >= AT_ONCE:
                break
            if site not in self._busy:
                thread = threading.Thread(target=self._serve, args=(number, site), name="commitment", daemon=True)
                self._busy[site] = thread
                try:
                    thread.start()
                except RuntimeError:  # no thread more
                    del self._busy[site]
                    raise
        self._count()

    def carry_out(self, number: str) -> None:
        """Go on with that request as far as it goes now."""
        request = self._docket.open(number)
        if request is None:
            return
        attributes = {Attribute.SITE: request.site, Attribute.COMMITMENT: request.id}
        with telemetry.span("commitment", parent=telemetry.parent_in(request.trace), attributes=attributes) as span:
            outcome = self._outcome(request, span)
            span.set({Attribute.OUTCOME: outcome})
        if outcome in ("delivered", "given-up"):
            self._docket.remove(number)
        else:
            self._docket.put_off(number, self._clock() + _wait(request.attempts))
        self._reports.labels(request.site, outcome).inc()
        log.info("commitment-report", commitment=number, site=request.site, outcome=outcome, attempt=request.attempts)

    def _outcome(self, request: Open, span: telemetry.Span) -> str:
        if self._clock() - request.at > GIVEN_UP:
            return "given-up"
        to = self._terms(request.site)
        if to is None:
            return "switched-off"
        try:
            result = request.result
            if result is None:
                result = self._judge(request, to.days, span)
                self._docket.judged(request.id, result)
            self._tell(to, request.called, report.event_type(result), report.data_set(request.asked, result))
        except Transient:
            return "not-judged"
        except NotTold as why:
            return str(why)
        return "delivered"

    def _terms(self, site: str) -> Commitment | None:
        try:
            return self._sites().site(site).commitment
        except UnknownSite:
            return None

    def _serve(self, number: str, site: str) -> None:
        try:
            self.carry_out(number)
        except Exception as failed:
            log.error("unexpected", error=type(failed).__name__, frames=telemetry.frames_of(failed)[-4:])
            with suppress(sqlite3.Error):
                self._docket.put_off(number, self._clock() + LATEST)
        finally:
            del self._busy[site]

    def _count(self) -> None:
        counts = self._docket.counts()
        self._counted |= counts.keys()
        for site in self._counted:
            self._open.labels(site).set(counts.get(site, 0))


def _wait(attempts: int) -> timedelta:
    return min(LATEST, SOONEST * (1 << min(attempts, 20)))
