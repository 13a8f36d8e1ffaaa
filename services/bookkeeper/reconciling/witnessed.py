"""What a reconciliation that came round by itself came to: metrics, a log line, and an event."""

import time
from collections.abc import Callable

from services.bookkeeper.comparing.difference import LISTED, Kind
from services.bookkeeper.comparing.report import Report
from services.bookkeeper.reconciling.rounds import WALK, Depth
from shared import metrics, telemetry
from shared.events import BooksReconciled, DifferenceCount, Outgoing, SiteBalance
from shared.outcome import Transient

log = telemetry.logger("bookkeeper")


class Witnessed:
    """`publish` returns when the broker has the event, or raises Transient. Metrics: schemas/metrics.yaml."""

    def __init__(self, publish: Callable[[Outgoing], None]) -> None:
        self._publish = publish
        self._differences = metrics.gauge("isocentre_books_differences")
        self._last = metrics.gauge("isocentre_books_reconciled_timestamp_seconds")
        self._seconds = metrics.gauge("isocentre_books_reconcile_seconds")
        self._ended = metrics.counter("isocentre_books_reconciliations_total")
        for kind in Kind:
            self._differences.labels(kind.value).set(0)

    def came_to(self, depth: Depth, report: Report) -> None:
        """A light one says nothing of what only listings show: there the last walk's counts stay."""
        for kind in Kind:
            if depth == WALK or kind not in LISTED:
                self._differences.labels(kind.value).set(report.findings.of_kind(kind))
        self._last.labels(depth).set(time.time())
        self._seconds.labels(depth).set(report.seconds)
        self._ended.labels(depth, "differ" if report.total else "agree").inc()
        say = log.error if report.total else log.info
        counts = {kind.value: report.findings.of_kind(kind) for kind in Kind if report.findings.of_kind(kind)}
        say("reconciled", depth=depth, differences=counts, seconds=round(report.seconds, 1))
        self._publish(Outgoing.of(reconciled(depth, report)))

    def did_not_end(self, depth: Depth, failed: Exception) -> None:
        """A text of ours is told only for what can be waited for: any other may quote what it failed on."""
        away = isinstance(failed, Transient)
        self._ended.labels(depth, "away" if away else "failed").inc()
        frames = [] if away else telemetry.frames_of(failed)[-4:]
        reason = str(failed) if away else type(failed).__name__
        (log.warning if away else log.error)("not-reconciled", depth=depth, reason=reason, frames=frames)


def reconciled(depth: Depth, report: Report) -> BooksReconciled:
    """The event: sites and kinds, and nothing else of what differs."""
    return BooksReconciled(
        at=report.at,
        depth=depth,
        seconds=round(report.seconds, 3),
        balanced=report.balanced,
        sites=tuple(
            SiteBalance(
                site=books.site,
                received=books.received,
                clean=books.states["clean"],
                quarantined=books.states["quarantined"],
                rejected=books.states["rejected"],
                dead_lettered=books.states["dead"],
                in_flight=books.states["in_flight"],
            )
            for books in report.sites
        ),
        differences=tuple(
            DifferenceCount(site=site, kind=kind.value, count=count)
            for (site, kind), count in sorted(report.findings.counts.items())
        ),
    )
