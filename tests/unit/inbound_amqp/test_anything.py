"""Whatever a message holds, it becomes a request or is refused with a reason; it never raises."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.domain.job import JobRequest
from adapter.domain.message import Properties, ReceivedMessage
from adapter.errors import QueueFate, RequestError
from adapter.inbound.amqp.deaths import as_it_first_came, death_of
from adapter.inbound.amqp.translate import Refused, ToPark
from adapter.service.answers import answer_of_error
from tests.unit.inbound_amqp.messages import TASK_QUEUE, UNROUTED_QUEUE, translate

SHORT = st.one_of(
    st.text(max_size=300),
    st.text(st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), max_size=5),
    st.sampled_from(
        ["", "gzip", "gzip, UTF-8", "utf-8:gzip", "text/plain; charset=x", "application/json", "crm.replies"]
    ),
    st.sampled_from(["amq.rabbitmq.reply-to.x", "a/b", "/", "classify-ticket.v1", "classify-ticket", "hex", "\0"]),
)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text(max_size=300),
        st.binary(max_size=20),
        st.just(Decimal("1.5")),
        st.datetimes(),
        st.datetimes(timezones=st.just(UTC)),
        st.sampled_from(["2026-11-23T10:00:00Z", "\udcff", datetime.max.replace(tzinfo=UTC)]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)
NAMES = st.one_of(
    SHORT,
    st.sampled_from(["llm-deadline", "llm-timeout-ms", "llm-model", "llm-label-a", "llm-label-", "llm-job-id"]),
    st.sampled_from(["traceparent", "tracestate", "x-death", "x-last-death-queue", "x-first-death-reason"]),
)
PROPERTIES = st.builds(
    Properties,
    message_id=SHORT,
    correlation_id=SHORT,
    content_type=SHORT,
    content_encoding=SHORT,
    reply_to=SHORT,
    user_id=SHORT,
    timestamp=st.one_of(st.none(), st.integers(0, 2**63)),
    headers=st.dictionaries(NAMES, VALUE, max_size=6),
)
MESSAGES = st.builds(
    ReceivedMessage,
    body=st.one_of(st.binary(max_size=50), st.binary(max_size=20).map(lambda rest: b"\x1f\x8b\x08" + rest)),
    properties=PROPERTIES,
    exchange=SHORT,
    routing_key=SHORT,
    queue=st.sampled_from([TASK_QUEUE, UNROUTED_QUEUE, "adapter.dead-letters", "other"]),
)
POLICY = st.sampled_from(["accept", "derive", "park"])


@settings(max_examples=250, deadline=None)
@given(MESSAGES, POLICY)
def test_any_message_becomes_a_request_or_is_refused(message: ReceivedMessage, policy: str) -> None:
    translation = translate(message, missing_message_id=policy)
    match translation:
        case JobRequest():
            assert translation.request_id.isascii()
            assert translation.deadline is None or translation.deadline.tzinfo is UTC
        case Refused(error, task, client, route):
            assert isinstance(error, RequestError)
            assert error.queue_fate is not QueueFate.HELD
            assert route is None or route.keyed_by_outcome or route.routing_key
            answer = answer_of_error(error, task=task, client=client, request_id=message.properties.message_id)
            assert answer.body.startswith(b"{")
            assert answer.body.decode("utf-8")
        case ToPark():
            assert policy == "park"


@settings(max_examples=100, deadline=None)
@given(MESSAGES)
def test_any_dead_letter_is_read(message: ReceivedMessage) -> None:
    original = as_it_first_came(message, death_of(message))
    assert original.body == message.body
