"""Messages as an envelope (JSON) and a body (bytes), with every value that an AMQP header can have."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from adapter.domain.message import OutgoingMessage, ParkedMessage, Properties, Publication, ReceivedMessage
from adapter.outbound.sql import json_text
from adapter.outbound.sql.rows import Values
from adapter.outbound.sql.times import from_us, some_from_us

_TAG = "$"  # {"$": [type, value]} is a header value that JSON has no type for
_PLAIN_TYPES = frozenset({str, int, bool, type(None)})
_PROPERTY_NAMES = tuple(field.name for field in fields(Properties))

_WRITERS: Sequence[tuple[str, type | tuple[type, ...], Callable[[Any], object]]] = (
    ("bytes", (bytes, bytearray), lambda value: b64encode(value).decode()),
    ("decimal", Decimal, str),
    ("time", datetime, datetime.isoformat),
    ("float", float, repr),  # NaN and infinity have no JSON
    ("table", Mapping, lambda table: {key: _header_document(value) for key, value in table.items()}),
)
_READERS: Mapping[str, Callable[[Any], object]] = {
    "bytes": b64decode,
    "decimal": Decimal,
    "time": datetime.fromisoformat,
    "float": float,
    "table": lambda table: {key: _header(value) for key, value in table.items()},
}


def outgoing_values(publication: Publication) -> Values:
    """Columns of a publication's message."""
    message = publication.message
    envelope = {
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "mandatory": message.mandatory,
        "properties": _properties_document(message.properties),
    }
    return {
        "publication_id": publication.publication_id,
        "job_id": publication.job_id,
        "envelope": json_text.write(envelope),
        "body": message.body,
    }


def publication_of_row(row: Row[Any]) -> Publication:
    """Return the publication of a row."""
    envelope = json_text.read(row.envelope)
    message = OutgoingMessage(
        exchange=envelope["exchange"],
        routing_key=envelope["routing_key"],
        body=bytes(row.body),
        properties=_properties(envelope["properties"]),
        mandatory=envelope["mandatory"],
    )
    return Publication(row.publication_id, row.job_id, message, from_us(row.create_time), row.tries)


def parked_values(parked: ParkedMessage) -> Values:
    """Columns of a parked message, but for its times."""
    message = parked.message
    envelope = {
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "queue": message.queue,
        "redelivered": message.redelivered,
        "delivery_count": message.delivery_count,
        "properties": _properties_document(message.properties),
    }
    return {
        "parked_id": parked.parked_id,
        "envelope": json_text.write(envelope),
        "body": message.body,
        "reason": parked.reason,
        "detail": json_text.storable(parked.detail),
        "job_id": parked.job_id,
        "task": json_text.storable(parked.task),
        "client": parked.client,
    }


def parked_of_row(row: Row[Any]) -> ParkedMessage:
    """Return the parked message of a row."""
    envelope = json_text.read(row.envelope)
    properties = _properties(envelope.pop("properties"))
    return ParkedMessage(
        parked_id=row.parked_id,
        message=ReceivedMessage(body=bytes(row.body), properties=properties, **envelope),
        reason=row.reason,
        detail=row.detail,
        job_id=row.job_id,
        task=row.task,
        client=row.client,
        park_time=some_from_us(row.park_time),
        replay_time=some_from_us(row.replay_time),
    )


def _properties_document(properties: Properties) -> dict[str, object]:
    document = {name: value for name in _PROPERTY_NAMES if (value := getattr(properties, name)) not in ("", None)}
    document["headers"] = {key: _header_document(value) for key, value in properties.headers.items()}
    return document


def _properties(document: Mapping[str, Any]) -> Properties:
    headers = {key: _header(value) for key, value in document["headers"].items()}
    return Properties(**{**document, "headers": headers})


def _header_document(value: object) -> object:
    if type(value) in _PLAIN_TYPES:
        return value
    if isinstance(value, list | tuple):
        return [_header_document(item) for item in value]
    for kind, types, write in _WRITERS:
        if isinstance(value, types):
            return {_TAG: [kind, write(value)]}
    return value


def _header(value: Any) -> object:
    if isinstance(value, dict):
        kind, content = value[_TAG]
        return _READERS[kind](content)
    if isinstance(value, list):
        return [_header(item) for item in value]
    return value
