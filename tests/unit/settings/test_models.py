"""Which keys a model of each provider needs, and which are not for it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.settings_file import ConfigurationProblems, load_settings


def said(tmp_path: Path, **keys: Any) -> str:
    """What is wrong with a model; "" = nothing."""
    file = tmp_path / "adapter.yaml"
    file.write_text(yaml.safe_dump({"models": {"m": keys}}))
    try:
        load_settings(file, {})
    except ConfigurationProblems as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize(
    "keys",
    [
        {"provider": "openai", "model": "m", "api_key": "k"},
        {"provider": "azure", "base_url": "https://r", "deployment": "d", "api_key": "k"},
        {
            "provider": "azure",
            "base_url": "https://r",
            "model": "m",
            "credentials": "default",
            "api_version": "2024-10-21",
        },
        {"provider": "openrouter", "model": "v/m", "api_key": "k"},
        {"provider": "xai", "model": "m", "api_key": "k"},
        {"provider": "gemini", "model": "m", "api_key": "k"},
        {"provider": "vertex", "model": "m", "project": "p", "location": "europe-west4"},
        {"provider": "vertex", "model": "m", "project": "p", "credentials": "file:/run/secrets/account.json"},
        {"provider": "compatible", "model": "m", "base_url": "http://h/v1"},
        {"provider": "simulated"},
    ],
)
def test_a_model_with_what_its_provider_needs_is_taken(tmp_path: Path, keys: dict[str, Any]) -> None:
    assert said(tmp_path, **keys) == ""


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"provider": "openai", "api_key": "k"}, "model: the id of the model at the endpoint is missing"),
        ({"provider": "xai", "model": "m"}, 'api_key: is missing; write "${XAI_API_KEY}"'),
        ({"provider": "openrouter", "model": "m"}, 'api_key: is missing; write "${OPENROUTER_API_KEY}"'),
        ({"provider": "gemini", "model": "m"}, 'api_key: is missing; write "${GEMINI_API_KEY}"'),
        ({"provider": "azure", "model": "m", "api_key": "k"}, "base_url: the address of the resource is missing"),
        ({"provider": "azure", "model": "m", "base_url": "https://r"}, "give either api_key or credentials"),
        (
            {"provider": "azure", "model": "m", "base_url": "https://r", "api_key": "k", "credentials": "default"},
            "give either api_key or credentials",
        ),
        ({"provider": "vertex", "model": "m"}, "project: the id of the Google Cloud project is missing"),
        ({"provider": "vertex", "model": "m", "project": "p", "api_key": "k"}, "vertex takes no key"),
        ({"provider": "vertex", "model": "m", "project": "p", "location": "evil.host/"}, "location"),
        ({"provider": "openai", "model": "m", "api_key": "k", "deployment": "d"}, "deployment: is a key of azure"),
        (
            {"provider": "xai", "model": "m", "api_key": "k", "credentials": "x"},
            "credentials: is a key of azure and vertex",
        ),
        ({"provider": "simulated", "project": "p"}, "project: is a key of vertex; remove it"),
    ],
)
def test_what_a_model_lacks_or_has_too_much_is_told(tmp_path: Path, keys: dict[str, Any], complaint: str) -> None:
    assert complaint in said(tmp_path, **keys)
