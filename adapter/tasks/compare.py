"""Compares tasks with how they were: a version never changes its content, and a break raises the right number."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapter.tasks.build import LoadedTask
from adapter.tasks.catalogue import version_key
from adapter.tasks.definition import TaskDefinition
from adapter.tasks.problem import Level, Problem
from adapter.tasks.schema_changes import Change, Weight, schema_changes


def compare_tasks(*, old: Iterable[LoadedTask], new: Iterable[LoadedTask]) -> tuple[Problem, ...]:
    """Find what breaks those who rely on the old tasks. Each new version is held against the one before it."""
    before, after = list(old), list(new)
    problems = [problem for loaded in after for problem in _of_version(before, loaded)]
    return tuple(sorted([*problems, *_gone(before, after)]))


def _of_version(before: list[LoadedTask], loaded: LoadedTask) -> Iterator[Problem]:
    same_name = [other for other in before if other.task.name == loaded.task.name]
    earlier = [other for other in same_name if _key(other) <= _key(loaded)]
    if not same_name:
        return
    if not earlier:
        message = f"{loaded.task.version} is lower than every version there was"
        yield _at_version(loaded, message, Level.WARNING)
        return
    closest = max(earlier, key=_key)
    if closest.task.task_hash == loaded.task.task_hash:
        return
    changes = task_changes(closest, loaded)
    needed = max((change.weight for change in changes), default=Weight.PATCH)
    if _raised(closest, loaded) is None or (_raised(closest, loaded) or Weight.PATCH) < needed:
        yield _at_version(loaded, _message(closest, loaded, needed, changes), Level.ERROR)


def task_changes(old: LoadedTask, new: LoadedTask) -> tuple[Change, ...]:
    """What changed between two versions of a task, as callers and consumers see it; a prompt is not seen."""
    return (
        *schema_changes("input", old.task.input.schema, new.task.input.schema),
        *_format_changes(old.task.definition, new.task.definition),
        *schema_changes("output", old.task.output.schema, new.task.output.schema),
        *_result_changes(old.task.definition, new.task.definition),
    )


def _format_changes(old: TaskDefinition, new: TaskDefinition) -> Iterator[Change]:
    before, after = _formats(old), _formats(new)
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Change(Weight.MAJOR, "input", "", f"the format {name} is no longer accepted")
        elif name not in before:
            yield Change(Weight.MINOR, "input", "", f"the format {name} is accepted now")
        elif before[name] != after[name]:
            yield Change(Weight.MAJOR, "input", "", f"the format {name} is read differently")
    if old.input.assume != new.input.assume:
        yield Change(Weight.MAJOR, "input", "", "payloads whose type says nothing are read differently")
    for field in sorted(old.input.map.keys() | new.input.map.keys()):
        if old.input.map.get(field) != new.input.map.get(field):
            yield Change(Weight.MAJOR, "input", f"/{field}", "has another name in the payload")


def _result_changes(old: TaskDefinition, new: TaskDefinition) -> Iterator[Change]:
    if old.results.body != new.results.body:
        yield Change(Weight.MAJOR, "output", "", f"the result's body is the {new.results.body} now")


def _formats(definition: TaskDefinition) -> Mapping[str, Any]:
    return definition.input.formats.model_dump(by_alias=True, exclude_none=True)


def _raised(old: LoadedTask, new: LoadedTask) -> Weight | None:
    """Which number of the version was raised; None = none."""
    pairs = zip(_key(old), _key(new), (Weight.MAJOR, Weight.MINOR, Weight.PATCH), strict=True)
    return next((weight for before, after, weight in pairs if before != after), None)


def _message(old: LoadedTask, new: LoadedTask, needed: Weight, changes: Iterable[Change]) -> str:
    major, minor, patch = _key(old)
    smallest = {
        Weight.MAJOR: f"{major + 1}.0.0",
        Weight.MINOR: f"{major}.{minor + 1}.0",
        Weight.PATCH: f"{major}.{minor}.{patch + 1}",
    }[needed]
    why = "; ".join(str(change) for change in changes if change.weight is needed)[:600] or "its content changed"
    kept = "with another content is still" if _key(old) == _key(new) else f"follows {old.task.version} and is only"
    return f"this version {kept} {new.task.version}, it needs {smallest} or higher: {why}"


def _gone(before: list[LoadedTask], after: list[LoadedTask]) -> Iterator[Problem]:
    majors = {(loaded.task.name, loaded.task.major) for loaded in after}
    gone = {(loaded.task.name, loaded.task.major): loaded for loaded in before}
    for place, loaded in gone.items():
        if place not in majors:
            message = f"{place[0]}@{place[1]} is gone; who still asks for it gets TASK_NOT_FOUND"
            yield Problem(loaded.source.file, 0, message, Level.WARNING)


def _at_version(loaded: LoadedTask, message: str, level: Level) -> Problem:
    return Problem(loaded.source.file, loaded.source.line(("version",)), f"version: {message}", level)


def _key(loaded: LoadedTask) -> tuple[int, int, int]:
    return version_key(loaded.task.version)
