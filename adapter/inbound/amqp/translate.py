"""From a message to a request: every rule of the queue contract, and no I/O. What is wrong comes back as a value."""

import re
from dataclasses import dataclass

from adapter.domain.job import JobRequest, Route
from adapter.domain.message import Properties, ReceivedMessage
from adapter.domain.payload import Payload
from adapter.errors import AdapterError, PayloadTooLarge, PayloadUnreadable
from adapter.inbound.amqp import request_id
from adapter.inbound.amqp.content_encoding import inflate, is_charset, parse_content_encoding, same_charset
from adapter.inbound.amqp.headers import deadline_of, labels_of, model_of, trace_of
from adapter.inbound.amqp.reply_to import ReplyToRules, parse_reply_to
from adapter.inbound.amqp.settings import AmqpFaceSettings
from adapter.inbound.amqp.task_ref import task_ref_of
from adapter.tasks.definition import RESERVED_NAMES

_JAVA_TYPE = "application/x-java-serialized-object"
_JAVA_STREAM = b"\xac\xed\x00\x05"
# What Spring and others send when nobody chose a type: the task's input.assume decides.
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "text/plain"})
_CHARSET_PARAMETER = re.compile(r";\s*charset\s*=\s*[\"']?([^\"';\s]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that becomes no job, with all that is known for an answer. route None: nobody could be answered."""

    error: AdapterError
    task: str
    client: str
    route: Route | None


@dataclass(frozen=True, slots=True)
class ToPark:
    """A message that policy keeps for a person."""

    reason: str
    detail: str


Translation = JobRequest | Refused | ToPark


class Translator:
    """Turns messages into requests. Pure: may run in a thread."""

    def __init__(self, settings: AmqpFaceSettings) -> None:
        """Compile the allow-list. Raises re.error for a pattern that is none."""
        self._settings = settings
        self._reply_to = ReplyToRules(settings.reply_to_allow, settings.own_names, settings.requests_queue_prefix)

    def translate(self, message: ReceivedMessage) -> Translation:
        """Read a message of a request queue, the unrouted queue, or (as it first came) of the dead letters."""
        properties = message.properties
        if not properties.message_id and self._settings.missing_message_id == "park":
            return ToPark(request_id.MISSING_REASON, request_id.MISSING_DETAIL)
        client = self._settings.client_of(properties.user_id)
        queue_task = self._queue_task(message.queue)
        try:
            route = self._route(properties)
        except AdapterError as exc:
            return Refused(exc, queue_task or message.routing_key, client, self._result_route(properties))
        try:
            return self._request(message, queue_task, client, route)
        except AdapterError as exc:
            return Refused(exc, queue_task or message.routing_key, client, self._answerable(properties, route))

    def refusal(self, message: ReceivedMessage, request: JobRequest, error: AdapterError) -> Refused:
        """Refuse a request that could be read."""
        return Refused(error, request.task, request.client, self._answerable(message.properties, request.reply_to))

    def _answerable(self, properties: Properties, route: Route | None) -> Route | None:
        """Where to answer; None when the request names no address and nothing that would tell it from another."""
        return route or (self._result_route(properties) if _correlation(properties) else None)

    def _request(self, message: ReceivedMessage, queue_task: str, client: str, route: Route | None) -> JobRequest:
        properties = message.properties
        request_id.check_message_id(properties.message_id)
        task = task_ref_of(queue_task, message.routing_key)
        payload = read_payload(message.body, properties, self._settings.payload_bytes)
        traceparent, tracestate = trace_of(properties.headers)
        return JobRequest(
            client=client,
            task=task,
            payload=payload,
            request_id=properties.message_id or self._derived(client, task, properties.correlation_id, payload),
            model=model_of(properties.headers),
            labels=labels_of(properties.headers),
            deadline=deadline_of(properties),
            reply_to=route,
            correlation_id=_correlation(properties),
            traceparent=traceparent,
            tracestate=tracestate,
        )

    def _derived(self, client: str, task: str, correlation_id: str, payload: Payload) -> str:
        if self._settings.missing_message_id != "derive" or not correlation_id:
            return ""
        return request_id.derived_request_id(client, task.partition("@")[0], correlation_id, payload.content)

    def _queue_task(self, queue: str) -> str:
        prefix = self._settings.requests_queue_prefix
        task = queue.removeprefix(prefix) if queue.startswith(prefix) else ""
        return "" if task in RESERVED_NAMES else task

    def _route(self, properties: Properties) -> Route | None:
        """Where the request wants its answer; None = it does not say. Raises ReplyToRefused."""
        if not properties.reply_to:
            return None
        address = parse_reply_to(properties.reply_to)
        self._reply_to.check(address)
        return Route(address.exchange, address.routing_key, _correlation(properties), mandatory=not address.is_direct)

    def _result_route(self, properties: Properties) -> Route:
        return Route(self._settings.results_exchange, "", _correlation(properties), keyed_by_outcome=True)


def _correlation(properties: Properties) -> str:
    """What the answer echoes; "" = the requester could not tell what is answered."""
    return properties.correlation_id or properties.message_id


def read_payload(body: bytes, properties: Properties, limit: int) -> Payload:
    """Undo the content encoding and sort out type and charset. Raises PayloadUnreadable, PayloadTooLarge."""
    encoding = parse_content_encoding(properties.content_encoding)
    content = inflate(body, limit) if encoding.is_gzip else body
    if len(content) > limit:
        raise PayloadTooLarge(
            f"The payload has {len(content)} bytes, the limit is {limit}. {PayloadTooLarge().message}",
            metadata={"bytes": str(len(content)), "limit": str(limit)},
        )
    media_type, parameter = _media_type(properties.content_type)
    if media_type == _JAVA_TYPE or content.startswith(_JAVA_STREAM):
        raise PayloadUnreadable(
            "The body is a serialised Java object, which is never read. Send text: JSON, XML or what the task takes "
            "(Spring: set a Jackson2JsonMessageConverter on the RabbitTemplate).",
            metadata={"field": "content_type"},
        )
    if media_type not in _SAYS_NOTHING:
        return Payload(content, properties.content_type, encoding.charset)
    return Payload(content, "", _one_charset(encoding.charset, parameter))


def _one_charset(encoding: str, parameter: str) -> str:
    """Agree on a charset where the content type itself says nothing and is dropped."""
    if not encoding or not parameter:
        return encoding or parameter
    if not is_charset(parameter) or not same_charset(encoding, parameter):
        raise PayloadUnreadable(
            f"The charset is {encoding[:40]!r} by content_encoding and {parameter[:40]!r} by content_type. "
            "Send one of them.",
            metadata={"field": "content_encoding"},
        )
    return encoding


def _media_type(content_type: str) -> tuple[str, str]:
    """Split a content type into the bare type, in lower case, and its charset parameter."""
    bare, _, parameters = content_type.partition(";")
    charset = _CHARSET_PARAMETER.search(f";{parameters}")
    return bare.strip().lower(), charset[1] if charset else ""
