"""Profiles: which parameters each family of models is sent."""

import json
from typing import Any

import pytest

from adapter.domain.model import ModelRequest, Turn
from adapter.outbound.models.profiles import PROFILES, profile_of
from adapter.outbound.models.request_body import write_body

LEVELS = ("none", "minimal", "low", "medium", "high")


def written(provider: str, model: str, **changes: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    request = ModelRequest((Turn("user", "x"),), "t", {}, 100, **changes)
    body = write_body(request, model, profile_of(provider, model), {})
    return json.loads(body.content), body.unsent_parameters


@pytest.mark.parametrize(
    ("provider", "model", "reasoning", "effort", "unsent"),
    [
        ("openai", "gpt-4o-mini", "none", None, ()),
        ("openai", "gpt-4o-mini", "high", None, ("reasoning",)),
        ("openai", "ft:gpt-4o:acme", "none", None, ()),
        ("openai", "gpt-5-chat-latest", "none", None, ()),
        ("openai", "gpt-5-mini", "none", "minimal", ("reasoning",)),
        ("openai", "gpt-5-mini", "high", "high", ()),
        ("openai", "gpt-5.2", "none", "none", ()),
        ("openai", "gpt-5.2", "minimal", "low", ("reasoning",)),
        ("openai", "o4-mini", "none", "low", ("reasoning",)),
        ("compatible", "qwen3", "none", None, ()),
        ("compatible", "qwen3", "low", "low", ()),
    ],
)
def test_the_nearest_effort_is_sent_and_another_than_asked_is_named(
    provider: str, model: str, reasoning: str, effort: str | None, unsent: tuple[str, ...]
) -> None:
    body, named = written(provider, model, reasoning=reasoning)
    assert body.get("reasoning_effort") == effort
    assert named == unsent


@pytest.mark.parametrize("model", ["gpt-5", "gpt-5.1-mini", "o3", "gpt-6"])
def test_a_temperature_is_not_sent_to_a_reasoning_model(model: str) -> None:
    body, unsent = written("openai", model, temperature=0.0, reasoning="low")
    assert "temperature" not in body
    assert unsent == ("temperature",)
    assert written("openai", "gpt-4.1", temperature=0.0)[0]["temperature"] == 0.0


def test_visible_tokens_get_headroom_for_reasoning() -> None:
    caps = [written("openai", "gpt-5", reasoning=level)[0]["max_completion_tokens"] for level in LEVELS]
    assert caps == sorted(caps)
    assert caps[0] > 100
    assert written("openai", "gpt-4o")[0]["max_completion_tokens"] == 100
    assert written("compatible", "llama")[0]["max_tokens"] == 100


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_a_word_for_every_level(profile: Any) -> None:
    assert set(profile.headroom) == set(LEVELS)
    assert profile.efforts is None or set(profile.efforts) == set(LEVELS)


def test_large_numbers_of_a_schema_keep_their_digits() -> None:
    schema = {"type": "integer", "maximum": 12345678901234567890123}
    request = ModelRequest((Turn("user", "x"),), "t", schema, 100)
    body = write_body(request, "m", profile_of("compatible", "m"), {})
    assert b"12345678901234567890123" in body.content
