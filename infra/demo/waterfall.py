"""One trace as a waterfall: Zipkin's spans in, rich text out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

EIGHTHS = " ▏▎▍▌▋▊▉█"
COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "bright_cyan", "bright_magenta", "bright_yellow")


@dataclass(frozen=True, slots=True)
class Span:
    """One step of a trace. Times in microseconds; `start` since the epoch."""

    id: str
    parent: str | None
    service: str
    name: str
    start: int
    duration: int
    error: str | None
    outcome: str | None
    depth: int = 0


def spans_of(answer: Iterable[Mapping[str, Any]]) -> list[Span]:
    """The spans in Zipkin's answer to `GET /api/v2/trace/{id}`, parents before children, then by time."""
    read = {span.id: span for span in map(_span, answer)}
    children: dict[str | None, list[Span]] = {}
    for span in sorted(read.values(), key=lambda span: (span.start, span.id)):
        children.setdefault(span.parent if span.parent in read else None, []).append(span)
    ordered: list[Span] = []
    waiting = [(span, 0) for span in reversed(children.get(None, []))]
    while waiting:
        span, depth = waiting.pop()
        ordered.append(_at_depth(span, depth))
        waiting.extend((child, depth + 1) for child in reversed(children.get(span.id, [])))
    return ordered


def _span(told: Mapping[str, Any]) -> Span:
    tags: Mapping[str, str] = told.get("tags") or {}
    reason = tags.get("isocentre.reason")
    return Span(
        id=str(told["id"]),
        parent=told.get("parentId"),
        service=str((told.get("localEndpoint") or {}).get("serviceName", "?")),
        name=str(told.get("name", "?")),
        start=int(told.get("timestamp", 0)),
        duration=int(told.get("duration", 0)),
        error=tags.get("error.type") or tags.get("error"),
        outcome=" ".join(part for part in (tags.get("isocentre.outcome"), reason) if part) or None,
    )


def _at_depth(span: Span, depth: int) -> Span:
    return Span(
        span.id, span.parent, span.service, span.name, span.start, span.duration, span.error, span.outcome, depth
    )


def bar(start: float, end: float, width: int) -> str:
    """A bar from `start` to `end` (parts of the whole, 0 to 1) in `width` columns; never shorter than an eighth."""
    first, last = start * width * 8, max(end * width * 8, start * width * 8 + 1)
    column = min(int(first // 8), width - 1)
    length = max(1, round(last - column * 8))
    full, rest = divmod(length, 8)
    full = min(full, width - column)
    tail = EIGHTHS[rest] if rest and column + full < width else ""
    return " " * column + EIGHTHS[8] * full + tail


def milliseconds(microseconds: int) -> str:
    """A duration for people."""
    if microseconds < 10_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1000:.0f} ms" if microseconds < 10_000_000 else f"{microseconds / 1_000_000:.1f} s"


def render(trace_id: str, spans: Sequence[Span], width: int = 100) -> RenderableType:
    """The waterfall, about `width` columns wide."""
    begin = min(span.start for span in spans)
    whole = max(max(span.start + span.duration for span in spans) - begin, 1)
    services = list(dict.fromkeys(span.service for span in spans))
    colours = {service: COLOURS[number % len(COLOURS)] for number, service in enumerate(services)}
    room = max(12, width - 78)
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("service", no_wrap=True)
    table.add_column("step", no_wrap=True)
    table.add_column("starts", justify="right", no_wrap=True)
    table.add_column("takes", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=room)
    table.add_column("", no_wrap=True)
    for span in spans:
        offset = span.start - begin
        table.add_row(
            Text(span.service, style=colours[span.service]),
            Text("  " * min(span.depth, 6) + span.name),
            Text(milliseconds(offset), style="dim"),
            milliseconds(span.duration),
            Text(bar(offset / whole, (offset + span.duration) / whole, room), style=colours[span.service]),
            _ending(span),
        )
    steps = f"{len(spans)} steps" if len(spans) != 1 else "1 step"
    heading = Text.assemble(("trace ", "dim"), trace_id, (f"  {steps} in {milliseconds(whole)}", "dim"))
    return Group(heading, table)


def _ending(span: Span) -> Text:
    if span.error:
        return Text(f"error: {span.error}", style="bold red")
    if span.outcome and span.outcome != "done":
        return Text(span.outcome, style="yellow")
    return Text("")
