"""A call to a model, as the pipeline sees it: what is asked, what came back, what each model can take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from adapter.domain.trace import NO_TRACE, TraceContext
from adapter.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation; role is system, user or assistant."""

    role: str
    content: str


class FinishReason(StrEnum):
    """Why the model stopped, in our words."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call: turns, the strict JSON Schema of the reply, limits, and tags that only a simulator is shown."""

    turns: tuple[Turn, ...]
    schema_name: str
    schema: Mapping[str, Any]
    max_output_tokens: int
    reasoning: str = "none"
    seed: int | None = None
    temperature: float | None = None
    trace: TraceContext = NO_TRACE
    """The span of this call, for the endpoint."""
    nonce: str = ""
    """The random code of the fence in the turns: all that differs between two calls of one request."""
    personal: tuple[str, ...] = ()
    """Texts of the record that its contract declares personal."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """request-id, job-id, task, simulate: sent as x-llm-adapter-* to models with simulator: true only."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model returned, before it is trusted. text None = no content at all."""

    text: str | None
    finish_reason: FinishReason
    usage: Usage
    served_model: str = ""
    system_fingerprint: str = ""
    provider_request_id: str = ""
    refusal: str = ""
    mode: str = "json_schema"
    unsent_parameters: tuple[str, ...] = ()
    simulated_review: bool = False
    """Set by a simulator asked to `simulate: review`; adds the finding SIMULATED_REVIEW."""
