"""Constraints in words: what the decoder of an endpoint cannot enforce is told in the description."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from adapter.domain import exact_json

_MAX_HINT = 300
_MAX_SHOWN = 50

_PHRASES: Mapping[str, str] = {
    "minimum": "At least {}.",
    "maximum": "At most {}.",
    "exclusiveMinimum": "Greater than {}.",
    "exclusiveMaximum": "Less than {}.",
    "multipleOf": "A multiple of {}.",
    "minLength": "At least {} characters.",
    "maxLength": "At most {} characters.",
    "minItems": "At least {} items.",
    "maxItems": "At most {} items.",
    "minProperties": "At least {} keys.",
    "maxProperties": "At most {} keys.",
    "pattern": "Matches the regular expression {}.",
    "format": "Format: {}.",
    "default": "Default: {}.",
}


def hint(keyword: str, value: Any) -> str:
    """Say one constraint in a sentence, at most 300 characters."""
    if keyword in _PHRASES:
        return _PHRASES[keyword].format(value if isinstance(value, str) else _json(value))
    render = _RENDERED.get(keyword)
    return (render(value) if render else f"Also holds: {_json({keyword: value})}")[:_MAX_HINT]


def one_of(values: list[Any]) -> str:
    """Say which values are allowed, the first fifty."""
    shown = ", ".join(_json(value) for value in values[:_MAX_SHOWN])
    more = len(values) - _MAX_SHOWN
    return f"One of {shown}{f' and {more} more' if more > 0 else ''}."


def _alternatives(branches: Any) -> str:
    needs = [
        branch.get("required") if isinstance(branch, dict) and branch.keys() == {"required"} else None
        for branch in branches
    ]
    if None in needs:
        return f"Also holds: {_json({'anyOf': branches})}"
    return f"Needs {' or '.join(' and '.join(names or ()) for names in needs)}."


def _dependent(value: Any) -> str:
    return " ".join(f"With {name} also {' and '.join(needed)}." for name, needed in value.items() if needed)


def _json(value: Any) -> str:
    try:
        return exact_json.dumps_text(value)
    except TypeError:
        return json.dumps(value, default=str)


_RENDERED: Mapping[str, Callable[[Any], str]] = {
    "if": lambda rule: f"Also holds: {_json(rule)}",
    "uniqueItems": lambda _: "No item twice.",
    "dependentRequired": _dependent,
    "anyOf": _alternatives,
    "oneOf": lambda branches: _alternatives(branches).replace("Needs ", "Needs exactly one of: "),
    "enum": one_of,
    "contentEncoding": lambda value: f"Encoded as {value}.",
    "contentMediaType": lambda value: f"Content of type {value}.",
}
