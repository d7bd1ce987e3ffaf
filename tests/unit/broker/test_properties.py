"""Properties are checked before pika sees them, and whatever others sent can be read and echoed."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika.spec import Basic, BasicProperties

from adapter.broker.connection import read_header_frame
from adapter.broker.errors import BadPropertyError
from adapter.broker.properties import from_pika, received_message, to_pika
from adapter.domain.message import Properties

ANY_VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.just(object()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=300), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=300), ANY_VALUE, max_size=4), st.text(max_size=300), st.integers())
def test_what_passes_the_check_is_encoded_by_pika_without_an_error(
    headers: dict[str, Any], text: str, number: int
) -> None:
    try:
        checked = to_pika(Properties(message_id=text, timestamp=number, headers=headers))
    except BadPropertyError:
        return
    decoded = BasicProperties().decode(b"".join(checked.encode()))
    assert from_pika(decoded).message_id == text


@given(st.binary(max_size=255))
def test_any_bytes_of_a_correlation_id_are_echoed(raw: bytes) -> None:
    sent = BasicProperties(correlation_id=raw)  # type: ignore[arg-type] # bytes are what a foreign client sends
    received = from_pika(BasicProperties().decode(b"".join(sent.encode())))
    again = to_pika(received)
    assert (again.correlation_id or b"") in {raw, raw.decode("utf-8", "replace")}
    assert from_pika(again).correlation_id.encode("utf-8", "surrogateescape") == raw


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"message_id": "x" * 256}, "message_id"),
        ({"correlation_id": "é" * 128}, "correlation_id"),
        ({"type": "\ud800"}, "type"),
        ({"reply_to": 7}, "reply_to"),
        ({"expiration": "1.5"}, "expiration"),
        ({"priority": 256}, "priority"),
        ({"timestamp": True}, "timestamp"),
        ({"timestamp": 1.5}, "timestamp"),
        ({"delivery_mode": 3}, "delivery_mode"),
        ({"headers": {"llm-cost": 0.1}}, "llm-cost"),
        ({"headers": {"n": 2**63}}, "n"),
        ({"headers": {"d": Decimal("1e20")}}, "d"),
        ({"headers": {"d": Decimal("NaN")}}, "d"),
        ({"headers": {"x" * 256: 1}}, "header name"),
        ({"headers": {"": 1}}, "name"),
        ({"headers": {"list": [1, [2.0]]}}, "list"),
        ({"headers": {"text": "\udcff"}}, "text"),
        ({"headers": {"a": "x" * 130_000}}, "together"),
    ],
)
def test_what_amqp_cannot_carry_is_named(bad: dict[str, Any], named: str) -> None:
    with pytest.raises(BadPropertyError, match=named):
        to_pika(Properties(**bad))


def test_a_message_is_persistent_unless_said_otherwise() -> None:
    assert to_pika(Properties()).delivery_mode == 2
    assert to_pika(Properties(delivery_mode=1)).delivery_mode == 1


def test_values_are_never_in_the_message_of_an_error() -> None:
    with pytest.raises(BadPropertyError) as told:
        to_pika(Properties(message_id="secret" * 60))
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(("count", "expected"), [(3, 3), (None, None), ("3", None)])
def test_the_delivery_count_is_read_from_its_header(count: object, expected: int | None) -> None:
    headers: dict[str, Any] = {"x-delivery-count": count} if count is not None else {}
    method = Basic.Deliver("tag", 1, redelivered=True, exchange="e", routing_key="k")
    message = received_message("q", method, BasicProperties(headers=headers), b"body")
    assert (message.delivery_count, message.redelivered, message.queue) == (expected, True, "q")


@given(st.binary(max_size=60), st.integers(0, 0xFFFF))
def test_a_broken_header_frame_is_read_or_left_to_pika(rest: bytes, flags: int) -> None:
    content = b"\x00\x3c\x00\x00" + (5).to_bytes(8, "big") + flags.to_bytes(2, "big") + rest
    frame = b"\x02\x00\x01" + len(content).to_bytes(4, "big") + content + b"\xce"
    read = read_header_frame(frame)
    assert read is None or read[0] == len(frame)
