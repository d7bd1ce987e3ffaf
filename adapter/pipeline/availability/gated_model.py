"""A model with the gate before it, what it may take, and how its strict schemas look."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.pipeline.availability.gate import ModelGate
from adapter.pipeline.availability.limiter import Limiter
from adapter.ports import Model
from adapter.tasks.strict_schema import OPENAI, SchemaProfile


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Backoff between calls without a reply, and how long one call may take."""

    backoff_seconds: float = 0.5
    max_backoff_seconds: float = 8.0
    lone_failures: int = 3
    """So many calls of one job without a reply, each time while others get theirs, are MODEL_FAILED."""
    timeout_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class GatedModel:
    """A model with the gate before it and what it may take."""

    model: Model
    gate: ModelGate
    settings: CallSettings
    context_tokens: int | None = None
    schema_profile: SchemaProfile = OPENAI
    """What it takes as a strict schema."""
    limiter: Limiter | None = None
    """Its limits; None = it has none."""
    headroom: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Tokens that reasoning may take beside the visible ones, by the task's `reasoning`."""

    @property
    def name(self) -> str:
        """Configured name."""
        return self.model.name
