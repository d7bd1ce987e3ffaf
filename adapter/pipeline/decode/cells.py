"""Flat names with texts (columns, keys, host fields) to the nested, typed record of the contract."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapter.pipeline.decode.mapping import declared_path, target_path
from adapter.pipeline.decode.typed_text import ABSENT, Notation, complete, typed
from adapter.tasks.shape import Shape


def record_of(cells: Mapping[str, Any], shape: Shape, mapping: Mapping[str, str], notation: Notation) -> dict[str, Any]:
    """Make an object of cells: texts are typed by the contract, other values are taken as they are.

    Only what the contract names is taken, unless it is open.
    """
    record: dict[str, Any] = {}
    for path, cell in _placed(cells, shape, mapping):
        _put(record, path, cell, shape, notation)
    return _completed(record, shape)


def _placed(
    cells: Mapping[str, Any], shape: Shape, mapping: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    mapped = {target: source for target, source in mapping.items() if source in cells}
    for target, source in mapped.items():
        yield target_path(target, shape), cells[source]
    taken = set(mapped) | set(mapped.values())
    for name, cell in cells.items():
        path = declared_path(name, shape)
        if name not in taken and path is not None:
            yield path, cell


def _put(record: dict[str, Any], path: tuple[str, ...], cell: Any, shape: Shape, notation: Notation) -> None:
    for name in path[:-1]:
        inner = record.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        record, shape = inner, shape.field(name)
    place = shape.field(path[-1])
    if isinstance(cell, str):
        cell = typed(cell, place.items if place.is_list else place, notation)
        if place.is_list and cell is not ABSENT:
            cell = [cell]
    if cell is not ABSENT:
        record.setdefault(path[-1], cell)


def _completed(record: dict[str, Any], shape: Shape) -> dict[str, Any]:
    for name in [name for name, value in record.items() if isinstance(value, dict) and name in shape.names]:
        record[name] = _completed(record[name], shape.field(name))
        if not record[name]:
            del record[name]  # an object of nothing but blanks is absent
    return complete(record, shape)
