"""Reading AMQP header tables that pika cannot: dates past year 9999, NaN, deep nesting, unknown kinds.

pika raises on them inside its socket reader, which drops the connection: one such message, redelivered for ever,
would end consuming. Here an unreadable value becomes the text of what it is, and the rest is read.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

MAX_DEPTH = 16
_FIXED: Mapping[bytes, str] = {
    b"b": ">b",
    b"B": ">B",
    b"U": ">h",
    b"s": ">h",
    b"u": ">H",
    b"I": ">i",
    b"i": ">I",
    b"L": ">q",
    b"l": ">q",
    b"f": ">f",
    b"d": ">d",
}


def read_table(encoded: bytes, offset: int, depth: int = 0) -> tuple[dict[str, Any], int]:
    """Read a table (32-bit length first) and return it with the offset behind it. Never raises."""
    content, end = _long_bytes(encoded, offset)
    table: dict[str, Any] = {}
    at = 0
    while at < len(content):
        size = content[at]
        name = content[at + 1 : at + 1 + size].decode("utf-8", "surrogateescape")
        at += 1 + size
        try:
            table[name], at = _read_value(content, at, depth)
        except (struct.error, IndexError, LookupError):
            table[name] = f"(unreadable: {len(content) - at} bytes)"
            break
    return table, end


def _read_value(content: bytes, at: int, depth: int) -> tuple[Any, int]:
    """Read one value. Raises KeyError for an unknown kind, whose size nobody knows, and struct.error at the end."""
    kind, at = content[at : at + 1], at + 1
    if kind in _FIXED:
        layout = _FIXED[kind]
        return struct.unpack_from(layout, content, at)[0], at + struct.calcsize(layout)
    return _READERS[kind](content, at, depth)


def _long_bytes(content: bytes, at: int) -> tuple[bytes, int]:
    size = struct.unpack_from(">I", content, at)[0] if at + 4 <= len(content) else 0
    return content[at + 4 : at + 4 + size], at + 4 + size


def _read_flag(content: bytes, at: int, _depth: int) -> tuple[bool, int]:
    return content[at] != 0, at + 1


def _read_nothing(_content: bytes, at: int, _depth: int) -> tuple[None, int]:
    return None, at


def _read_decimal(content: bytes, at: int, _depth: int) -> tuple[Decimal, int]:
    places, raw = struct.unpack_from(">Bi", content, at)
    return Decimal(raw).scaleb(-places), at + 5


def _read_time(content: bytes, at: int, _depth: int) -> tuple[datetime | int, int]:
    seconds = struct.unpack_from(">Q", content, at)[0]
    try:
        return datetime.fromtimestamp(seconds, UTC), at + 8
    except (ValueError, OverflowError, OSError):
        return seconds, at + 8


def _read_text(content: bytes, at: int, _depth: int) -> tuple[str | bytes, int]:
    raw, end = _long_bytes(content, at)
    try:
        return raw.decode(), end
    except UnicodeDecodeError:
        return raw, end


def _read_bytes(content: bytes, at: int, _depth: int) -> tuple[bytes, int]:
    return _long_bytes(content, at)


def _read_list(content: bytes, at: int, depth: int) -> tuple[list[Any] | str, int]:
    inner, end = _long_bytes(content, at)
    if depth >= MAX_DEPTH:
        return f"(nested too deep: {len(inner)} bytes)", end
    values: list[Any] = []
    place = 0
    while place < len(inner):
        value, place = _read_value(inner, place, depth + 1)
        values.append(value)
    return values, end


def _read_nested(content: bytes, at: int, depth: int) -> tuple[dict[str, Any] | str, int]:
    if depth >= MAX_DEPTH:
        inner, end = _long_bytes(content, at)
        return f"(nested too deep: {len(inner)} bytes)", end
    return read_table(content, at, depth + 1)


_READERS: Mapping[bytes, Callable[[bytes, int, int], tuple[Any, int]]] = {
    b"t": _read_flag,
    b"V": _read_nothing,
    b"D": _read_decimal,
    b"T": _read_time,
    b"S": _read_text,
    b"x": _read_bytes,
    b"A": _read_list,
    b"F": _read_nested,
}
