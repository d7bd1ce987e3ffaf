"""Messages as the broker would give them, and the rules that most tests use."""

import base64
from typing import Any

from adapter.domain.job import JobRequest
from adapter.domain.message import Properties, ReceivedMessage
from adapter.inbound.amqp.settings import AmqpFaceSettings
from adapter.inbound.amqp.translate import Refused, Translation, Translator

OWN_NAMES = frozenset(
    {
        "adapter.requests",
        "adapter.results",
        "adapter.unrouted",
        "adapter.dlx",
        "adapter.dead-letters",
        "adapter.requests.unrouted",
        "adapter.requests.classify-ticket",
    }
)
TASK_QUEUE = "adapter.requests.classify-ticket"
UNROUTED_QUEUE = "adapter.requests.unrouted"


def direct_reply_to(node: str = "reply@12345678", *, is_old: bool = False) -> str:
    """An address as a broker makes them."""
    name = node.encode()
    if is_old:
        process_id = b"\x83gw" + bytes([len(name)]) + name + bytes(9)
    else:
        process_id = b"\x83Xv" + len(name).to_bytes(2) + name + bytes(12)
    key = base64.b64encode(b"sixteen bytes ok").decode()
    return f"amq.rabbitmq.reply-to.{base64.b64encode(process_id).decode()}.{key}"


def settings(**changes: Any) -> AmqpFaceSettings:
    """Settings as by default, with changes."""
    defaults: dict[str, Any] = {
        "requests_queue_prefix": "adapter.requests.",
        "results_exchange": "adapter.results",
        "own_names": OWN_NAMES,
        "payload_bytes": 1000,
    }
    return AmqpFaceSettings(**{**defaults, **changes})


def message(
    body: bytes = b"{}",
    *,
    routing_key: str = "classify-ticket",
    queue: str = TASK_QUEUE,
    exchange: str = "adapter.requests",
    **properties: Any,
) -> ReceivedMessage:
    """A request with a message id, unless message_id says otherwise."""
    return ReceivedMessage(
        body=body,
        properties=Properties(**{"message_id": "id-1", **properties}),
        exchange=exchange,
        routing_key=routing_key,
        queue=queue,
    )


def translate(received: ReceivedMessage, **changes: Any) -> Translation:
    """Translate by default settings with changes."""
    return Translator(settings(**changes)).translate(received)


def request(received: ReceivedMessage, **changes: Any) -> JobRequest:
    """Translate what must be a request."""
    translation = translate(received, **changes)
    assert isinstance(translation, JobRequest), translation
    return translation


def refused(received: ReceivedMessage, **changes: Any) -> Refused:
    """Translate what must be refused."""
    translation = translate(received, **changes)
    assert isinstance(translation, Refused), translation
    return translation
