"""Turn a located YAML file into a pydantic model, every violation with its line and unknown keys with a suggestion."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from adapter.tasks.located_yaml import LocatedYaml
from adapter.tasks.problem import Problem, TaskProblems

M = TypeVar("M", bound=BaseModel)

# Said of a default that was not computed because another key is wrong: that one is reported already.
_FOLLOW_UPS = {"default_factory_not_called"}


def read_model(model: type[M], source: LocatedYaml) -> M:
    """Validate a parsed file. Raises TaskProblems with all violations at once."""
    if not isinstance(source.value, dict):
        raise TaskProblems([source.problem((), "must be keys with values (a YAML mapping)")])
    try:
        return model.model_validate(source.value)
    except ValidationError as exc:
        raise TaskProblems(_problems(model, source, exc)) from exc


def _problems(model: type[BaseModel], source: LocatedYaml, error: ValidationError) -> Iterator[Problem]:
    for details in error.errors(include_url=False, include_input=False):
        if details["type"] not in _FOLLOW_UPS:
            yield source.problem(details["loc"], _message(model, details))


def _message(model: type[BaseModel], details: ErrorDetails) -> str:
    loc = details["loc"]
    name = ".".join(str(step) for step in loc)
    if details["type"] == "extra_forbidden":
        known = sorted(_keys_at(model, loc[:-1]))
        close = difflib.get_close_matches(str(loc[-1]), known, n=1)
        advice = f'did you mean "{close[0]}"?' if close else f"known here: {', '.join(known)}"
        return f'unknown key "{name}"; {advice}'
    if details["type"] == "missing":
        return f'the key "{name}" is missing'
    text = details["msg"].removeprefix("Value error, ")
    return f"{name}: {text}" if name else text


def _keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """Keys that the model at a place of the file takes; empty if that place holds no model."""
    models = {model}
    for step in loc:
        annotations = [
            field.annotation
            for owner in models
            for name, field in owner.model_fields.items()
            if step in {name, field.alias}
        ]
        models = {found for annotation in annotations for found in _models_in(annotation)} or models
    return {field.alias or name for owner in models for name, field in owner.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
