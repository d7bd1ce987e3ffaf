"""Publishing as spans, by OpenTelemetry's semantic conventions for messaging; the message carries its span along."""

from dataclasses import replace

from adapter.domain.message import OutgoingMessage, PublishOutcome, PublishStatus
from adapter.domain.trace import TraceContext
from adapter.ports import AttributeValue, Publisher, SpanKind, Tracer

_DIRECT_REPLY_TO = "amq.rabbitmq.reply-to"


class TracedPublisher:
    """Implements ports.Publisher around another one. What is stored stays as it is: only what is sent is marked."""

    def __init__(self, inner: Publisher, tracer: Tracer) -> None:
        """Take the publisher that sends."""
        self._inner = inner
        self._tracer = tracer

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        """Publish, beneath the span that the message was made in."""
        headers = message.properties.headers
        parent = TraceContext(str(headers.get("traceparent", "")), str(headers.get("tracestate", "")))
        name = f"send {_destination(message)}"
        attributes = _attributes(message)
        with self._tracer.span(name, kind=SpanKind.PRODUCER, attributes=attributes, parent=parent) as span:
            marked = {**headers, **self._tracer.here().headers()}
            outcome = await self._inner.publish(
                replace(message, properties=replace(message.properties, headers=marked))
            )
            if outcome.status is not PublishStatus.CONFIRMED:
                span.failed(outcome.status.value)
            return outcome


def _destination(message: OutgoingMessage) -> str:
    """Name the exchange, or the queue behind the default one; the address of a direct reply is of one caller."""
    if message.exchange:
        return message.exchange
    return _DIRECT_REPLY_TO if message.routing_key.startswith(_DIRECT_REPLY_TO) else message.routing_key


def _attributes(message: OutgoingMessage) -> dict[str, AttributeValue]:
    properties = message.properties
    attributes: dict[str, AttributeValue] = {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": _destination(message),
        "messaging.rabbitmq.destination.routing_key": message.routing_key,
        "messaging.message.id": properties.message_id,
        "messaging.message.body.size": len(message.body),
    }
    if properties.correlation_id.isascii():
        attributes["messaging.message.conversation_id"] = properties.correlation_id
    job_id = properties.headers.get("llm-job-id")
    return attributes | ({"llm_adapter.job_id": str(job_id)} if job_id else {})
