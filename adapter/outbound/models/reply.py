"""A chat completion as a Reply: text, finish reason, refusal and usage in our words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from adapter.domain.model import FinishReason, Reply
from adapter.domain.usage import Usage
from adapter.outbound.models.providers import Provider, Thoughts

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "stop": FinishReason.STOP,
    "eos": FinishReason.STOP,
    "end_turn": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "max_output_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
    "safety": FinishReason.CONTENT_FILTER,
    "recitation": FinishReason.CONTENT_FILTER,
    "refusal": FinishReason.REFUSAL,
}


@dataclass(frozen=True, slots=True)
class NoReply:
    """A 200 that holds no reply. `error` is the error object or string in it, None = there is not even one."""

    error: Any


def read_reply(body: Any, provider: Provider) -> Reply | NoReply:
    """Read a parsed completion of such an endpoint; the first choice counts. Times, prices and ids are not in it."""
    if not isinstance(body, dict) or body.get("error"):
        return NoReply(body or None)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict) or choice.get("error"):
        error = choice.get("error") if isinstance(choice, dict) else None
        return NoReply({"error": error} if error else None)
    text, refusal = _content(message)
    return Reply(
        text=text,
        finish_reason=FinishReason.REFUSAL if refusal else _finish_reason(choice.get("finish_reason")),
        usage=read_usage(body.get("usage"), provider),
        served_model=_text(body.get("model")),
        system_fingerprint=_text(body.get("system_fingerprint")),
        refusal=refusal,
    )


def read_usage(usage: Any, provider: Provider) -> Usage:
    """Normalise token counts; what is missing or absurd is 0. Output includes reasoning, as it is billed."""
    if not isinstance(usage, dict):
        return Usage(model_calls=1)
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    reasoning = _count(usage.get("completion_tokens_details"), "reasoning_tokens")
    uncounted = _uncounted(reasoning, _count(usage, "total_tokens"), prompt + completion, provider.thoughts)
    completion += uncounted
    cached = _count(usage.get("prompt_tokens_details"), "cached_tokens")
    counted = Usage(
        input_tokens=prompt,
        cached_input_tokens=min(cached, prompt),
        output_tokens=completion,
        reasoning_tokens=min(max(reasoning, uncounted), completion),
        model_calls=1,
    )
    cost = _cost(usage) if provider.reports_cost else None
    return counted if cost is None else replace(counted, cost=cost, currency="USD")


def _uncounted(reasoning: int, total: int, counted: int, thoughts: Thoughts) -> int:
    """Reasoning tokens that completion_tokens lacks. The total, where there is one, says whether it does."""
    if thoughts is Thoughts.BESIDE and not total:
        return reasoning
    if thoughts is Thoughts.IN_TOTAL:
        return max(0, total - counted)
    return reasoning if reasoning and total == counted + reasoning else 0


def _cost(usage: Mapping[str, Any]) -> Decimal | None:
    """What was charged, with what the caller's own provider account was charged beside it."""
    details = usage.get("cost_details")
    own = details.get("upstream_inference_cost") if usage.get("is_byok") and isinstance(details, dict) else None
    amounts = [
        Decimal(str(amount))
        for amount in (usage.get("cost"), own)
        if isinstance(amount, (int, float)) and not isinstance(amount, bool)
    ]
    return sum(amounts, Decimal(0)) if amounts else None


def _content(message: Mapping[str, Any]) -> tuple[str | None, str]:
    """Text and refusal; content may come as a list of parts."""
    content, refusal = message.get("content"), _text(message.get("refusal"))
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        refusal = refusal or "".join(_text(part.get("refusal")) for part in parts)
        return "".join(_text(part.get("text")) for part in parts), refusal
    return (content if isinstance(content, str) else None), refusal


def _finish_reason(said: Any) -> FinishReason:
    return _FINISH_REASONS.get(_text(said).lower(), FinishReason.OTHER)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(counts: Any, name: str) -> int:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
