"""Bodies and properties that no sane sender sends: each is answered or kept, none stays, none ends the adapter."""

from collections.abc import Callable
from typing import Any

import pika
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.broken import TASK, Broken
from tests.kit.callers import new_id
from tests.kit.waiting import until

plain = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
values = st.one_of(plain, st.integers(-(2**31), 2**31 - 1), st.booleans(), st.binary(max_size=20), st.none())
OUR_HEADERS = (
    "llm-deadline",
    "llm-timeout-ms",
    "llm-model",
    "llm-job-id",
    "llm-label-simulate",
    "traceparent",
    "x-death",
)
header_names = st.one_of(
    st.sampled_from(OUR_HEADERS), st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
)
header_values = st.one_of(values, st.lists(values, max_size=3), st.dictionaries(st.just("k"), values, max_size=1))
headers = st.dictionaries(header_names, header_values, max_size=4)
properties = st.fixed_dictionaries(
    {},
    optional={
        "message_id": plain,
        "correlation_id": plain,
        "content_type": st.one_of(
            plain, st.sampled_from(["application/json", "text/xml", "application/x-java-serialized-object"])
        ),
        "content_encoding": st.one_of(plain, st.sampled_from(["gzip", "UTF-8", "gzip, UTF-16"])),
        "reply_to": st.one_of(plain, st.sampled_from(["adapter.requests", "amq.rabbitmq.reply-to.x", "a/b/c"])),
        "type": plain,
        "app_id": plain,
        "timestamp": st.integers(0, 2**63 - 1),
        "priority": st.integers(0, 255),
    },
)
bodies = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xac\xed\x00\x05sr", b"\x1f\x8b\x08", b"<a>&x;</a>", b"[" * 5000, b'{"a":1e999999}']),
)


@pytest.fixture
def adapter(broken: Callable[..., Broken]) -> Broken:
    return broken(amqp={"missing_message_id": "accept"}).start()


@pytest.mark.parametrize("examples", [40, pytest.param(600, marks=[pytest.mark.long, pytest.mark.timeout(400)])])
def test_whatever_comes_by_queue_is_answered_or_parked_and_the_next_message_is_worked_on(
    examples: int, adapter: Broken, ticket: bytes
) -> None:
    queue = f"{adapter.prefix}.requests.{TASK}"
    sent = 0

    @settings(max_examples=examples, suppress_health_check=[*HealthCheck], database=None)
    @given(bodies, properties, headers)
    def poison(body: bytes, given_properties: dict[str, Any], given_headers: dict[str, Any]) -> None:
        nonlocal sent
        basic = pika.BasicProperties(headers=given_headers, delivery_mode=2, **given_properties)
        try:
            adapter.queue.channel.basic_publish("", queue, body, basic, mandatory=True)
        except (ValueError, TypeError, AssertionError):
            return  # no client can send it
        sent += not is_ticket(body, given_headers)

    poison()
    healthy = adapter.queue.send(TASK, ticket, message_id=new_id(), reply_to=adapter.queue.replies)
    answers = {answer.properties.correlation_id: answer for answer in adapter.replies(seconds=60)}
    adapter.drained()
    until(lambda: handled(adapter) >= sent + 1, seconds=60)

    assert sent > examples // 2
    assert answers[healthy].outcome == "succeeded"
    assert adapter.process.process is not None
    assert adapter.process.process.poll() is None
    assert [event for event in adapter.process.events() if event["event"] in BUGS] == []


HANDLED = {"request_refused", "message_parked", "job_finished"}
BUGS = {"delivery_failed", "internal_error", "publication_failed_by_a_bug"}


def is_ticket(body: bytes, given_headers: dict[str, Any]) -> bool:
    """True for what stands for a stored job: one that is not there has nobody to be answered."""
    return not body and bool(given_headers.get("llm-job-id")) and isinstance(given_headers["llm-job-id"], str)


def handled(adapter: Broken) -> int:
    """How many messages were refused (answered, parked, or both), kept unanswered, or worked on to an outcome."""
    return sum(event["event"] in HANDLED for event in adapter.process.events())
