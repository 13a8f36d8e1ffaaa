"""The one home of opentelemetry and of logging: spans with allow-listed attributes, JSON logs with trace ids."""

from shared.telemetry.attributes import Attribute, consuming
from shared.telemetry.logs import configure_logging, frames_of, logger
from shared.telemetry.tracing import (
    ParentContext,
    Span,
    configure_tracing,
    current_trace_id,
    parent_in,
    shut_down,
    span,
    start,
    trace_id_in,
)

__all__ = [
    "Attribute",
    "ParentContext",
    "Span",
    "configure_logging",
    "configure_tracing",
    "consuming",
    "current_trace_id",
    "frames_of",
    "logger",
    "parent_in",
    "shut_down",
    "span",
    "start",
    "trace_id_in",
]
