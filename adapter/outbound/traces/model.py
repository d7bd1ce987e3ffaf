"""Model calls as spans, by OpenTelemetry's semantic conventions for generative AI (names as of release 1.38)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import orjson

from adapter.domain.model import ModelRequest, Reply, Turn
from adapter.ports import AttributeValue, Model, Span, SpanKind, Tracer

OPERATION = "chat"
_PROVIDERS = {"azure": "azure.ai.openai", "gemini": "gcp.gemini", "vertex": "gcp.vertex_ai", "xai": "x_ai"}


@dataclass(frozen=True, slots=True)
class CallNames:
    """What a configured model is called in its spans."""

    provider: str
    model: str
    """As the provider calls it."""
    url: str = ""
    """Of the endpoint; "" = in this process."""


class TracedModel:
    """Implements ports.Model around another one: each call is a span, and its children hang beneath it."""

    def __init__(self, inner: Model, tracer: Tracer, names: CallNames, *, with_content: bool = False) -> None:
        """with_content: prompts and replies become attributes, too."""
        self.name = inner.name
        self._inner = inner
        self._tracer = tracer
        self._with_content = with_content
        self._span_name = f"{OPERATION} {names.model}"
        self._fixed = _fixed_attributes(self.name, names)

    async def call(self, request: ModelRequest, *, timeout_seconds: float) -> Reply:
        """Make one call. Raises a CallError when no reply came."""
        attributes = self._fixed | _asked(request)
        with self._tracer.span(self._span_name, kind=SpanKind.CLIENT, attributes=attributes) as span:
            if self._with_content:
                span.note({"gen_ai.input.messages": _messages(request.turns)})
            marked = replace(request, trace=self._tracer.here())
            reply = await self._inner.call(marked, timeout_seconds=timeout_seconds)
            self._note(span, reply)
            return reply

    def _note(self, span: Span, reply: Reply) -> None:
        attributes: dict[str, AttributeValue] = {
            "gen_ai.response.finish_reasons": [reply.finish_reason.value],
            "gen_ai.usage.input_tokens": reply.usage.input_tokens,
            "gen_ai.usage.output_tokens": reply.usage.output_tokens,
        }
        if reply.served_model:
            attributes["gen_ai.response.model"] = reply.served_model
        if reply.provider_request_id:
            attributes["llm_adapter.provider_request_id"] = reply.provider_request_id
        if self._with_content and reply.text is not None:
            attributes["gen_ai.output.messages"] = _messages(
                [Turn("assistant", reply.text)], finish_reason=reply.finish_reason.value
            )
        span.note(attributes)

    async def close(self) -> None:
        """Close the model's connections, if it has some."""
        close = getattr(self._inner, "close", None)
        if close is not None:
            await close()


def _fixed_attributes(name: str, names: CallNames) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": OPERATION,
        "gen_ai.provider.name": _PROVIDERS.get(names.provider, names.provider),
        "gen_ai.request.model": names.model,
        "gen_ai.output.type": "json",
        "llm_adapter.model": name,
    }
    parts = urlsplit(names.url)
    if parts.hostname:
        attributes["server.address"] = parts.hostname
        attributes["server.port"] = parts.port or (443 if parts.scheme == "https" else 80)
    return attributes


def _asked(request: ModelRequest) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {"gen_ai.request.max_tokens": request.max_output_tokens}
    if request.temperature is not None:
        attributes["gen_ai.request.temperature"] = request.temperature
    if request.seed is not None:
        attributes["gen_ai.request.seed"] = request.seed
    return attributes


def _messages(turns: Sequence[Turn], **more: str) -> str:
    messages: list[dict[str, Any]] = [
        {"role": turn.role, "parts": [{"type": "text", "content": turn.content}], **more} for turn in turns
    ]
    return orjson.dumps(messages).decode()
