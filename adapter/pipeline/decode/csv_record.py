"""Delimited rows in the declared dialect: exactly one row is the record, or all rows are one field of it."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from adapter.errors import InputInvalid, PayloadUnreadable, Violation
from adapter.pipeline.decode.cells import record_of
from adapter.pipeline.decode.limits import MAX_CELLS
from adapter.pipeline.decode.typed_text import Notation
from adapter.tasks.input_formats import CsvFormat
from adapter.tasks.shape import Shape

# Longest cell; the csv module's own default of 131,072 is less than a long note.
_MAX_CELL = 16 * 1024 * 1024


def csv_record(text: str, options: CsvFormat, shape: Shape, mapping: Mapping[str, str]) -> dict[str, Any]:
    """Read rows, take the record. Raises PayloadUnreadable with the line, InputInvalid naming the number of rows."""
    notation = Notation(options.decimal, options.thousands, options.date, trailing_sign=True)
    rows = _rows(text, options)
    if options.rows is not None:
        items = shape.field(options.rows).items
        return {options.rows: [record_of(row, items, mapping, notation) for row in rows]}
    first = next(rows, None)
    count = (first is not None) + sum(1 for _ in rows)
    if first is None or count > 1:
        raise InputInvalid(
            f"The payload has {count} rows, and a row is a record: send exactly one, each in a request of its own.",
            violations=[Violation("", "select", f"{count} rows, not exactly one")],
        )
    return record_of(first, shape, mapping, notation)


def _rows(text: str, options: CsvFormat) -> Iterator[dict[str, str]]:
    columns: list[str] = list(options.columns)
    cells = 0
    for line, row in _read(text, options):
        if not columns:
            columns = _header(row, line)
            continue
        cells += len(columns)
        if cells > MAX_CELLS:
            raise PayloadUnreadable(f"The payload has more than {MAX_CELLS} cells. Send a smaller record.")
        if len(row) < len(columns) or any(cell.strip() for cell in row[len(columns) :]):
            raise PayloadUnreadable(
                f"The row at line {line} has {len(row)} cells for {len(columns)} columns. "
                "Check the delimiter and quote that the task declares.",
                metadata={"line": str(line)},
            )
        yield {name: cell.strip() for name, cell in zip(columns, row, strict=False) if name}


def _read(text: str, options: CsvFormat) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with their lines."""
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=options.delimiter,
        quotechar=options.quote or None,
        quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as exc:
        raise PayloadUnreadable(
            f"The payload is not CSV of the declared dialect at line {reader.line_num}: {exc}.",
            metadata={"line": str(reader.line_num)},
        ) from None


def _header(row: list[str], line: int) -> list[str]:
    names = [cell.strip() for cell in row]
    named = [name for name in names if name]
    if len(set(named)) != len(named):
        twice = next(place for place, name in enumerate(names, 1) if name and name in names[: place - 1])
        raise PayloadUnreadable(f"The header at line {line} has a name twice, again in column {twice}.")
    return names
