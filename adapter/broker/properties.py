"""Message properties to and from pika: checked before pika sees them, and never failing on what others sent."""

import re
import time
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pika.spec import Basic, BasicProperties

from adapter.broker.errors import BadPropertyError
from adapter.broker.field_table import MAX_DEPTH
from adapter.domain.message import OutgoingMessage, Properties, ReceivedMessage

SHORT_STRING_BYTES = 255
MAX_HEADER_FRAME_BYTES = 120_000
"""All properties travel in one frame of 128 KiB; a larger one ends the connection."""
DELIVERY_COUNT_HEADER = "x-delivery-count"
_INT64 = range(-(2**63), 2**63)
_INT32 = range(-(2**31), 2**31)
_OCTET = range(256)
_TEXTS = (
    "message_id",
    "correlation_id",
    "content_type",
    "content_encoding",
    "reply_to",
    "type",
    "app_id",
    "user_id",
    "expiration",
)
_ENTRY_OVERHEAD_BYTES = 16
_EXPIRATION = re.compile(r"\d{1,10}")


# --- out ----------------------------------------------------------------------------------------------


def to_pika(properties: Properties) -> BasicProperties:
    """Return pika's properties, persistent unless said otherwise. Raises BadPropertyError.

    Header values are what we send ourselves (str, int, bool) and what we may have to send again for others (bytes,
    None, datetime, Decimal, lists and tables of these); AMQP 0-9-1 by pika has no floats.
    """
    encoded = BasicProperties(
        delivery_mode=_delivery_mode(properties.delivery_mode),
        priority=_number("priority", properties.priority, _OCTET),
        timestamp=_number("timestamp", properties.timestamp, range(2**64)),
    )
    size = 0
    for name in _TEXTS:
        value = getattr(properties, name)
        if value != "":
            text = short_string(name, value)
            setattr(encoded, name, text)
            size += len(text)
    if properties.expiration and not _EXPIRATION.fullmatch(properties.expiration):
        raise BadPropertyError("The property expiration must be whole milliseconds as digits.")
    if properties.headers:
        headers: dict[str, Any] = {_header_name(name): value for name, value in properties.headers.items()}
        encoded.headers = headers
        size += sum(_check_value(name, value, 0) for name, value in properties.headers.items())
    if size > MAX_HEADER_FRAME_BYTES:
        raise BadPropertyError(f"All properties and headers together exceed {MAX_HEADER_FRAME_BYTES} bytes.")
    return encoded


def short_string(name: str, value: object) -> str:
    """Return a short string as pika takes it (bytes where it came as bytes). Raises BadPropertyError."""
    if not isinstance(value, str):
        raise BadPropertyError(f"The property {name} must be a string, not {type(value).__name__}.")
    if value.isascii():
        if len(value) > SHORT_STRING_BYTES:
            raise BadPropertyError(_too_long(name, len(value)))
        return value
    raw = _encode(name, value)
    if len(raw) > SHORT_STRING_BYTES:
        raise BadPropertyError(_too_long(name, len(raw)))
    # pika takes bytes as they are, though its annotations say str.
    return raw  # type: ignore[return-value] # bytes are what echoes a foreign charset byte for byte


def _delivery_mode(value: object) -> Literal[1, 2]:
    if value not in {None, 1, 2}:
        raise BadPropertyError("The property delivery_mode must be 1 (transient) or 2 (persistent).")
    return 1 if value == 1 else 2


def _too_long(name: str, size: int) -> str:
    return f"The property {name} has {size} bytes; AMQP allows {SHORT_STRING_BYTES}."


def _encode(name: str, value: str, errors: str = "surrogateescape") -> bytes:
    try:
        return value.encode("utf-8", errors)
    except UnicodeEncodeError:
        raise BadPropertyError(f"{name} holds a lone surrogate; it cannot be written as UTF-8.") from None


def _header_name(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise BadPropertyError("A header's name must be a string that is not empty.")
    return short_string("header name", name)


def _number(name: str, value: object, allowed: range) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise BadPropertyError(f"The property {name} must be a whole number from {allowed[0]} to {allowed[-1]}.")
    return value


def _check_value(name: str, value: object, depth: int) -> int:
    """Return about how many bytes the value takes. Raises BadPropertyError where pika or AMQP cannot carry it."""
    if isinstance(value, str):
        return _ENTRY_OVERHEAD_BYTES + len(name) + len(value if value.isascii() else _encode(name, value, "strict"))
    if isinstance(value, bytes):
        return _ENTRY_OVERHEAD_BYTES + len(name) + len(value)
    if value is None or isinstance(value, datetime):
        return _ENTRY_OVERHEAD_BYTES + len(name)
    if isinstance(value, int) and value in _INT64:
        return _ENTRY_OVERHEAD_BYTES + len(name)
    if isinstance(value, Decimal) and _fits_decimal(value):
        return _ENTRY_OVERHEAD_BYTES + len(name)
    if isinstance(value, (dict, list)) and depth < MAX_DEPTH:
        return _check_nested(name, value, depth)
    kind = "number" if isinstance(value, (int, Decimal)) else type(value).__name__
    raise BadPropertyError(f"The header {name} holds a {kind} that AMQP cannot carry; use text, 64-bit int or bool.")


def _check_nested(name: str, value: dict[object, object] | list[object], depth: int) -> int:
    if isinstance(value, list):
        return _ENTRY_OVERHEAD_BYTES + sum(_check_value(name, entry, depth + 1) for entry in value)
    for key in value:
        _header_name(key)
    return _ENTRY_OVERHEAD_BYTES + sum(_check_value(str(key), entry, depth + 1) for key, entry in value.items())


def _fits_decimal(value: Decimal) -> bool:
    if not value.is_finite():
        return False
    exponent = value.normalize().as_tuple().exponent
    places = -min(int(exponent), 0)
    return places in _OCTET and int(value.scaleb(places)) in _INT32


# --- in -----------------------------------------------------------------------------------------------


def from_pika(encoded: BasicProperties) -> Properties:
    """Return what somebody sent, whatever it is; text that is not UTF-8 keeps its bytes (surrogateescape)."""
    texts = {name: text_of(getattr(encoded, name)) for name in _TEXTS}
    return Properties(
        **texts,
        timestamp=encoded.timestamp,
        delivery_mode=encoded.delivery_mode,
        priority=encoded.priority,
        headers={text_of(name): value for name, value in (encoded.headers or {}).items()},
    )


def text_of(value: object) -> str:
    """Return a short string as text; pika gives bytes where they are not UTF-8, and None where nothing was sent."""
    if value is None:
        return ""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def received_message(queue: str, method: Basic.Deliver, encoded: BasicProperties, body: bytes) -> ReceivedMessage:
    """Return a delivery as a plain value; it is in our hands from now on."""
    properties = from_pika(encoded)
    count = properties.headers.get(DELIVERY_COUNT_HEADER)
    return ReceivedMessage(
        body=body,
        properties=properties,
        exchange=text_of(method.exchange),
        routing_key=text_of(method.routing_key),
        queue=queue,
        redelivered=bool(method.redelivered),
        delivery_count=count if isinstance(count, int) else None,
        received_at=time.monotonic(),
    )


def returned_message(method: Basic.Return, encoded: BasicProperties, body: bytes) -> OutgoingMessage:
    """Return a message that no queue took as a plain value."""
    return OutgoingMessage(text_of(method.exchange), text_of(method.routing_key), body, from_pika(encoded))
