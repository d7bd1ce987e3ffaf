"""Where the calls of each provider go."""

import pytest

from adapter.outbound.models.addresses import completions_url
from adapter.outbound.models.endpoint import ModelEndpoint, UnknownProvider

RESOURCE = "https://acme.openai.azure.com"
VERTEX = "aiplatform.googleapis.com/v1/projects/acme-1/locations"


@pytest.mark.parametrize(
    ("provider", "keys", "url"),
    [
        ("openai", {}, "https://api.openai.com/v1/chat/completions"),
        ("openrouter", {}, "https://openrouter.ai/api/v1/chat/completions"),
        ("xai", {}, "https://api.x.ai/v1/chat/completions"),
        ("gemini", {}, "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"),
        ("vertex", {"project": "acme-1"}, f"https://{VERTEX}/global/endpoints/openapi/chat/completions"),
        (
            "vertex",
            {"project": "acme-1", "location": "europe-west4"},
            f"https://europe-west4-{VERTEX}/europe-west4/endpoints/openapi/chat/completions",
        ),
        ("compatible", {"base_url": "http://host:8000/v1/"}, "http://host:8000/v1/chat/completions"),
        ("openai", {"base_url": "https://eu.api.openai.com/v1"}, "https://eu.api.openai.com/v1/chat/completions"),
        ("azure", {"base_url": RESOURCE}, f"{RESOURCE}/openai/v1/chat/completions"),
        ("azure", {"base_url": f"{RESOURCE}/openai/v1/"}, f"{RESOURCE}/openai/v1/chat/completions"),
        (
            "azure",
            {"base_url": RESOURCE, "api_version": "preview"},
            f"{RESOURCE}/openai/v1/chat/completions?api-version=preview",
        ),
        (
            "azure",
            {"base_url": f"{RESOURCE}/openai", "api_version": "2024-10-21", "deployment": "my dep"},
            f"{RESOURCE}/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21",
        ),
        (
            "azure",
            {"base_url": RESOURCE, "api_version": "2024-08-01-preview"},
            f"{RESOURCE}/openai/deployments/some-model/chat/completions?api-version=2024-08-01-preview",
        ),
    ],
)
def test_each_provider_is_called_at_its_address(provider: str, keys: dict[str, str], url: str) -> None:
    assert completions_url(ModelEndpoint("m", "some-model", provider, **keys)) == url  # type: ignore[arg-type]  # tests name keys freely


def test_a_provider_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownProvider, match="known are openai, azure"):
        completions_url(ModelEndpoint("m", "some-model", "telegraph"))
