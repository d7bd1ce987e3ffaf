"""Spans over OpenTelemetry's SDK: beneath what they hang, and what they say."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind as OtelKind
from structlog.testing import capture_logs

from adapter.bootstrap import traces
from adapter.domain.message import ReceivedMessage
from adapter.domain.trace import TraceContext
from adapter.errors import OutputInvalid
from adapter.inbound.amqp.tracing import traced
from adapter.outbound.traces.export import ReportingExporter, _traces_url
from adapter.outbound.traces.tracer import OtelTracer
from adapter.ports import NO_TRACER, SpanKind
from adapter.service.api import Disposition
from adapter.settings import Settings
from adapter.settings_file import ConfigurationProblems

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
REMOTE = TraceContext(f"00-{TRACE_ID}-00f067aa0ba902b7-01", "shop=7")


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Iterator[OtelTracer]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield OtelTracer(provider)
    provider.shutdown()


def marks() -> Mapping[str, object]:
    return structlog.contextvars.get_contextvars()


def parent_of(span: ReadableSpan) -> str:
    return format(span.parent.span_id, "016x") if span.parent else ""


def test_a_span_continues_a_trace_that_began_elsewhere(tracer: OtelTracer, exporter: InMemorySpanExporter) -> None:
    with tracer.span("outer", kind=SpanKind.SERVER, attributes={"a": 1}, parent=REMOTE):
        here = tracer.here()

    (span,) = exporter.get_finished_spans()
    assert parent_of(span) == "00f067aa0ba902b7"
    assert (span.kind, dict(span.attributes or {})) == (OtelKind.SERVER, {"a": 1})
    assert (here.trace_id, here.tracestate) == (TRACE_ID, "shop=7")


def test_inside_a_span_the_remote_parent_counts_no_more(tracer: OtelTracer, exporter: InMemorySpanExporter) -> None:
    with tracer.span("outer"), tracer.span("inner", parent=REMOTE):
        pass

    inner, outer = exporter.get_finished_spans()
    assert outer.context is not None
    assert parent_of(inner) == format(outer.context.span_id, "016x")


@pytest.mark.parametrize(
    ("raised", "said"), [(OutputInvalid("secret words"), "OUTPUT_INVALID"), (ValueError("secret words"), "ValueError")]
)
def test_an_error_is_named_and_its_message_left_out(
    tracer: OtelTracer, exporter: InMemorySpanExporter, raised: Exception, said: str
) -> None:
    with pytest.raises(type(raised)), tracer.span("failing"):
        raise raised

    (span,) = exporter.get_finished_spans()
    assert (span.attributes or {})["error.type"] == said
    assert not span.status.is_ok
    assert "secret" not in span.to_json()


def test_log_lines_inside_carry_the_ids_and_those_outside_what_they_had(tracer: OtelTracer) -> None:
    structlog.contextvars.bind_contextvars(trace_id="before")
    try:
        with tracer.span("outer", parent=REMOTE):
            inside = dict(marks())
        outside = dict(marks())
    finally:
        structlog.contextvars.clear_contextvars()

    assert inside["trace_id"] == TRACE_ID
    assert len(str(inside["span_id"])) == 16
    assert outside == {"trace_id": "before"}


def test_outside_of_every_span_nothing_is_handed_on(tracer: OtelTracer) -> None:
    assert tracer.here().headers() == {}
    assert NO_TRACER.here().headers() == {}


def test_with_traces_off_handlers_stay_as_they_are() -> None:
    async def handle(_message: ReceivedMessage) -> Disposition:
        return Disposition.ACK

    assert traced(handle, NO_TRACER) is handle


def test_with_traces_off_the_service_loads_nothing_of_opentelemetry() -> None:
    program = "import sys, adapter.bootstrap.application; print([m for m in sys.modules if m.startswith('opentel')])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own words

    assert done.stdout == "[]\n"


def test_traces_without_the_extra_are_a_problem_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "find_spec", lambda _name: None)
    settings = Settings.model_validate({"traces": {"endpoint": "http://localhost:4318"}})

    with pytest.raises(ConfigurationProblems, match=r"pip install .*\[traces\]"):
        traces.Traces(settings, instance="a")


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://vendor.example/otlp/v1/traces", "https://vendor.example/otlp/v1/traces"),
    ],
)
def test_an_endpoint_without_a_path_means_its_traces(endpoint: str, url: str) -> None:
    assert _traces_url(endpoint) == url


class ScriptedExporter(SpanExporter):
    """Ends each export as it is told."""

    def __init__(self, *results: SpanExportResult) -> None:
        self._results = iter(results)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - as every exporter
        return next(self._results)


def test_a_collector_that_is_down_is_told_of_once_and_once_that_it_is_back() -> None:
    up, down = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
    exporter = ReportingExporter(ScriptedExporter(up, down, down, up, up))

    with capture_logs() as logs:
        for _ in range(5):
            exporter.export([])

    assert [line["event"] for line in logs] == ["traces_not_exported", "traces_exported_again"]
