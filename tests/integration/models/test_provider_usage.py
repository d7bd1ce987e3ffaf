"""What each provider says a call used, in our words: billed tokens, cached ones, and what it cost."""

from decimal import Decimal
from typing import Any

import pytest

from adapter.domain.model import ModelRequest
from adapter.domain.usage import Price
from tests.integration.models.conftest import Open
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, completion


def counted(prompt: int, completed: int, total: int | None = None, **details: Any) -> dict[str, Any]:
    """Write a usage; reasoning and cached go into their details."""
    usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completed}
    if total is not None:
        usage["total_tokens"] = total
    if "reasoning" in details:
        usage["completion_tokens_details"] = {"reasoning_tokens": details["reasoning"]}
    if "cached" in details:
        usage["prompt_tokens_details"] = {"cached_tokens": details["cached"]}
    return usage


@pytest.mark.parametrize(
    ("provider", "usage", "output_tokens", "reasoning_tokens"),
    [
        ("openai", counted(10, 50, 60, reasoning=40), 50, 40),
        ("azure", counted(10, 50, 60, reasoning=40), 50, 40),
        ("openrouter", counted(10, 50, 60, reasoning=40), 50, 40),
        ("xai", counted(10, 50, 100, reasoning=40), 90, 40),
        ("xai", counted(10, 50, reasoning=40), 90, 40),
        ("xai", counted(10, 50, 60, reasoning=40), 50, 40),
        ("gemini", counted(10, 50, 100), 90, 40),
        ("gemini", counted(10, 90, 100, reasoning=40), 90, 40),
        ("vertex", counted(10, 50, 100, reasoning=40), 90, 40),
        ("compatible", counted(10, 50, 60), 50, 0),
        ("compatible", counted(10, 50, 600), 50, 0),
    ],
)
async def test_reasoning_is_output_wherever_it_is_counted(
    endpoint: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    provider: str,
    usage: dict[str, Any],
    output_tokens: int,
    reasoning_tokens: int,
) -> None:
    endpoint.script = [answer(completion(usage=usage))]
    reply = await open_model(provider=provider).call(request_body, timeout_seconds=30)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (10, output_tokens)
    assert reply.usage.reasoning_tokens == reasoning_tokens


@pytest.mark.parametrize("provider", ["openai", "azure", "openrouter", "xai", "gemini", "vertex", "compatible"])
async def test_cached_tokens_are_told_apart_and_cost_their_own_price(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, provider: str
) -> None:
    price = Price(Decimal(10), Decimal(100), Decimal(1), per=1, currency="EUR")
    endpoint.script = [answer(completion(usage=counted(10, 5, 15, cached=8)))]
    reply = await open_model(provider=provider, price=price).call(request_body, timeout_seconds=30)
    assert (reply.usage.input_tokens, reply.usage.cached_input_tokens) == (10, 8)
    assert (reply.usage.cost, reply.usage.currency) == (Decimal(2 * 10 + 8 + 5 * 100), "EUR")


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"cost": 0.00123}, "0.00123"),
        ({"cost": 0.0001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.002}}, "0.0021"),
        ({"cost": 0.002, "is_byok": False, "cost_details": {"upstream_inference_cost": None}}, "0.002"),
    ],
)
async def test_openrouter_says_what_a_call_cost(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, usage: dict[str, Any], cost: str
) -> None:
    endpoint.script = [answer(completion(usage=counted(10, 5, 15) | usage))]
    reply = await open_model(provider="openrouter").call(request_body, timeout_seconds=30)
    assert (reply.usage.cost, reply.usage.currency) == (Decimal(cost), "USD")


async def test_a_configured_price_counts_before_what_openrouter_says(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    price = Price(Decimal(1), Decimal(1), per=1, currency="EUR")
    endpoint.script = [answer(completion(usage=counted(10, 5, 15) | {"cost": 9.0}))]
    reply = await open_model(provider="openrouter", price=price).call(request_body, timeout_seconds=30)
    assert (reply.usage.cost, reply.usage.currency) == (Decimal(15), "EUR")


async def test_ollama_s_three_counters_are_enough(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    endpoint.script = [answer(completion(usage=counted(10, 5, 15), system_fingerprint="fp_ollama"))]
    reply = await open_model(provider="compatible").call(request_body, timeout_seconds=30)
    assert (reply.usage.total_tokens, reply.usage.cost, reply.system_fingerprint) == (15, None, "fp_ollama")
