"""Deliveries as spans, by OpenTelemetry's semantic conventions for messaging."""

from collections.abc import Awaitable, Callable

from adapter.domain.message import ReceivedMessage
from adapter.domain.trace import TraceContext
from adapter.inbound.amqp.headers import trace_of
from adapter.ports import NO_TRACER, AttributeValue, SpanKind, Tracer
from adapter.service.api import Disposition

Handle = Callable[[ReceivedMessage], Awaitable[Disposition]]


def traced(handle: Handle, tracer: Tracer) -> Handle:
    """Handle each message within a span, beneath the one that the message names; with traces off, as it is."""
    if tracer is NO_TRACER:
        return handle

    async def handled(message: ReceivedMessage) -> Disposition:
        parent = TraceContext(*trace_of(message.properties.headers))
        name = f"process {message.queue}"
        attributes = _attributes(message)
        with tracer.span(name, kind=SpanKind.CONSUMER, attributes=attributes, parent=parent) as span:
            disposition = await handle(message)
            span.note({"llm_adapter.disposition": disposition.value})
            return disposition

    return handled


def _attributes(message: ReceivedMessage) -> dict[str, AttributeValue]:
    properties = message.properties
    attributes: dict[str, AttributeValue] = {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": message.queue,
        "messaging.rabbitmq.destination.routing_key": message.routing_key,
        "messaging.message.body.size": len(message.body),
        "llm_adapter.redelivered": message.redelivered,
    }
    for name, value in (("id", properties.message_id), ("conversation_id", properties.correlation_id)):
        if value and value.isascii():
            attributes[f"messaging.message.{name}"] = value
    return attributes
