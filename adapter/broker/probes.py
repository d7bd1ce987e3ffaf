"""Marked empty messages by which `verify` proves the broker's wiring; no consumer ever works on one."""

import uuid

from adapter.domain.message import OutgoingMessage, Properties, ReceivedMessage

PROBE_HEADER = "llm-probe"


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
