"""One trace as a waterfall: Zipkin's spans in, rich text out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

GAP, NARROWEST, DEEPEST = 2, 12, 4
"""Columns between texts, columns of the narrowest bar, levels of indentation."""

JUSTIFIED: tuple[Literal["left", "right"], ...] = ("left", "left", "right", "right", "left", "left")

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
    if microseconds < 100:
        return f"{microseconds} µs"
    if microseconds < 10_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1000:.0f} ms" if microseconds < 10_000_000 else f"{microseconds / 1_000_000:.1f} s"


def render(trace_id: str, spans: Sequence[Span], width: int = 100) -> RenderableType:
    """The waterfall, `width` columns wide; bars take what the text leaves."""
    begin = min(span.start for span in spans)
    whole = max(max(span.start + span.duration for span in spans) - begin, 1)
    services = list(dict.fromkeys(span.service for span in spans))
    colours = {service: COLOURS[number % len(COLOURS)] for number, service in enumerate(services)}
    texts = [_texts(span, begin) for span in spans]
    room = max(NARROWEST, width - sum(max(map(len, column)) + GAP for column in zip(*texts, strict=True)))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False)
    for justify in JUSTIFIED:
        table.add_column(justify=justify, no_wrap=True)
    for span, (service, step, starts, takes, ending) in zip(spans, texts, strict=True):
        offset = span.start - begin
        line = bar(offset / whole, (offset + span.duration) / whole, room)
        table.add_row(
            Text(service, style=colours[span.service]),
            step,
            Text(starts, style="dim"),
            takes,
            Text(line.ljust(room), style=colours[span.service]),
            Text(ending, style="bold red" if span.error else "yellow"),
        )
    steps = f"{len(spans)} steps" if len(spans) != 1 else "1 step"
    heading = Text.assemble(("trace ", "dim"), trace_id, (f"  {steps} in {milliseconds(whole)}", "dim"))
    return Group(heading, table)


def _texts(span: Span, begin: int) -> tuple[str, str, str, str, str]:
    """Service, step, start after the first one, duration, and how it ended when it did not simply go well."""
    step = "  " * min(span.depth, DEEPEST) + span.name
    ending = f"error: {span.error}" if span.error else span.outcome or ""
    starts = f"+{milliseconds(span.start - begin)}"
    return span.service, step, starts, milliseconds(span.duration), "" if ending == "done" else ending
