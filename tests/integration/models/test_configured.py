"""Models as the configuration makes them: secrets from files, sign-in, headers."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from adapter.bootstrap.models import build_models, close_models
from adapter.domain.model import ModelRequest
from adapter.outbound.metrics import Metrics
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.settings import ModelSection, Settings
from adapter.tasks.catalogue import Catalogue
from tests.kit.scripted_endpoint import ScriptedEndpoint, answer, completion

Configured = Callable[..., GatedModel]


@pytest.fixture
async def configured() -> AsyncIterator[Configured]:
    async with AsyncExitStack() as stack:

        def build(**keys: Any) -> GatedModel:
            settings = Settings(models={"m": ModelSection(**keys)})
            models = build_models(settings, Catalogue([]), Metrics())
            stack.push_async_callback(close_models, models)
            return models["m"]

        yield build


async def test_a_key_in_a_file_that_was_renewed_is_used_without_a_restart(
    endpoint: ScriptedEndpoint, configured: Configured, request_body: ModelRequest, tmp_path: Path
) -> None:
    secret = tmp_path / "key"
    secret.write_text("expired\n")
    model = configured(provider="xai", model="grok-4", base_url=endpoint.url, api_key=f"file:{secret}")
    await model.model.call(request_body, timeout_seconds=30)
    secret.write_text("renewed\n")
    endpoint.script = [answer({"code": "x", "error": "Invalid API key"}, 401), answer(completion())]

    reply = await model.model.call(request_body, timeout_seconds=30)

    assert reply.text
    sent = [asked.headers["authorization"] for asked in endpoint.asked]
    assert sent == ["Bearer expired", "Bearer expired", "Bearer renewed"]


async def test_an_identity_in_a_file_is_read_for_each_token(
    endpoint: ScriptedEndpoint, configured: Configured, request_body: ModelRequest, tmp_path: Path
) -> None:
    identity = tmp_path / "identity.json"
    identity.write_text("not yet there")
    root = endpoint.url.removesuffix("/v1")
    model = configured(provider="azure", base_url=root, deployment="d", credentials=f"file:{identity}")
    identity.write_text(f'{{"tenantId": "t", "clientId": "c", "clientSecret": "s", "authority": "{root}"}}')
    endpoint.script = [answer({"access_token": "t-1", "expires_in": 3600}), answer(completion())]

    reply = await model.model.call(request_body, timeout_seconds=30)

    assert reply.text
    assert [asked.path for asked in endpoint.asked] == ["/t/oauth2/v2.0/token", "/openai/v1/chat/completions"]
    assert endpoint.asked[1].headers["authorization"] == "Bearer t-1"


def test_no_secret_of_a_model_is_in_its_settings_as_they_are_shown() -> None:
    section = ModelSection(
        provider="azure",
        base_url="https://r",
        deployment="d",
        credentials="hush-1",
        proxy="http://u:hush-2@p",
        headers={"x": "hush-3"},
    )
    assert "hush" not in repr(section)
