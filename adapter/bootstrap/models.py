"""Models from the configuration: endpoint, price, gate."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from adapter.bootstrap.cassettes import model_maker
from adapter.bootstrap.traits import headroom_of, schema_profile_of
from adapter.domain.usage import Price
from adapter.outbound.metrics import Metrics
from adapter.outbound.models.endpoint import ModelEndpoint
from adapter.outbound.models.identity import DEFAULT
from adapter.outbound.system_clock import SystemClock
from adapter.pipeline.availability.gate import GateSettings, GateState, ModelGate
from adapter.pipeline.availability.gated_model import CallSettings, GatedModel
from adapter.pipeline.availability.limiter import Limiter
from adapter.pipeline.availability.limits import Limits
from adapter.ports import Model
from adapter.secret import SecretMissing, reveal
from adapter.settings import ModelSection, PriceTable, Settings
from adapter.settings_file import ConfigurationProblems
from adapter.simulator.answers import SampleAnswers, sample_answers
from adapter.simulator.faults import FaultRule
from adapter.simulator.latency import Latency
from adapter.simulator.model import SimulatedModel
from adapter.simulator.simulation import SimulatorSettings
from adapter.tasks.catalogue import Catalogue
from adapter.tasks.problem import Problem


def build_models(
    settings: Settings, catalogue: Catalogue, metrics: Metrics, *, shares_limits: bool = False
) -> dict[str, GatedModel]:
    """Build every configured model with its gate and limits; nothing is called yet.

    shares_limits: it holds none of a limit before shares were exchanged with other replicas.

    Raises ConfigurationProblems, of all models at once: a key or header that is not there, a ca_file without use;
    and before that for a folder of recordings that is not there.
    """
    make = model_maker(settings.cassettes)
    answers: SampleAnswers | None = None
    models: dict[str, GatedModel] = {}
    problems: list[Problem] = []
    for name, configured in settings.models.items():
        section = configured if settings.cassettes.replay is None else _unlimited(configured)
        if section.provider == "simulated" and answers is None:
            answers = sample_answers(catalogue.all())
        try:
            model = make(name, section, partial(_model, name, section, answers))
            models[name] = _gated(name, section, model, metrics, shares_limits=shares_limits)
        except SecretMissing as exc:
            problems.append(Problem(f"models.{name}", 0, str(exc)))
        except ConfigurationProblems as exc:
            problems.extend(exc.problems)
    if problems:
        raise ConfigurationProblems(tuple(problems))
    return models


def _gated(name: str, section: ModelSection, model: Model, metrics: Metrics, *, shares_limits: bool) -> GatedModel:
    breaker = section.breaker
    gate_settings = GateSettings(
        breaker.failures, breaker.probe_seconds, breaker.max_probe_seconds, breaker.misconfigured_probe_seconds
    )
    gate = ModelGate(name, gate_settings, SystemClock(), metrics.model_state)
    metrics.model_state(name, GateState.UP.value)
    return GatedModel(
        model,
        gate,
        CallSettings(timeout_seconds=section.timeout_seconds),
        section.context_tokens,
        schema_profile_of(section),
        limiter=Limiter(f"model/{name}", _limits(section), SystemClock(), is_shared=shares_limits),
        headroom=headroom_of(section),
    )


def _unlimited(section: ModelSection) -> ModelSection:
    """Of a model that is replayed: nobody is there who could be pressed too hard."""
    return section.model_copy(update={"max_in_flight": None, "requests_per_minute": None, "tokens_per_minute": None})


def _limits(section: ModelSection) -> Limits:
    part = section.limit_window_seconds / 60

    def in_window(per_minute: int | None) -> int | None:
        return None if per_minute is None else max(1, int(per_minute * part))

    return Limits(
        section.max_in_flight,
        in_window(section.requests_per_minute),
        in_window(section.tokens_per_minute),
        section.limit_window_seconds,
    )


def _model(name: str, section: ModelSection, answers: SampleAnswers | None) -> Model:
    if section.provider == "simulated":
        simulator = SimulatorSettings(
            latency=Latency.parse(section.latency), faults=tuple(FaultRule.parse(text) for text in section.faults)
        )
        return SimulatedModel(name, simulator, answers, _price(section.price))
    endpoint = ModelEndpoint(
        name=name,
        provider=section.provider,
        model=section.model or section.deployment,
        base_url=section.base_url,
        deployment=section.deployment,
        api_version=section.api_version,
        project=section.project,
        location=section.location,
        api_key=_key(section.api_key),
        credentials=_credentials(section),
        headers=_revealed(section.headers),
        extra_body=section.extra_body,
        simulator=section.simulator,
        price=_price(section.price),
        ca_file=section.ca_file,
        proxy=None if section.proxy is None else reveal(section.proxy),
    )
    from adapter.outbound.models.openai_model import OpenAIModel  # noqa: PLC0415 - takes a second, simulated needs none

    try:
        return OpenAIModel(endpoint)
    except OSError as exc:  # also ssl.SSLError
        problem = Problem(f"models.{name}.ca_file", 0, f"{section.ca_file} cannot be used: {exc.strerror or exc}")
        raise ConfigurationProblems((problem,)) from exc


def _key(reference: SecretStr | None) -> Callable[[], str] | None:
    """Read the key once now, so that a missing one is known at start, and again whenever it is refused."""
    if reference is None:
        return None
    reveal(reference)
    return partial(reveal, reference)


def _credentials(section: ModelSection) -> Callable[[], str] | None:
    """Vertex AI has no other way to sign in."""
    return _key(section.credentials or (SecretStr(DEFAULT) if section.provider == "vertex" else None))


def _revealed(headers: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: reveal(value) for name, value in headers.items()}


def _price(table: PriceTable | None) -> Price | None:
    if table is None:
        return None
    return Price(table.input, table.output, table.cached_input, table.per, table.currency)


@runtime_checkable
class _Connected(Protocol):
    """A model with connections."""

    async def close(self) -> None:
        """Close them."""


async def close_models(models: Mapping[str, GatedModel]) -> None:
    """Close the connections of models that have some."""
    for one in {id(gated.model): gated.model for gated in models.values()}.values():
        if isinstance(one, _Connected):
            await one.close()
