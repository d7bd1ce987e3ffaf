"""Lists of objects as tables: Markdown up to 50 rows, CSV beyond; every row has its number, every digit stays."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from adapter.pipeline.render.clean import one_line, seen
from adapter.pipeline.render.scalars import scalar_text
from adapter.tasks.shape import Shape

MAX_MARKDOWN_ROWS = 50
# More columns than this are no table a model could follow, and sparse ones would grow quadratically.
MAX_COLUMNS = 40
_MAX_DEPTH = 4
_NUMBER = "#"

Row = dict[str, str]


def flat_rows(values: list[Any], shape: Shape) -> list[Row] | None:
    """Rows by column name, None when the list is no table: not of objects, with lists inside, or too wide."""
    rows: list[Row] = []
    columns: set[str] = set()
    for value in values:
        row: Row = {}
        if not isinstance(value, dict) or not _flatten(value, shape, "", row, 0):
            return None
        columns.update(row)
        if len(columns) > MAX_COLUMNS:
            return None
        rows.append(row)
    return rows if columns else None


def _flatten(value: dict[str, Any], shape: Shape, prefix: str, row: Row, depth: int) -> bool:
    """Add the fields of an object as dotted columns; False when one of them does not fit a cell."""
    names = [name for name in shape.names if name in value]
    if shape.is_open:
        names += [name for name in value if name not in shape.names]
    for name in names:
        inner = value[name]
        column = f"{prefix}{one_line(name)}"
        if isinstance(inner, dict):
            if depth >= _MAX_DEPTH or not _flatten(inner, shape.field(name), f"{column}.", row, depth + 1):
                return False
        elif isinstance(inner, list):
            if inner:
                return False
        else:
            row[column] = seen(scalar_text(inner)).strip()
    return True


def table_lines(rows: list[Row]) -> Iterator[str]:
    """Lines of the table."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if len(rows) > MAX_MARKDOWN_ROWS:
        yield from _csv_lines(columns, rows)
        return
    yield f"| {_NUMBER} | {' | '.join(map(_cell, columns))} |"
    yield "|---" * (len(columns) + 1) + "|"
    for number, row in enumerate(rows, 1):
        yield f"| {number} | {' | '.join(_cell(row.get(column, '')) for column in columns)} |"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>").replace("\t", " ")


def _csv_lines(columns: list[str], rows: list[Row]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_NUMBER, *columns])
    for number, row in enumerate(rows, 1):
        writer.writerow([number, *(row.get(column, "").replace("\n", " ") for column in columns)])
    yield buffer.getvalue().rstrip("\n")
