"""What each provider is sent: who we are, and parameters by the names it has for them."""

from dataclasses import replace
from typing import Any

import pytest

from adapter.domain.model import ModelRequest
from tests.integration.models.conftest import Open
from tests.kit.scripted_endpoint import ScriptedEndpoint

KEY = {"api_key": lambda: "k"}


@pytest.mark.parametrize("provider", ["openai", "openrouter", "xai", "gemini", "compatible"])
async def test_a_key_is_sent_as_a_bearer(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, provider: str
) -> None:
    await open_model(provider=provider, **KEY).call(request_body, timeout_seconds=30)
    assert endpoint.asked[0].headers["authorization"] == "Bearer k"
    assert "api-key" not in endpoint.asked[0].headers


async def test_azure_is_sent_its_key_in_a_header_of_its_own_and_the_deployment_as_the_model(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    resource = endpoint.url.removesuffix("/v1")
    model = open_model(provider="azure", base_url=resource, model="gpt-5-mini", deployment="triage-eu", **KEY)
    await model.call(request_body, timeout_seconds=30)
    [asked] = endpoint.asked
    assert asked.path == "/openai/v1/chat/completions"
    assert asked.headers["api-key"] == "k"
    assert "authorization" not in asked.headers
    assert asked.document["model"] == "triage-eu"
    assert asked.document["reasoning_effort"] == "minimal", "the model behind the deployment decides"


async def test_azure_is_called_at_its_classic_address_for_a_dated_version(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    resource = endpoint.url.removesuffix("/v1")
    model = open_model(
        provider="azure", base_url=resource, model="gpt-4o", deployment="d1", api_version="2024-10-21", **KEY
    )
    await model.call(request_body, timeout_seconds=30)
    assert endpoint.asked[0].path == "/openai/deployments/d1/chat/completions?api-version=2024-10-21"
    assert endpoint.asked[0].document["max_tokens"] == request_body.max_output_tokens


async def test_openrouter_is_told_to_use_only_endpoints_that_take_every_parameter(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest
) -> None:
    await open_model(provider="openrouter", **KEY).call(request_body, timeout_seconds=30)
    pinned = {"provider": {"order": ["azure"]}, "plugins": [{"id": "response-healing"}]}
    await open_model(provider="openrouter", extra_body=pinned, **KEY).call(request_body, timeout_seconds=30)
    plain, extended = (asked.document for asked in endpoint.asked)
    assert plain["provider"] == {"require_parameters": True}
    assert extended["provider"] == {"require_parameters": True, "order": ["azure"]}
    assert extended["plugins"] == [{"id": "response-healing"}]


Sent = dict[str, Any]
BOTH: Sent = {"seed": 7, "temperature": 0.5}


@pytest.mark.parametrize(
    ("provider", "model", "sent", "unsent"),
    [
        ("openai", "gpt-4o", {"max_completion_tokens": 400, **BOTH}, ("reasoning",)),
        ("azure", "gpt-4o", {"max_tokens": 400, **BOTH}, ("reasoning",)),
        ("azure", "o4-mini", {"max_completion_tokens": 4496, "seed": 7, "reasoning_effort": "low"}, ("temperature",)),
        (
            "openrouter",
            "acme/m",
            {"max_tokens": 4496, **BOTH, "reasoning": {"effort": "low"}},
            (),
        ),
        (
            "openrouter",
            "openai/o4-mini",
            {"max_tokens": 4496, "seed": 7, "reasoning": {"effort": "low"}},
            ("temperature",),
        ),
        ("xai", "grok-4", {"max_completion_tokens": 4496, **BOTH}, ("reasoning",)),
        (
            "xai",
            "grok-3-mini",
            {"max_completion_tokens": 4496, **BOTH, "reasoning_effort": "low"},
            (),
        ),
        ("xai", "grok-4.3", {"max_completion_tokens": 4496, **BOTH, "reasoning_effort": "low"}, ()),
        ("xai", "grok-4.20-reasoning", {"max_completion_tokens": 4496, **BOTH}, ("reasoning",)),
        ("xai", "grok-4.20-non-reasoning", {"max_completion_tokens": 400, **BOTH}, ("reasoning",)),
        ("gemini", "gemini-2.5-flash", {"max_tokens": 4496, "temperature": 0.5, "reasoning_effort": "low"}, ("seed",)),
        ("gemini", "gemini-2.0-flash", {"max_tokens": 400, "temperature": 0.5}, ("seed", "reasoning")),
        (
            "vertex",
            "google/gemini-3-pro",
            {"max_tokens": 4496, **BOTH, "reasoning_effort": "low"},
            (),
        ),
        ("compatible", "qwen3", {"max_tokens": 4496, **BOTH, "reasoning_effort": "low"}, ()),
    ],
)
async def test_a_parameter_has_the_provider_s_name_or_is_left_out_and_named(
    endpoint: ScriptedEndpoint,
    open_model: Open,
    request_body: ModelRequest,
    provider: str,
    model: str,
    sent: Sent,
    unsent: tuple[str, ...],
) -> None:
    asked_for = replace(request_body, temperature=0.5, seed=7, reasoning="low")
    reply = await open_model(provider=provider, model=model, **KEY).call(asked_for, timeout_seconds=30)
    document = endpoint.asked[0].document
    for always in ("model", "messages", "response_format", "provider"):
        document.pop(always, None)
    assert document == sent
    assert reply.unsent_parameters == unsent


@pytest.mark.parametrize(
    ("model", "effort"), [("gemini-2.5-flash", "none"), ("gemini-2.5-pro", "low"), ("models/gemini-3-pro", "low")]
)
async def test_gemini_is_told_not_to_think_where_that_can_be_told(
    endpoint: ScriptedEndpoint, open_model: Open, request_body: ModelRequest, model: str, effort: str
) -> None:
    await open_model(provider="gemini", model=model, **KEY).call(request_body, timeout_seconds=30)
    assert endpoint.asked[0].document["reasoning_effort"] == effort
