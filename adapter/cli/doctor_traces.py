"""What `adapter doctor` says of traces: whether the collector takes them."""

import asyncio

from adapter.bootstrap.traces import export_settings
from adapter.cli.finding import Finding
from adapter.operator_errors import ConfigurationError
from adapter.settings import Settings

_OWNER = "operator of the collector"


async def examine_traces(settings: Settings) -> list[Finding]:
    """Send the collector an empty batch, if one is configured."""
    section = settings.traces
    if section is None:
        return []
    try:
        wanted = export_settings(section, "doctor")
    except ConfigurationError as exc:
        return [Finding("traces", str(exc), "operator")]
    from adapter.outbound.traces.export import collector_answers  # noqa: PLC0415 - an extra, loaded only when it is on

    if await asyncio.to_thread(collector_answers, wanted):
        return [Finding("traces", detail=f"{section.endpoint} takes them")]
    fix = "Start the collector, or correct traces.endpoint or traces.headers."
    return [Finding("traces", f"{section.endpoint} does not take OTLP over HTTP. {fix}", _OWNER)]
