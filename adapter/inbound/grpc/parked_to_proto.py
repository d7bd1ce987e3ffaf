"""Parked messages as the messages of the contract."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from llm_adapter.v1 import admin_service_pb2

from adapter.domain.message import ParkedMessage, Properties
from adapter.inbound.grpc.text import foreign_text
from adapter.inbound.grpc.to_proto import timestamp

MAX_BODY_BYTES = 8 * 1024 * 1024


def parked_message(parked: ParkedMessage, *, with_body: bool) -> admin_service_pb2.ParkedMessage:
    """Return a parked message; its body, at most MAX_BODY_BYTES of it, only when asked for."""
    message = parked.message
    return admin_service_pb2.ParkedMessage(
        parked_id=parked.parked_id,
        reason=parked.reason,
        detail=foreign_text(parked.detail),
        job_id=parked.job_id,
        task=foreign_text(parked.task),
        client=foreign_text(parked.client),
        park_time=timestamp(parked.park_time),
        replay_time=timestamp(parked.replay_time),
        exchange=foreign_text(message.exchange),
        routing_key=foreign_text(message.routing_key),
        queue=foreign_text(message.queue),
        properties=_properties(message.properties),
        body_size=len(message.body),
        body=message.body[:MAX_BODY_BYTES] if with_body else b"",
    )


def _properties(properties: Properties) -> admin_service_pb2.MessageProperties:
    return admin_service_pb2.MessageProperties(
        message_id=foreign_text(properties.message_id),
        correlation_id=foreign_text(properties.correlation_id),
        content_type=foreign_text(properties.content_type),
        content_encoding=foreign_text(properties.content_encoding),
        reply_to=foreign_text(properties.reply_to),
        type=foreign_text(properties.type),
        app_id=foreign_text(properties.app_id),
        user_id=foreign_text(properties.user_id),
        expiration=foreign_text(properties.expiration),
        timestamp=_sent_time(properties.timestamp),
        delivery_mode=properties.delivery_mode,
        priority=properties.priority,
        headers=_headers(properties.headers),
    )


def _sent_time(seconds: int | None) -> Timestamp | None:
    """Return the sender's time; nothing for one that is none, because senders write milliseconds there too."""
    try:
        return None if seconds is None else timestamp(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _headers(headers: Mapping[str, object]) -> dict[str, str]:
    return {foreign_text(key): json.dumps(value, default=_shown) for key, value in headers.items()}


def _shown(value: object) -> str:
    """Return what JSON cannot hold (bytes, times, decimals of an AMQP header) as text."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
