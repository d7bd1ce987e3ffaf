"""Fixed-width host records by a declared layout: lines of several types become objects, lists and joined texts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from adapter.errors import InputInvalid, PayloadUnreadable, Violation
from adapter.pipeline.decode.cells import record_of
from adapter.pipeline.decode.host_fields import field_value
from adapter.pipeline.decode.limits import MAX_CELLS
from adapter.pipeline.decode.mapping import target_path
from adapter.pipeline.decode.typed_text import ABSENT, Notation
from adapter.tasks.input_formats import FixedWidthFormat
from adapter.tasks.layout import FixedWidthLayout, LineLayout
from adapter.tasks.shape import Shape

# A host's line end arrives as NEL where its code page was translated; Ctrl-Z ends a file that passed through DOS.
_LINE_END = re.compile("\r\n|\n|\r|\x85")
_BLANK = " \0\x1a"
_JOINS = {"lines": "\n", "words": " "}

Lines = dict[str, list[tuple[int, dict[str, Any]]]]


def fixed_width_record(
    text: str,
    codec: str,
    options: FixedWidthFormat,
    layout: FixedWidthLayout,
    shape: Shape,
    mapping: Mapping[str, str],
) -> dict[str, Any]:
    """Cut lines into fields, arrange them. Raises PayloadUnreadable with the line, InputInvalid for a second record."""
    notation = Notation(options.decimal, options.thousands, options.date, trailing_sign=True)
    found: Lines = {line.match: [] for line in layout.line_types}
    types = {line.match: line for line in layout.line_types}
    cells = 0
    for number, line in _lines(text, layout):
        type_ = _type_of(line, number, layout, types)
        cells += len(type_.fields)
        if cells > MAX_CELLS:
            raise PayloadUnreadable(f"The payload has more than {MAX_CELLS} fields. Send a smaller record.")
        if not type_.skip:
            values = {field.name: field_value(line, field, codec, notation) for field in type_.fields}
            found[type_.match].append((number, {name: value for name, value in values.items() if value is not ABSENT}))
    return record_of(_arranged(found, types, shape, notation), shape, mapping, notation)


def _lines(text: str, layout: FixedWidthLayout) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, filled up to their length, numbered from 1."""
    for number, line in enumerate(_cut(text, layout), 1):
        if not line.strip(_BLANK):
            continue
        if layout.length is not None and len(line) > layout.length:
            raise PayloadUnreadable(
                f"Line {number} has {len(line)} characters, the layout {layout.length}. Check the layout and charset.",
                metadata={"line": str(number)},
            )
        yield number, line


def _cut(text: str, layout: FixedWidthLayout) -> list[str]:
    if layout.line_ends or layout.length is None:
        return _LINE_END.split(text)
    text = text.rstrip("\r\n\x85\x1a")
    if len(text) % layout.length:
        raise PayloadUnreadable(
            f"The payload has {len(text)} characters, which is no multiple of the layout's {layout.length}."
        )
    return [text[start : start + layout.length] for start in range(0, len(text), layout.length)]


def _type_of(line: str, number: int, layout: FixedWidthLayout, types: Mapping[str, LineLayout]) -> LineLayout:
    key = layout.discriminator.cut(line) if layout.discriminator else ""
    found = types.get(key) or types.get(key.strip())
    if found is None:
        raise PayloadUnreadable(
            f"Line {number} is of no type that the layout has. Check the layout's discriminator and the charset.",
            metadata={"line": str(number)},
        )
    return found


def _arranged(found: Lines, types: Mapping[str, LineLayout], shape: Shape, notation: Notation) -> dict[str, Any]:
    """Values of the record by their names: its own fields, and what whole lines go into."""
    cells: dict[str, Any] = {}
    for match, lines in found.items():
        type_ = types[match]
        if not lines:
            continue
        if type_.join:
            texts = [str(text) for _, values in lines for text in values.values()]
            cells[type_.into] = _JOINS[type_.join].join(texts)
        elif type_.repeat:
            place = _place(type_.into, shape).items
            cells[type_.into] = [record_of(values, place, {}, notation) for _, values in lines]
        elif len(lines) > 1:
            raise _second_record(type_, lines[1][0], len(lines))
        elif type_.into:
            cells[type_.into] = record_of(lines[0][1], _place(type_.into, shape), {}, notation)
        else:
            cells.update(lines[0][1])
    return cells


def _place(into: str, shape: Shape) -> Shape:
    for name in target_path(into, shape):
        shape = shape.field(name)
    return shape


def _second_record(type_: LineLayout, line: int, count: int) -> InputInvalid:
    kind = f'type "{type_.match}"' if type_.match else "the record"
    return InputInvalid(
        f"The payload has {count} lines of {kind}, the second at line {line}, and a request takes exactly one record.",
        violations=[Violation("", "select", f"{count} lines of {kind}, not exactly one")],
    )
