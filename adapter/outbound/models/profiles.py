"""What each kind of endpoint takes, as data: the first profile whose provider and model name match counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

_HEADROOM = {"none": 0, "minimal": 1_024, "low": 4_096, "medium": 16_384, "high": 32_768}


@dataclass(frozen=True, slots=True)
class Profile:
    """Parameters of one family of models. Facts: OpenAI's model pages and API reference."""

    provider: str
    models: str = ""
    """Pattern at the start of the model's name, "" = all."""
    output_cap: str = "max_completion_tokens"
    """Name of the parameter that limits the reply."""
    unsendable: frozenset[str] = frozenset()
    """Of temperature and seed: what it refuses, or silently ignores."""
    efforts: Mapping[str, str] | None = None
    """Our reasoning → its reasoning_effort; None = the parameter is not sent at all."""
    nests_effort: bool = False
    """True where the effort is sent as reasoning.effort."""
    headroom: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(_HEADROOM, 0))
    """Tokens that reasoning may take beside the visible ones, by our reasoning."""

    def covers(self, provider: str, model: str) -> bool:
        """Tell whether this is the profile of a model (fine-tuned ones are as what they were made of)."""
        return self.provider == provider and re.match(self.models, model.removeprefix("ft:")) is not None


def _efforts(least: str, *, minimal: str = "low") -> dict[str, str]:
    return {"none": least, "minimal": minimal, "low": "low", "medium": "medium", "high": "high"}


def _reasoning_headroom(least: str) -> dict[str, int]:
    return {**_HEADROOM, "none": _HEADROOM[least], "minimal": max(_HEADROOM["minimal"], _HEADROOM[least])}


_NO_TEMPERATURE = frozenset({"temperature"})
# An effort is sent only when one is asked for; the endpoint decides what it thinks without.
_ONLY_ASKED = _efforts("", minimal="minimal")


def _openai_families(provider: str, prefix: str = "", **changes: Any) -> tuple[Profile, ...]:
    """OpenAI's models, wherever they are served."""
    families = (
        Profile(provider, r"gpt-5(\.\d+)?-chat"),
        Profile(  # gpt-5.1 and later can be told not to reason
            provider, r"gpt-5\.\d+|gpt-[6-9]", unsendable=_NO_TEMPERATURE, efforts=_efforts("none"), headroom=_HEADROOM
        ),
        Profile(
            provider,
            r"gpt-5",
            unsendable=_NO_TEMPERATURE,
            efforts=_efforts("minimal", minimal="minimal"),
            headroom=_reasoning_headroom("minimal"),
        ),
        Profile(
            provider,
            r"o\d",
            unsendable=_NO_TEMPERATURE,
            efforts=_efforts("low"),
            headroom=_reasoning_headroom("low"),
        ),
    )
    return tuple(replace(family, models=f"{prefix}(?:{family.models})", **changes) for family in families)


def _gemini_families(provider: str, unsendable: frozenset[str]) -> tuple[Profile, ...]:
    """Gemini's models: thoughts count against the output cap; those of 2.5 flash can be turned off."""
    families = (
        Profile(provider, r"gemini-2\.5-flash", efforts=_efforts("none"), headroom=_HEADROOM),
        Profile(provider, r"gemini-(2\.5|[3-9])", efforts=_efforts("low"), headroom=_reasoning_headroom("low")),
        Profile(provider),
    )
    return tuple(
        replace(
            family,
            models=rf"(?:(?:models|google)/)?(?:{family.models})" if family.models else "",
            output_cap="max_tokens",
            unsendable=unsendable,
        )
        for family in families
    )


PROFILES = (
    *_openai_families("openai"),
    Profile("openai"),
    *_openai_families("azure"),
    Profile("azure", r"gpt-(3|4)", output_cap="max_tokens"),  # older versions of its API know no other
    Profile("azure"),
    *_openai_families("openrouter", "openai/", output_cap="max_tokens", nests_effort=True),
    Profile("openrouter", output_cap="max_tokens", efforts=_ONLY_ASKED, headroom=_HEADROOM, nests_effort=True),
    Profile(
        "xai",
        r"grok-3-mini",
        efforts={"none": "low", "minimal": "low", "low": "low", "medium": "high", "high": "high"},
        headroom=_reasoning_headroom("low"),
    ),
    Profile("xai", r"grok-(2|3)|.*-non-reasoning"),
    Profile("xai", r"grok-(4\.[3-9](?!\d)|[5-9]|latest)", efforts=_efforts("none"), headroom=_HEADROOM),
    Profile("xai", headroom=_reasoning_headroom("low")),  # always reasons, and refuses to be told how much
    *_gemini_families("gemini", frozenset({"seed"})),  # unknown fields are refused
    *_gemini_families("vertex", frozenset()),
    Profile(  # Ollama silently ignores max_completion_tokens
        "compatible", output_cap="max_tokens", efforts=_ONLY_ASKED, headroom=_HEADROOM
    ),
)


def profile_of(provider: str, model: str) -> Profile:
    """Return the profile of a model of one of the PROVIDERS."""
    return next(profile for profile in PROFILES if profile.covers(provider, model))
