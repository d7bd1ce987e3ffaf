"""What each kind of endpoint is, as data: address, sign-in, strict schemas, what it counts, advice when it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from adapter.tasks.strict_schema import AZURE, COMMON, GEMINI, OPENAI, XAI, SchemaProfile


class SignIn(StrEnum):
    """Who gives tokens in place of an API key."""

    NONE = "none"
    ENTRA = "entra"
    GOOGLE = "google"


class Thoughts(StrEnum):
    """Where an endpoint counts the tokens of its reasoning; they are billed as output everywhere."""

    INSIDE = "inside"
    """In completion_tokens."""
    BESIDE = "beside"
    """In reasoning_tokens, and not in completion_tokens."""
    IN_TOTAL = "in total"
    """In total_tokens only, at times."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One kind of endpoint."""

    name: str
    schema: SchemaProfile
    """What it takes as a strict schema."""
    advice: str
    """What an operator looks at when it refuses every request."""
    base_url: str = ""
    """Default address; {project} and {location} are filled in. "" = it must be given."""
    key_header: str = "authorization"
    sign_in: SignIn = SignIn.NONE
    thoughts: Thoughts = Thoughts.INSIDE
    reports_cost: bool = False
    """True when usage.cost holds what the call cost in USD."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Laid over each body, under the model's own extra_body."""


PROVIDERS: Mapping[str, Provider] = {
    provider.name: provider
    for provider in (
        Provider("openai", OPENAI, "check api_key and model, and the project's credits", "https://api.openai.com/v1"),
        Provider(
            "azure",
            AZURE,
            "check base_url, deployment (its name, not the model's) and api_key; with Entra the identity needs "
            "the role Cognitive Services OpenAI User on the resource",
            key_header="api-key",
            sign_in=SignIn.ENTRA,
        ),
        Provider(
            "openrouter",
            COMMON,
            "check api_key, credits and model (vendor/model); one of its endpoints must support structured outputs",
            "https://openrouter.ai/api/v1",
            reports_cost=True,
            body={"provider": {"require_parameters": True}},
        ),
        Provider(
            "xai",
            XAI,
            "check api_key and model; a 429 may also mean that the team's credits are used up",
            "https://api.x.ai/v1",
            thoughts=Thoughts.BESIDE,
        ),
        Provider(
            "gemini",
            GEMINI,
            "check api_key and model, and that the Gemini API is enabled for the key's project",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            thoughts=Thoughts.IN_TOTAL,
        ),
        Provider(
            "vertex",
            GEMINI,
            "check project, location and model (google/…), that the Vertex AI API is enabled, and that the identity "
            "has the role Vertex AI User",
            "https://{host}/v1/projects/{project}/locations/{location}/endpoints/openapi",
            sign_in=SignIn.GOOGLE,
            thoughts=Thoughts.IN_TOTAL,
        ),
        Provider("compatible", OPENAI, "check base_url, model and api_key"),
    )
}
