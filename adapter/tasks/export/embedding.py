"""A schema as a part of another document: its own references follow it to its new place."""

from collections.abc import Mapping
from typing import Any

from adapter.tasks.json_schema.source import LISTS_OF_SCHEMAS, MAPS_OF_SCHEMAS, SINGLE_SCHEMAS

_OF_A_FILE = ("$schema", "$id")


def embedded(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the schema as it reads at a place (a JSON Pointer) of a document."""
    return {key: value for key, value in _moved(schema, place).items() if key not in _OF_A_FILE}


def below(schema: Mapping[str, Any], pointer: str) -> Mapping[str, Any]:
    """Return the schema of a document that holds what the schema describes at a pointer, among other things."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    place = "".join(f"/properties/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
    wrapped: Mapping[str, Any] = embedded(schema, place)
    for step in reversed(steps):
        wrapped = {"type": "object", "required": [step], "properties": {step: wrapped}}
    own = {key: schema[key] for key in _OF_A_FILE if key in schema}
    return {**own, **wrapped}


def _moved(node: Any, place: str) -> Any:
    if not isinstance(node, Mapping):
        return node
    return {keyword: _value(keyword, value, place) for keyword, value in node.items()}


def _value(keyword: str, value: Any, place: str) -> Any:
    if keyword == "$ref" and isinstance(value, str) and (value == "#" or value.startswith("#/")):
        return f"#{place}{value[1:]}"
    if keyword in MAPS_OF_SCHEMAS and isinstance(value, Mapping):
        return {name: _moved(inner, place) for name, inner in value.items()}
    if keyword in LISTS_OF_SCHEMAS and isinstance(value, list):
        return [_moved(inner, place) for inner in value]
    return _moved(value, place) if keyword in SINGLE_SCHEMAS else value
