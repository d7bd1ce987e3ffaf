"""ports.Tracer over OpenTelemetry's SDK. Log lines inside a span carry trace_id and span_id."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from adapter.domain.trace import NO_TRACE, TraceContext
from adapter.errors import AdapterError
from adapter.ports import Attributes, SpanKind

_PROPAGATOR = TraceContextTextMapPropagator()
_KINDS = {kind: trace.SpanKind[kind.value] for kind in SpanKind}


class OtelSpan:
    """Implements ports.Span."""

    def __init__(self, span: trace.Span) -> None:
        """Take the span of the SDK."""
        self._span = span

    def note(self, attributes: Attributes) -> None:
        """Set attributes."""
        self._span.set_attributes(attributes)

    def failed(self, reason: str) -> None:
        """Set the status, and error.type as the semantic conventions name it."""
        self._span.set_attribute("error.type", reason)
        self._span.set_status(trace.StatusCode.ERROR)


class OtelTracer:
    """Implements ports.Tracer."""

    def __init__(self, provider: TracerProvider) -> None:
        """Take the provider, which samples and exports; it is not made the global one."""
        self._tracer = provider.get_tracer("llm-adapter")

    @contextmanager
    def span(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        parent: TraceContext = NO_TRACE,
    ) -> Iterator[OtelSpan]:
        """Do something within a span."""
        context = None if trace.get_current_span().get_span_context().is_valid else _context_of(parent)
        span = self._tracer.start_span(name, context, _KINDS[kind], attributes)
        ids = span.get_span_context()
        marks = structlog.contextvars.bind_contextvars(
            trace_id=trace.format_trace_id(ids.trace_id), span_id=trace.format_span_id(ids.span_id)
        )
        mine = OtelSpan(span)
        try:
            # An exception's message may hold what no trace may: its class or reason says enough.
            with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
                try:
                    yield mine
                except BaseException as exc:
                    mine.failed(exc.reason if isinstance(exc, AdapterError) else type(exc).__name__)
                    raise
        finally:
            structlog.contextvars.reset_contextvars(**marks)

    def here(self) -> TraceContext:
        """Write the current span as headers."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return TraceContext(carrier.get("traceparent", ""), carrier.get("tracestate", ""))


def _context_of(parent: TraceContext) -> Context:
    return _PROPAGATOR.extract(parent.headers(), Context())
