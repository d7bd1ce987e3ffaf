"""What tasks have to know of the configured models, from the profiles of their providers."""

from collections.abc import Mapping
from functools import partial

from adapter.domain.model import ModelRequest
from adapter.outbound.models.profiles import Profile, profile_of
from adapter.outbound.models.providers import PROVIDERS
from adapter.outbound.models.request_body import write_body
from adapter.settings import ModelSection, Settings
from adapter.tasks.definition import ModelDefinition
from adapter.tasks.lint_models import ModelTraits
from adapter.tasks.strict_schema import OPENAI, SchemaProfile


def traits_of(settings: Settings) -> Mapping[str, ModelTraits]:
    """Traits of every configured model, by name."""
    return {name: _traits(section) for name, section in settings.models.items()}


def schema_profile_of(section: ModelSection) -> SchemaProfile:
    """What a configured model takes as a strict schema."""
    return OPENAI if section.provider == "simulated" else PROVIDERS[section.provider].schema


def headroom_of(section: ModelSection) -> Mapping[str, int]:
    """Tokens that a configured model's reasoning may take beside the visible ones."""
    return {} if section.provider == "simulated" else _profile_of(section).headroom


def _profile_of(section: ModelSection) -> Profile:
    return profile_of(section.provider, section.model or section.deployment)


def _traits(section: ModelSection) -> ModelTraits:
    currency = section.price.currency if section.price else ""
    schema = schema_profile_of(section)
    if section.provider == "simulated":
        return ModelTraits(section.provider, schema, lambda _: (), currency)
    return ModelTraits(section.provider, schema, partial(_unsent, _profile_of(section)), currency)


def _unsent(profile: Profile, options: ModelDefinition) -> tuple[str, ...]:
    request = ModelRequest(
        turns=(),
        schema_name="",
        schema={},
        max_output_tokens=options.max_output_tokens,
        reasoning=options.reasoning,
        seed=options.seed,
        temperature=options.temperature,
    )
    return write_body(request, "", profile, {}).unsent_parameters
