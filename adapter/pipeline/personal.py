"""What of a record its contract declares personal (`x-personal: true`): whoever writes prompts down hides it."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapter.tasks.shape import Shape


def personal_texts(record: Any, schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the declared values as texts, in the record's order, each once."""
    shape = Shape.of(schema)
    return tuple(dict.fromkeys(_declared(record, shape))) if shape.has_personal else ()


def _declared(value: Any, shape: Shape) -> Iterator[str]:
    if shape.is_personal:
        yield from _leaves(value)
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _declared(below, shape.field(name))
    elif isinstance(value, list):
        for item in value:
            yield from _declared(item, shape.items)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _leaves(below)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
