"""Reads adapter.yaml and the ADAPTER_… variables; reports every problem with file and line, or variable."""

import json
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from adapter.operator_errors import ConfigurationError
from adapter.settings import Settings
from adapter.tasks.located_yaml import LocatedYaml, parse_located
from adapter.tasks.problem import Problem, TaskProblems

PREFIX = "ADAPTER_"
NOT_SETTINGS = frozenset(
    {"ADAPTER_CONFIG", "ADAPTER_FAILPOINTS"}
    # What commands show to the running service.
    | {"ADAPTER_API_KEY", "ADAPTER_TLS_CA", "ADAPTER_TLS_CERTIFICATE", "ADAPTER_TLS_KEY"}
)
DEFAULT_FILE = Path("adapter.yaml")


class ConfigurationProblems(ConfigurationError):
    """The configuration cannot be used. Holds every problem found, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def load_settings(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Load the file (given, or ADAPTER_CONFIG, or adapter.yaml if it exists) and the variables over it.

    Raises ConfigurationProblems.
    """
    named = path or (Path(environment["ADAPTER_CONFIG"]) if environment.get("ADAPTER_CONFIG") else None)
    located = _read(named)
    values, sources = _overlay(located.value, environment)
    try:
        return Settings.model_validate(values)
    except ValidationError as exc:
        problems = tuple(_problem(located, sources, error["loc"], _message(error)) for error in exc.errors())
        raise ConfigurationProblems(problems) from None


def _read(named: Path | None) -> LocatedYaml:
    path = named or DEFAULT_FILE
    try:
        content = path.read_bytes()
    except OSError as exc:
        if named is not None or not isinstance(exc, FileNotFoundError):
            problem = Problem(str(path), 0, f"cannot be read: {exc.strerror}. Name another file with --config.")
            raise ConfigurationProblems((problem,)) from exc
        content = b""
    try:
        located = parse_located(content, str(path))
    except TaskProblems as exc:
        raise ConfigurationProblems(exc.problems) from exc
    if not isinstance(located.value, dict):
        raise ConfigurationProblems((Problem(str(path), 1, "is not a mapping of settings"),))
    return located


def _overlay(
    values: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[dict[str, Any], dict[tuple[str, ...], str]]:
    """Lay the variables over the file's values; returns which variable set which path, too."""
    merged: dict[str, Any] = _plain(values)
    sources: dict[tuple[str, ...], str] = {}
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        place = merged
        path: tuple[str, ...] = ()
        *above, last = name.removeprefix(PREFIX).lower().split("__")
        for step in above:
            key = _known_key(place, step)
            below = place.get(key)
            place[key] = below if isinstance(below, dict) else {}
            place = place[key]
            path = (*path, key)
        key = _known_key(place, last)
        place[key] = _value(environment[name])
        sources[(*path, key)] = name
    return merged, sources


def _plain(value: Any) -> Any:
    """Copy what YAML holds; numbers with a fraction become floats, as JSON has them."""
    if isinstance(value, Mapping):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def _known_key(keys: Iterable[str], name: str) -> str:
    """Find the key that a variable names: names of models and tasks may have capitals, which variables do not tell."""
    return next((key for key in keys if key.lower() == name), name)


def _value(text: str) -> Any:
    if text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _message(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "unknown key; check its spelling, or remove it"
    return error["msg"].removeprefix("Value error, ")


def _problem(
    located: LocatedYaml, sources: Mapping[tuple[str, ...], str], loc: tuple[str | int, ...], message: str
) -> Problem:
    where = ".".join(str(step) for step in loc)
    text = f"{where}: {message}" if where else message
    for length in range(len(loc), 0, -1):
        source = _source_of(
            tuple(str(step) for step in loc[:length]), sources, is_in_file=loc[:length] in located.lines
        )
        if source is not None:
            return Problem(f"${source}", 0, text)
    return located.problem(loc, text)


def _source_of(path: tuple[str, ...], sources: Mapping[tuple[str, ...], str], *, is_in_file: bool) -> str | None:
    """The variable that set a value, or that made the section which is not in the file."""
    made = (name for set_path, name in sources.items() if set_path[: len(path)] == path)
    return sources.get(path) or (None if is_in_file else next(made, None))
