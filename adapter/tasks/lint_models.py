"""What a task asks of the models it uses that they cannot do, or that they are told in words only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from adapter.tasks.build import LoadedTask
from adapter.tasks.contract_place import ContractPlace
from adapter.tasks.definition import ModelDefinition
from adapter.tasks.json_schema.problem import ContractRefused
from adapter.tasks.problem import Level, Problem
from adapter.tasks.strict_schema import SchemaProfile
from adapter.tasks.task import Task


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What a task has to know of a configured model."""

    provider: str
    schema: SchemaProfile
    unsent: Callable[[ModelDefinition], tuple[str, ...]]
    """Parameters of a task that such a model is not sent."""
    currency: str = ""
    """Of its price; "" = it has none."""


def inexpressible(task: Task, models: Mapping[str, ModelTraits]) -> Iterator[tuple[str, str, str]]:
    """Yield pointer into the output contract, model and reason where a model cannot be told the contract."""
    for name, traits in _used(task, models):
        try:
            task.strict_for(traits.schema)
        except ContractRefused as exc:
            for problem in exc.problems:
                yield problem.pointer, name, problem.message


def currency_problem(task: Task, models: Mapping[str, ModelTraits]) -> str:
    """Say that the models of a task have prices in several currencies; "" = they have not."""
    currencies = sorted({traits.currency for _, traits in _used(task, models) if traits.currency})
    if len(currencies) <= 1:
        return ""
    return f"its models have prices in {' and '.join(currencies)}, and a job has one cost; give them one currency"


def model_problems(loaded: LoadedTask, models: Mapping[str, ModelTraits]) -> Iterator[Problem]:
    """Find what `adapter tasks check` says of a task and its models."""
    task, place = loaded.task, ContractPlace.of(loaded.files, loaded.task.definition.output)
    for pointer, name, message in inexpressible(task, models):
        yield place.problem(pointer, f"cannot be told to the model {name}: {message}")
    if message := currency_problem(task, models):
        yield _at(loaded, "use", message, Level.ERROR)
    for name, traits in _used(task, models):
        for parameter in traits.unsent(task.definition.model):
            message = f"the model {name} ({traits.provider}) does not take this as asked for: it is left out or bent"
            yield _at(loaded, parameter, message, Level.WARNING)
        yield from _in_words(loaded, place, name, traits)


def _in_words(loaded: LoadedTask, place: ContractPlace, name: str, traits: ModelTraits) -> Iterator[Problem]:
    """Name the rules that this model is told in words, beside those that no model takes."""
    task = loaded.task
    try:
        dropped = task.strict_for(traits.schema).dropped
    except ContractRefused:
        return
    everywhere = {(one.pointer, one.keyword) for one in task.strict_output.dropped}
    for one in dropped:
        if (one.pointer, one.keyword) not in everywhere:
            message = f"the model {name} ({traits.provider}) is told {one.keyword} in words only; it is enforced here"
            yield place.problem(one.pointer, message, Level.INFO)


def _used(task: Task, models: Mapping[str, ModelTraits]) -> Iterator[tuple[str, ModelTraits]]:
    options = task.definition.model
    for name in dict.fromkeys((*options.use, *options.allow)):
        if name in models:
            yield name, models[name]


def _at(loaded: LoadedTask, key: str, message: str, level: Level) -> Problem:
    return Problem(loaded.source.file, loaded.source.line(("model", key)), f"model.{key}: {message}", level)
