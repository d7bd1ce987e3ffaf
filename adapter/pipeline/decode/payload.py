"""The payload's bytes to the record: which format, which charset, then that format's reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.domain.payload import Payload
from adapter.errors import PayloadUnreadable
from adapter.pipeline.decode.cells import record_of
from adapter.pipeline.decode.charset import DecodedText, decode_text
from adapter.pipeline.decode.content_type import ContentType, format_of
from adapter.pipeline.decode.csv_record import csv_record
from adapter.pipeline.decode.fixed_width import fixed_width_record
from adapter.pipeline.decode.html_text import html_field_to_text, html_to_text
from adapter.pipeline.decode.json_record import json_record
from adapter.pipeline.decode.limits import MAX_DEPTH
from adapter.pipeline.decode.mapping import mapping_tree
from adapter.pipeline.decode.properties_record import parse_properties
from adapter.pipeline.decode.typed_text import Notation
from adapter.pipeline.decode.xml_record import xml_record
from adapter.tasks.format_check import text_field
from adapter.tasks.input_formats import (
    AnyFormat,
    CsvFormat,
    FixedWidthFormat,
    HtmlFormat,
    InputFormats,
    JsonFormat,
    PropertiesFormat,
    TextFormat,
    XmlFormat,
)
from adapter.tasks.layout import FixedWidthLayout
from adapter.tasks.shape import Shape

_JAVA_SERIALISED = b"\xac\xed\x00\x05"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The record as plain values (exact_json types), the format it came in and the codec that read it."""

    record: Any
    format: str
    codec: str


def decode(
    payload: Payload,
    formats: InputFormats,
    assume: str,
    mapping: Mapping[str, str],
    schema: Mapping[str, Any],
    layout: FixedWidthLayout | None,
    *,
    max_depth: int = MAX_DEPTH,
) -> Decoded:
    """Decode a payload by what its sender declares and the task says; nothing is guessed.

    Raises PayloadUnreadable (charset, format, content type) and InputInvalid (not exactly one record).
    """
    if payload.content.startswith(_JAVA_SERIALISED) or "java-serialized" in payload.content_type.lower():
        raise PayloadUnreadable("The payload is a serialised Java object. Send JSON, XML or another accepted format.")
    content_type = ContentType.parse(payload.content_type)
    name = format_of(content_type, formats, assume)
    options = formats.options(name)
    decoded = decode_text(
        payload.content,
        field=payload.charset,
        parameter=content_type.charset,
        task=options.charset,
        is_xml=name == "xml",
    )
    source = _Source(decoded, Shape.of(schema), {**mapping, **options.map}, layout, max_depth)
    return Decoded(_record(source, options), name, decoded.codec)


@dataclass(frozen=True, slots=True)
class _Source:
    decoded: DecodedText
    shape: Shape
    mapping: Mapping[str, str]
    layout: FixedWidthLayout | None
    max_depth: int


def _record(source: _Source, options: AnyFormat) -> Any:
    """Read the format's own way. A field marked as HTML in the contract becomes text, whatever format brought it."""
    text, shape = source.decoded.text, source.shape
    match options:
        case HtmlFormat():
            return {text_field(options.field, shape): html_to_text(text)}
        case TextFormat():
            record: Any = {text_field(options.field, shape): text}
        case JsonFormat() | XmlFormat():
            record = _structured(source, options)
        case CsvFormat():
            record = csv_record(text, options, shape, source.mapping)
        case PropertiesFormat():
            notation = Notation(options.decimal, options.thousands, options.date)
            record = record_of(parse_properties(text), shape, source.mapping, notation)
        case FixedWidthFormat():
            if source.layout is None:
                raise PayloadUnreadable("The task accepts fixed-width but has no layout loaded. Name one in task.yaml.")
            codec = source.decoded.codec
            record = fixed_width_record(text, codec, options, source.layout, shape, source.mapping)
    return _html_as_text(record, shape) if shape.has_html else record


def _structured(source: _Source, options: JsonFormat | XmlFormat) -> Any:
    shape = source.shape if options.field is None else source.shape.field(options.field)
    mapped = mapping_tree(source.mapping, shape)
    text = source.decoded.text
    if isinstance(options, JsonFormat):
        record = json_record(text, options.select, mapped, source.max_depth)
    else:
        record = xml_record(text, options, shape, mapped, source.max_depth)
    return record if options.field is None else {options.field: record}


def _html_as_text(value: Any, shape: Shape) -> Any:
    if isinstance(value, dict):
        return {name: _html_as_text(inner, shape.field(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [_html_as_text(inner, shape.items) for inner in value]
    return html_field_to_text(value) if isinstance(value, str) and shape.is_html else value
