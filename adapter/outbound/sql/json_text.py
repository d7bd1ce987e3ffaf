"""Values as JSON text in a column, fast, and safe for any string (lone surrogates, NUL) a sender or model made."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson


def write(value: object) -> str:
    """Return a dataclass, mapping, list or plain value as JSON; decimals become strings, times ISO 8601."""
    try:
        return orjson.dumps(value, default=_plain).decode()
    except TypeError:  # an integer over 64 bits or a lone surrogate: rare, and the standard library writes both
        return json.dumps(value, default=_plain)


def write_some(value: object) -> str | None:
    """Return value as JSON, or None when it is empty."""
    return write(value) if value else None


def read(text: str) -> Any:
    """Parse what write wrote; not with orjson, which makes a float of an integer over 64 bits."""
    return json.loads(text)


def read_some(text: str | None) -> Any:
    """Parse a list that write_some wrote; None is the empty list."""
    return [] if text is None else read(text)


def storable(text: str) -> str:
    """Return text as a text column can hold it: NUL and lone surrogates are escaped, for people to read."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    msg = f"{type(value).__name__} cannot be stored"
    raise TypeError(msg)
