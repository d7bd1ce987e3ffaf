"""Where spans go: OTLP/HTTP, in batches, from a thread of its own, bounded. A collector that is down harms nobody."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from importlib.metadata import version
from urllib.parse import urlsplit

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from adapter.outbound.traces.export_settings import ExportSettings

log = structlog.get_logger()

_QUEUE_SPANS = 8192
_BATCH_SPANS = 512
_DELAY_MILLIS = 1000
_EXPORT_SECONDS = 10
_TRACES_PATH = "/v1/traces"
# A prompt or reply that is asked for may be long; what is cut off says so by its length.
_MOST_ATTRIBUTE_CHARACTERS = 65_536


class Exporting:
    """Owns the provider of a process."""

    def __init__(self, settings: ExportSettings) -> None:
        """Start the exporting thread; nothing is connected before the first span ends."""
        _keep_quiet()
        attributes = {
            "service.name": settings.service_name,
            "service.version": version("llm-adapter"),
            "service.instance.id": settings.instance,
        }
        self.provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.sample)),
            resource=Resource.create(attributes),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_attribute_length=_MOST_ATTRIBUTE_CHARACTERS),
        )
        exporter = _exporter(settings, _EXPORT_SECONDS)
        self.provider.add_span_processor(
            BatchSpanProcessor(
                ReportingExporter(exporter),
                max_queue_size=_QUEUE_SPANS,
                schedule_delay_millis=_DELAY_MILLIS,
                max_export_batch_size=_BATCH_SPANS,
            )
        )

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Export what is left, as far as the time allows."""
        # A daemon: with a collector that is down the package's own shutdown may take half a minute.
        closing = threading.Thread(target=self.provider.shutdown, name="traces", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, timeout_seconds)
        if closing.is_alive():
            log.warning("traces_left_behind", waited_seconds=timeout_seconds)


class ReportingExporter(SpanExporter):
    """Says once that spans do not arrive, and once that they do again; runs in the exporting thread."""

    def __init__(self, inner: SpanExporter) -> None:
        """Take the exporter that sends."""
        self._inner = inner
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; one that fails is dropped."""
        result = self._inner.export(spans)
        has_failed = result is not SpanExportResult.SUCCESS
        if has_failed != self._is_failing:
            self._is_failing = has_failed
            log.warning("traces_not_exported" if has_failed else "traces_exported_again", spans=len(spans))
        return result

    def shutdown(self) -> None:
        """End."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is kept here."""
        return self._inner.force_flush(timeout_millis)


def collector_answers(settings: ExportSettings, timeout_seconds: float = 5.0) -> bool:
    """Send an empty batch, and tell whether it was taken. Blocks."""
    _keep_quiet()
    exporter = _exporter(settings, timeout_seconds)
    try:
        return exporter.export(()) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()


def _keep_quiet() -> None:
    """The package's own words for a collector that is down would be one or two lines a second."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)


def _exporter(settings: ExportSettings, timeout_seconds: float) -> SpanExporter:
    return OTLPSpanExporter(
        endpoint=_traces_url(settings.endpoint), headers=dict(settings.headers), timeout=timeout_seconds
    )


def _traces_url(endpoint: str) -> str:
    has_path = urlsplit(endpoint).path.strip("/")
    return endpoint if has_path else endpoint.rstrip("/") + _TRACES_PATH
