"""Where spans go to, as plain values: known also where OpenTelemetry is not installed."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Where to, and how much of it."""

    endpoint: str
    """URL of an OTLP/HTTP collector; without a path: its /v1/traces."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sample: float = 1.0
    """Share of the traces that begin here; what began elsewhere is sampled as it was there."""
    service_name: str = "llm-adapter"
    instance: str = ""
