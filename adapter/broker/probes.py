"""Marked empty messages that prove the broker's wiring, and that consumers get messages; nobody works on one."""

import uuid

from adapter.domain.message import OutgoingMessage, Properties, ReceivedMessage

PROBE_HEADER = "llm-probe"
_SIGN_OF_LIFE = "consumer-"
_SIGN_EXPIRATION_MILLISECONDS = 10_000


def new_probe(exchange: str, routing_key: str, *, expiration_milliseconds: int) -> OutgoingMessage:
    """Return a probe that expires; its header tells it from every other."""
    properties = Properties(
        expiration=str(expiration_milliseconds), app_id="llm-adapter", headers={PROBE_HEADER: uuid.uuid4().hex}
    )
    return OutgoingMessage(exchange=exchange, routing_key=routing_key, body=b"", properties=properties)


def is_probe(message: ReceivedMessage) -> bool:
    """Tell a probe from a request: a request has a body, a message id or a ticket's job id."""
    properties = message.properties
    return (
        not message.body
        and not properties.message_id
        and isinstance(properties.headers.get(PROBE_HEADER), str)
        and "llm-job-id" not in properties.headers
    )


def sign_of_life(queue: str) -> OutgoingMessage:
    """Return a probe for one queue alone, whatever is bound beside it; it goes soon if nobody is there."""
    properties = Properties(
        expiration=str(_SIGN_EXPIRATION_MILLISECONDS),
        app_id="llm-adapter",
        delivery_mode=1,
        headers={PROBE_HEADER: f"{_SIGN_OF_LIFE}{uuid.uuid4().hex}"},
    )
    return OutgoingMessage("", queue, b"", properties)


def is_sign_of_life(probe: ReceivedMessage) -> bool:
    """Tell it from a probe of `verify`, which has to reach the dead letters."""
    return str(probe.properties.headers.get(PROBE_HEADER)).startswith(_SIGN_OF_LIFE)
