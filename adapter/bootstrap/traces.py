"""Traces from the configuration: a tracer, and what is put around models, publisher and gRPC where they are on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import grpc.aio

from adapter.inbound.grpc.tracing import TracingInterceptor
from adapter.outbound.traces.export_settings import ExportSettings
from adapter.outbound.traces.model import CallNames, TracedModel
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.ports import NO_TRACER, Tracer
from adapter.secret import reveal
from adapter.settings import ModelSection, Settings
from adapter.settings import Traces as TracesSection
from adapter.settings_file import ConfigurationProblems
from adapter.tasks.problem import Problem

if TYPE_CHECKING:
    from adapter.outbound.traces.export import Exporting


class Traces:
    """The traces of one process; without the section `traces` nothing of them is loaded."""

    def __init__(self, settings: Settings, *, instance: str) -> None:
        """Raise ConfigurationProblems when the extra is not installed, SecretMissing for a header that is not there."""
        self._settings = settings
        self._exporting = _exporting(settings.traces, instance) if settings.traces else None
        self.tracer: Tracer = NO_TRACER
        if self._exporting is not None:
            from adapter.outbound.traces.tracer import OtelTracer  # noqa: PLC0415 - an extra, loaded only when it is on

            self.tracer = OtelTracer(self._exporting.provider)

    def around_models(self, models: Mapping[str, GatedModel]) -> Mapping[str, GatedModel]:
        """Put each call of a model into a span."""
        section = self._settings.traces
        if section is None:
            return models
        return {
            name: replace(
                one,
                model=TracedModel(
                    one.model, self.tracer, _names(name, self._settings.models[name]), with_content=section.content
                ),
            )
            for name, one in models.items()
        }

    def interceptors(self) -> Sequence[grpc.aio.ServerInterceptor]:
        """What the gRPC server needs."""
        return () if self.tracer is NO_TRACER else (TracingInterceptor(self.tracer),)

    async def close(self) -> None:
        """Export what is left."""
        if self._exporting is not None:
            await self._exporting.close()


def _exporting(section: TracesSection, instance: str) -> "Exporting":
    wanted = export_settings(section, instance)
    from adapter.outbound.traces.export import Exporting  # noqa: PLC0415 - as above

    return Exporting(wanted)


def export_settings(section: TracesSection, instance: str) -> ExportSettings:
    """Where to send spans. Raises ConfigurationProblems when the extra is not installed, SecretMissing."""
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        fix = 'OpenTelemetry is not installed. In the repository: pip install ./clients/python ".[traces]"'
        raise ConfigurationProblems((Problem("traces", 0, fix),))
    headers = {name: reveal(value) for name, value in section.headers.items()}
    return ExportSettings(section.endpoint, headers, section.sample, section.service_name, instance)


def _names(name: str, section: ModelSection) -> CallNames:
    return CallNames(section.provider, section.model or name, section.base_url)
