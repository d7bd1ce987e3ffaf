"""What each kind of endpoint takes, as data: the first profile whose provider and model name match counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    headroom: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(_HEADROOM, 0))
    """Tokens that reasoning may take beside the visible ones, by our reasoning."""

    def covers(self, provider: str, model: str) -> bool:
        """Tell whether this is the profile of a model (fine-tuned ones are as what they were made of)."""
        return self.provider == provider and re.match(self.models, model.removeprefix("ft:")) is not None


def _efforts(least: str, *, minimal: str = "low") -> dict[str, str]:
    return {"none": least, "minimal": minimal, "low": "low", "medium": "medium", "high": "high"}


def _reasoning_headroom(least: str) -> dict[str, int]:
    return {**_HEADROOM, "none": _HEADROOM[least], "minimal": max(_HEADROOM["minimal"], _HEADROOM[least])}


PROFILES = (
    Profile("openai", r"gpt-5(\.\d+)?-chat"),
    Profile(  # gpt-5.1 and later can be told not to reason
        "openai",
        r"gpt-5\.\d+|gpt-[6-9]",
        unsendable=frozenset({"temperature"}),
        efforts=_efforts("none"),
        headroom=_HEADROOM,
    ),
    Profile(
        "openai",
        r"gpt-5",
        unsendable=frozenset({"temperature"}),
        efforts=_efforts("minimal", minimal="minimal"),
        headroom=_reasoning_headroom("minimal"),
    ),
    Profile(
        "openai",
        r"o\d",
        unsendable=frozenset({"temperature"}),
        efforts=_efforts("low"),
        headroom=_reasoning_headroom("low"),
    ),
    Profile("openai"),
    Profile(  # Ollama silently ignores max_completion_tokens; an effort is sent only when one is asked for
        "compatible",
        output_cap="max_tokens",
        efforts={"none": "", "minimal": "minimal", "low": "low", "medium": "medium", "high": "high"},
        headroom=_HEADROOM,
    ),
)


class UnknownProvider(ValueError):
    """No profile is known for the provider."""


def profile_of(provider: str, model: str) -> Profile:
    """Return the profile of a model. Raises UnknownProvider."""
    for profile in PROFILES:
        if profile.covers(provider, model):
            return profile
    known = ", ".join(dict.fromkeys(profile.provider for profile in PROFILES))
    raise UnknownProvider(f"no provider {provider!r}; known are {known}")
