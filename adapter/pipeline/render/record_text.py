"""A record as labelled lines: `name: value`, dotted for what is nested, tables for lists of objects.

Fields come in the contract's order. What the contract does not name is shown only where the contract is open for it.
Lines of a text after the first are indented, so that no text can look like another field.
"""

from collections.abc import Iterator
from typing import Any

from adapter.pipeline.render.clean import one_line, seen
from adapter.pipeline.render.scalars import scalar_text
from adapter.pipeline.render.table import flat_rows, table_lines
from adapter.tasks.shape import Shape

_MAX_DEPTH = 64
_MAX_LABEL = 100


def record_text(value: Any, shape: Shape) -> str:
    """Text of a whole record or a part of it."""
    return "\n".join(_lines(value, shape, "", 0))


def shown_fields(value: dict[str, Any], shape: Shape) -> list[tuple[str, Any]]:
    """Fields that a model is shown: those that have a value, in the contract's order, then those it is open for."""
    fields = [(name, value[name]) for name in shape.names if name in value]
    if shape.is_open:
        fields += [(name, inner) for name, inner in value.items() if name not in shape.names]
    return [(name, inner) for name, inner in fields if inner is not None and inner != ""]


def _lines(value: Any, shape: Shape, label: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        yield f"{label}: (nested deeper than {_MAX_DEPTH} levels)"
    elif isinstance(value, dict):
        yield from _object_lines(value, shape, label, depth)
    elif isinstance(value, list):
        yield from _list_lines(value, shape.items, label, depth)
    else:
        yield from _scalar_lines(value, label)


def _object_lines(value: dict[str, Any], shape: Shape, label: str, depth: int) -> Iterator[str]:
    prefix = f"{label}." if label else ""
    for name, inner in shown_fields(value, shape):
        place = shape.field(name)
        label = one_line(name)[:_MAX_LABEL] if isinstance(inner, (dict, list)) else _labelled(name, place)
        yield from _lines(inner, place, f"{prefix}{label}", depth + 1)


def _labelled(name: str, shape: Shape) -> str:
    """Name of a field, with the title its author gave it."""
    label = one_line(name)[:_MAX_LABEL]
    title = shape.title
    if not title or title.replace(" ", "").lower() == name.replace("_", "").lower():
        return label
    return f"{label} ({one_line(title)[:_MAX_LABEL]})"


def _scalar_lines(value: Any, label: str) -> Iterator[str]:
    first, *rest = seen(scalar_text(value)).strip("\n").split("\n")
    if not rest:
        yield f"{label}: {first}" if label else first
        return
    if label:
        yield f"{label}:"
    indent = "  " if label else ""
    for line in (first, *rest):
        yield f"{indent}{line}".rstrip()


def _list_lines(values: list[Any], shape: Shape, label: str, depth: int) -> Iterator[str]:
    if not values:
        return
    rows = flat_rows(values, shape)
    if rows is not None:
        yield f"{label or 'rows'} ({len(rows)}):"
        yield from table_lines(rows)
        return
    if label:
        yield f"{label} ({len(values)}):"
    for number, inner in enumerate(values, 1):
        if isinstance(inner, (dict, list)):
            yield from _lines(inner, shape, f"{label}[{number}]", depth + 1)
        else:
            yield from (f"{'- ' if not place else '  '}{line}" for place, line in enumerate(_scalar_lines(inner, "")))
