"""What `adapter tasks check` says of a task that could be built: errors, warnings, and what the model is not told."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapter.tasks.build import LoadedTask
from adapter.tasks.contract_place import ContractPlace
from adapter.tasks.format_check import format_problems
from adapter.tasks.json_schema.source import walk
from adapter.tasks.located_yaml import Path
from adapter.tasks.problem import Level, Problem

# What bounds a text by itself; the length of a pattern is its author's affair.
_BOUNDING = ("enum", "const", "format", "pattern", "maxLength")


def lint_task(loaded: LoadedTask) -> tuple[Problem, ...]:
    """Find everything that can be said without running anything; an error keeps the task from being served."""
    rules = (_formats, _prompt, _unbounded, _dropped, _model, _policy, _cases)
    return tuple(sorted(problem for rule in rules for problem in rule(loaded)))


def _formats(loaded: LoadedTask) -> Iterator[Problem]:
    task, section = loaded.task, loaded.task.definition.input
    for path, message in format_problems(section.formats, section.assume, section.map, task.input.schema, task.layout):
        level = Level.WARNING if path == ("formats",) else Level.ERROR
        yield _at(loaded, level, ("input", *path), message)


def _prompt(loaded: LoadedTask) -> Iterator[Problem]:
    name = loaded.files.label(loaded.task.definition.prompt)
    for line, message in loaded.task.prompt.problems(loaded.task.input.schema):
        yield Problem(name, line, message)


def _unbounded(loaded: LoadedTask) -> Iterator[Problem]:
    place = ContractPlace.of(loaded.files, loaded.task.definition.output)
    for pointer, schema in walk(loaded.task.output.schema):
        if message := _unbounded_message(schema):
            yield place.problem(pointer, f"{message}; a small model may run away", Level.WARNING)


def _unbounded_message(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "string" and not any(keyword in schema for keyword in _BOUNDING):
        return "a text without maxLength"
    if schema.get("type") == "array" and "maxItems" not in schema:
        return "a list without maxItems"
    if schema.get("additionalProperties", False) is not False and "maxProperties" not in schema:
        return "an object of any keys without maxProperties"
    return ""


def _dropped(loaded: LoadedTask) -> Iterator[Problem]:
    place = ContractPlace.of(loaded.files, loaded.task.definition.output)
    for dropped in loaded.task.strict_output.dropped:
        message = f"the model is told {dropped.keyword} in words only; it is enforced here, by a repair if need be"
        yield place.problem(dropped.pointer, message, Level.INFO)


def _model(loaded: LoadedTask) -> Iterator[Problem]:
    model = loaded.task.definition.model
    if model.temperature is not None and model.reasoning != "none":
        message = "reasoning models take no temperature: it will not be sent; leave one of the two out"
        yield _at(loaded, Level.WARNING, ("model", "temperature"), message)
    for name in sorted(set(model.use) & set(model.allow)):
        message = f'"{name}" is in use already; take it out of allow'
        yield _at(loaded, Level.WARNING, ("model", "allow"), message)


def _policy(loaded: LoadedTask) -> Iterator[Problem]:
    model, policy = loaded.task.definition.model, loaded.task.definition.policy
    if policy.attempts < 1 + policy.repairs:
        message = f"{policy.attempts} attempts leave no room for {policy.repairs} repairs; allow {1 + policy.repairs}"
        yield _at(loaded, Level.WARNING, ("policy", "attempts"), message)
    if model.max_output_tokens > policy.tokens:
        message = f"one reply may have {model.max_output_tokens} tokens, more than the {policy.tokens} of the whole job"
        yield _at(loaded, Level.ERROR, ("policy", "tokens"), message)
    elif model.max_output_tokens * (1 + policy.repairs) > policy.tokens:
        message = f"the first reply and {policy.repairs} repairs may need more tokens; the repairs may not happen"
        yield _at(loaded, Level.WARNING, ("policy", "tokens"), message)


def _cases(loaded: LoadedTask) -> Iterator[Problem]:
    if not loaded.task.cases:
        message = "there is no golden case; put at least one into cases/, with the payload it speaks of"
        yield _at(loaded, Level.WARNING, (), message)

    seen: dict[bytes, str] = {}
    for case in loaded.task.cases:
        first = seen.setdefault(case.payload, case.name)
        if first != case.name:
            message = f'has the payload of "{first}": the simulated model answers both with that one\'s reply'
            yield Problem(loaded.files.label(loaded.files.case_file(case.name)), 1, message, Level.WARNING)


def _at(loaded: LoadedTask, level: Level, path: Path, message: str) -> Problem:
    name = ".".join(str(step) for step in path)
    text = f"{name}: {message}" if name else message
    return Problem(loaded.source.file, loaded.source.line(path), text, level)
