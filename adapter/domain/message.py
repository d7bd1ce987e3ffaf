"""AMQP messages as plain values, and what became of one that we published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from adapter.domain.job import JobError

HeaderValue = str | int | bool


@dataclass(frozen=True, slots=True)
class Properties:
    """Basic properties that we read or write; "" or None = unset. Received headers may hold any AMQP value."""

    message_id: str = ""
    correlation_id: str = ""
    """Decoded so that it can be echoed byte for byte."""
    content_type: str = ""
    content_encoding: str = ""
    reply_to: str = ""
    type: str = ""
    app_id: str = ""
    user_id: str = ""
    expiration: str = ""
    timestamp: int | None = None
    delivery_mode: int | None = None
    priority: int | None = None
    headers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One message as the broker gave it to us."""

    body: bytes
    properties: Properties
    exchange: str
    routing_key: str
    queue: str
    redelivered: bool = False
    delivery_count: int | None = None
    """How often the broker gave it out and got it back (header x-delivery-count), None on queues without it."""
    received_at: float | None = field(default=None, compare=False)
    """Monotonic clock time since when we have it; None = not a delivery in our hands."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to publish, persistent."""

    exchange: str
    routing_key: str
    body: bytes
    properties: Properties
    mandatory: bool = True


class PublishStatus(StrEnum):
    """What we know of a publish."""

    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    NACKED = "nacked"
    UNKNOWN = "unknown"
    """Bytes left, then the link died or the confirm did not come in time: it may or may not have arrived."""
    NOT_SENT = "not_sent"
    """Nothing left this process: link down, blocked, window full, too large, bad property."""
    REFUSED = "refused"
    """Never will be taken as it is: too large, bad property, no permission, no such exchange."""


@dataclass(frozen=True, slots=True)
class PublishOutcome:
    """A status with the broker's or our words for it."""

    status: PublishStatus
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is published of an outcome, the same on every route."""

    body: bytes
    content_type: str
    type: str
    headers: Mapping[str, HeaderValue]
    result_key: str = ""
    """Routing key on the result exchange: `<task>.v<major>.<outcome>.<client>`."""
    remark: JobError | None = None
    """What is to be said on the job, because this answer does not carry its outcome."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A stored message that follows from an outcome (or a ticket), to be sent until it is confirmed."""

    publication_id: str
    """Also its message_id."""
    job_id: str
    message: OutgoingMessage
    create_time: datetime | None = None
    tries: int = 0
    remark: JobError | None = None
    """Said on the job when this is stored."""


class ParkReason(StrEnum):
    """Why a message is parked, beside the reason of an error."""

    DEAD_LETTERED = "DEAD_LETTERED"
    MISSING_MESSAGE_ID = "MISSING_MESSAGE_ID"


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message kept byte-identical with reasons, for a person to replay or discard."""

    parked_id: str
    message: ReceivedMessage
    reason: str
    detail: str
    job_id: str = ""
    task: str = ""
    client: str = ""
    park_time: datetime | None = None
    replay_time: datetime | None = None
