"""Short ways to decode in tests."""

from typing import Any

import pytest

from adapter.domain.payload import Payload
from adapter.errors import AdapterError
from adapter.pipeline.decode import Decoded, decode
from adapter.tasks.input_formats import InputFormats
from adapter.tasks.layout import FixedWidthLayout

ANY_OBJECT: dict[str, Any] = {"type": "object"}


def decoded(
    content: bytes | str,
    formats: dict[str, Any],
    schema: dict[str, Any] | None = None,
    *,
    content_type: str = "",
    charset: str = "",
    mapping: dict[str, str] | None = None,
    layout: dict[str, Any] | None = None,
    assume: str = "",
) -> Decoded:
    """Decode with formats as task.yaml says them; text is sent as UTF-8."""
    payload = Payload(content.encode() if isinstance(content, str) else content, content_type, charset)
    declared = FixedWidthLayout.model_validate(layout) if layout else None
    return decode(payload, InputFormats.model_validate(formats), assume, mapping or {}, schema or ANY_OBJECT, declared)


def record(content: bytes | str, formats: dict[str, Any], schema: dict[str, Any] | None = None, **said: Any) -> Any:
    """Only the record."""
    return decoded(content, formats, schema, **said).record


def error_of(kind: type[AdapterError], *arguments: Any, **said: Any) -> str:
    """Message of the error that decoding ends with."""
    with pytest.raises(kind) as caught:
        decoded(*arguments, **said)
    return caught.value.message


def contract(**fields: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with these fields."""
    return {"type": "object", "properties": fields}


TEXT: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}
NUMBER: dict[str, Any] = {"type": "number"}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
DATE: dict[str, Any] = {"type": "string", "format": "date"}


def a_list(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": items}
