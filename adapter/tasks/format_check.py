"""What of `input` in task.yaml does not fit the input contract: found when the task is checked, not in production."""

from collections.abc import Iterator, Mapping
from typing import Any

from adapter.tasks.input_formats import (
    AnyFormat,
    CsvFormat,
    FixedWidthFormat,
    InputFormats,
    JsonFormat,
    TextFormat,
    XmlFormat,
)
from adapter.tasks.layout import FixedWidthLayout
from adapter.tasks.shape import Shape

Path = tuple[str, ...]


def text_field(declared: str | None, shape: Shape) -> str:
    """Field that takes the whole text: as declared, else the contract's only (required) text field, else `text`."""
    if declared:
        return declared
    texts = [name for name in shape.names if "string" in shape.field(name).kinds and not shape.field(name).choices]
    required = [name for name in texts if name in shape.required]
    only = [names[0] for names in (texts, required) if len(names) == 1]
    return only[0] if only else "text"


def format_problems(
    formats: InputFormats,
    assume: str,
    mapping: Mapping[str, str],
    schema: Mapping[str, Any],
    layout: FixedWidthLayout | None,
) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong, each with its path below `input` in task.yaml."""
    shape = Shape.of(schema)
    if assume and assume not in formats.names:
        yield ("assume",), f'"{assume}" is not among the formats: {", ".join(formats.names)}'
    if not assume and len(formats.names) > 1:
        yield ("formats",), "several formats and no assume: payloads whose content type says nothing will be refused"
    for target in mapping:
        yield from _unknown_field(("map", target), target, shape)
    for name in formats.names:
        for path, message in _of_format(formats.options(name), shape):
            yield ("formats", name, *path), message
    if layout is not None:
        for line in layout.line_types:
            yield from _unknown_field(("formats", "fixed-width", "layout"), line.into, shape)


def _of_format(options: AnyFormat, shape: Shape) -> Iterator[tuple[Path, str]]:
    for target in options.map:
        yield from _unknown_field(("map", target), target, shape)
    if isinstance(options, TextFormat):
        yield from _text_problems(options, shape)
    if isinstance(options, JsonFormat | XmlFormat) and options.field:
        yield from _unknown_field(("field",), options.field, shape)
    if isinstance(options, CsvFormat) and options.rows:
        yield from _unknown_field(("rows",), options.rows, shape)
        if options.rows in shape.names and not shape.field(options.rows).is_list:
            yield ("rows",), f'the field "{options.rows}" is no list in the input contract'
    if isinstance(options, FixedWidthFormat) and not options.layout.endswith((".yaml", ".yml")):
        yield ("layout",), "a layout is a .yaml file in the task's folder"


def _text_problems(options: TextFormat, shape: Shape) -> Iterator[tuple[Path, str]]:
    name = text_field(options.field, shape)
    if not shape.takes(name):
        yield (), "the input contract has several text fields or none: name the one that takes the text with field"
    elif name in shape.names and shape.field(name).kinds and "string" not in shape.field(name).kinds:
        yield ("field",), f'the field "{name}" takes no text in the input contract'


def _unknown_field(path: Path, target: str, shape: Shape) -> Iterator[tuple[Path, str]]:
    steps = [target] if target in shape.names else target.split(".")
    for step in steps if target else ():
        if shape.kinds and not shape.is_object and not shape.is_list:
            break
        place = shape.items if shape.is_list and not shape.is_object else shape
        if not place.takes(step):
            known = ", ".join(place.names[:12])
            yield path, f'the input contract has no field "{target}"; known there: {known}'
            return
        shape = place.field(step)
