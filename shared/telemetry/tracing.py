"""Spans: made here only, with registered attributes, never with the text of an exception."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.telemetry.attributes import Attribute

ParentContext = Context
Attributes = Mapping[Attribute, str | int | bool]

_TRACER = trace.get_tracer("isocentre")
_PROPAGATOR = TraceContextTextMapPropagator()
_KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "internal": SpanKind.INTERNAL}

EXPORT_EVERY = 500.0
"""Milliseconds between exports: a trace is complete in the store about a second after its last step."""


class Span:
    """An open span, reduced to what may be said of one."""

    def __init__(self, inner: trace.Span) -> None:
        self.inner = inner

    def end(self) -> None:
        """The work is over."""
        self.inner.end()

    def set(self, attributes: Attributes) -> None:
        """Add registered attributes. Raises ValueError for any other."""
        self.inner.set_attributes(_registered(attributes))

    def fail(self, error: str) -> None:
        """Mark the span as failed; `error` is a reason code or a class name."""
        self.inner.set_attribute(Attribute.ERROR.value, error)
        self.inner.set_status(Status(StatusCode.ERROR))

    @property
    def context(self) -> ParentContext:
        """To make this span the parent of another one, on another thread."""
        return trace.set_span_in_context(self.inner, Context())

    @property
    def traceparent(self) -> str:
        """The W3C `traceparent` that makes this span the parent of one in another process."""
        return _traceparent(self.inner.get_span_context())

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return trace.format_trace_id(self.inner.get_span_context().trace_id)


def configure_tracing(
    service: str, instance: str, release: str, zipkin_url: str | None = None, otlp_url: str | None = None
) -> None:
    """Send this process's spans to the given base URLs; to none, spans still carry ids through the topics."""
    resource = Resource.create({"service.name": service, "service.instance.id": instance, "service.version": release})
    provider = TracerProvider(resource=resource)
    if zipkin_url:
        exporter = ZipkinExporter(endpoint=f"{zipkin_url.rstrip('/')}/api/v2/spans")
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EXPORT_EVERY))
    if otlp_url:
        otlp = OTLPSpanExporter(endpoint=f"{otlp_url.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(otlp, schedule_delay_millis=EXPORT_EVERY))
    trace.set_tracer_provider(provider)


def shut_down() -> None:
    """Export what is left."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


def start(
    name: str,
    kind: str = "internal",
    parent: ParentContext | None = None,
    attributes: Attributes | None = None,
    links: Sequence[Span] = (),
) -> Span:
    """An open span that is nobody's current one; it begins a trace of its own when there is no `parent`.

    `links`: spans of other traces that it belongs to. The caller must `end()` it.
    """
    linked = [Link(other.inner.get_span_context()) for other in links]
    given = _registered(attributes or {})
    return Span(_TRACER.start_span(name, parent or Context(), _KINDS[kind], given, linked))


@contextmanager
def span(
    name: str,
    kind: str = "internal",
    parent: ParentContext | None = None,
    attributes: Attributes | None = None,
    links: Sequence[Span] = (),
) -> Iterator[Span]:
    """A span around a piece of work, as `start`; it becomes the current one of this thread."""
    opened = start(name, kind, parent, attributes, links)
    with trace.use_span(opened.inner, record_exception=False, set_status_on_exception=False):
        try:
            yield opened
        except BaseException as failed:
            opened.fail(type(failed).__name__)
            raise
        finally:
            opened.end()


def _traceparent(of: trace.SpanContext) -> str:
    """Empty for no span. The propagator does the same at five times the cost, for each record."""
    if not of.is_valid:
        return ""
    return f"00-{of.trace_id:032x}-{of.span_id:016x}-{of.trace_flags:02x}"


def _registered(attributes: Attributes) -> dict[str, str | int | bool]:
    return {Attribute(name).value: value for name, value in attributes.items()}


def parent_in(traceparent: str | None) -> ParentContext | None:
    """The context that a `traceparent` of ours names, if it is well formed."""
    if not traceparent:
        return None
    context = _PROPAGATOR.extract({"traceparent": traceparent}, Context())
    return context if trace.get_current_span(context).get_span_context().is_valid else None


def trace_id_in(traceparent: str | None) -> str | None:
    """The trace id in a well-formed `traceparent`: 32 hexadecimal digits."""
    context = parent_in(traceparent)
    if context is None:
        return None
    return trace.format_trace_id(trace.get_current_span(context).get_span_context().trace_id)


def current_trace_id() -> str | None:
    """The trace that this thread works for, as 32 hexadecimal digits."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
