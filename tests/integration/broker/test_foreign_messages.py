"""Whatever a legacy sender puts into properties and headers, the connection stays up and the message comes through."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pika.spec import BasicProperties

from adapter.broker.properties import to_pika
from adapter.broker.subscription import Subscription
from adapter.domain.message import Properties
from tests.integration.broker.steps import declare_queue
from tests.kit.rabbitmq import eventually, open_link, running


class RawProperties(BasicProperties):
    """Properties with a header table given as bytes, as a client with another codec would send it."""

    def __init__(self, table: bytes) -> None:
        super().__init__(content_type="text/plain", message_id="m1", correlation_id="c1")
        self._table = table

    def encode(self) -> list[bytes]:
        without = b"".join(super().encode())
        flags = int.from_bytes(without[:2], "big") | BasicProperties.FLAG_HEADERS
        content_type_end = 3 + without[2]
        table = struct.pack(">I", len(self._table)) + self._table
        return [flags.to_bytes(2, "big"), without[2:content_type_end], table, without[content_type_end:]]


def entry(name: bytes, kind: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + kind + value


def nested(depth: int) -> bytes:
    table = entry(b"leaf", b"t", b"\x01")
    for _ in range(depth):
        table = entry(b"n", b"F", struct.pack(">I", len(table)) + table)
    return table


UNREADABLE_BY_PIKA: dict[str, tuple[bytes, Callable[[Any], bool]]] = {
    "milliseconds in a timestamp": (
        entry(b"when", b"T", struct.pack(">Q", 1_700_000_000_000_000)),
        lambda headers: headers["when"] == 1_700_000_000_000_000,
    ),
    "nested beyond recursion": (nested(1500), lambda headers: "n" in headers),
}


@pytest.mark.parametrize("name", UNREADABLE_BY_PIKA)
async def test_a_header_that_pika_cannot_read_does_not_cut_the_link(broker: Any, prefix: str, name: str) -> None:
    table, holds = UNREADABLE_BY_PIKA[name]
    table = entry(b"before", b"S", struct.pack(">I", 2) + b"ok") + table
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        sender = await link.open_channel()
        sender.publish("", prefix, b"body", RawProperties(table), mandatory=False)
        sender.publish("", prefix, b"next", to_pika(Properties()), mandatory=False)
        subscription = Subscription(link, prefix, prefetch=5, max_bytes=1000)
        async with running(subscription.run()):
            await eventually(lambda: subscription.held == 2)
            message = (await subscription.get()).message
            assert holds(message.properties.headers)
            assert message.properties.headers["before"] == "ok"
            assert (message.body, message.properties.message_id, message.properties.correlation_id) == (
                b"body",
                "m1",
                "c1",
            )
            assert (await subscription.get()).message.body == b"next"
        assert link.generation == 1


async def test_text_that_is_not_utf_8_is_echoed_byte_for_byte(broker: Any, prefix: str) -> None:
    raw = b"Stra\xdfe \xff"
    text = raw.decode("utf-8", "surrogateescape")
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        sender = await link.open_channel()
        sender.publish("", prefix, b"", to_pika(Properties(correlation_id=text, type=text)), mandatory=False)
        subscription = Subscription(link, prefix, prefetch=5, max_bytes=1000)
        async with running(subscription.run()):
            received = (await subscription.get()).message
            assert received.properties.correlation_id.encode("utf-8", "surrogateescape") == raw
            sender.publish("", prefix, b"", to_pika(received.properties), mandatory=False)
            assert (await subscription.get()).message.properties.correlation_id == text


async def test_every_property_and_header_kind_comes_back_as_it_was_sent(broker: Any, prefix: str) -> None:
    sent = Properties(
        message_id="m",
        correlation_id="ö",
        content_type="application/json",
        content_encoding="gzip, UTF-8",
        reply_to="crm.replies",
        type="t",
        app_id="a",
        user_id="guest",
        expiration="60000",
        timestamp=1_790_000_000,
        delivery_mode=2,
        priority=3,
        headers={
            "text": "ä",
            "number": -(2**63),
            "flag": True,
            "nothing": None,
            "bytes": b"\xff\x00",
            "time": datetime(2026, 11, 23, tzinfo=UTC),
            "decimal": Decimal("-1.25"),
            "list": [1, "two", [3]],
            "table": {"a": {"b": "c"}},
        },
    )
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        sender = await link.open_channel()
        sender.publish("", prefix, b"", to_pika(sent), mandatory=False)
        subscription = Subscription(link, prefix, prefetch=5, max_bytes=1000)
        async with running(subscription.run()):
            message = (await subscription.get()).message
            assert message.properties == sent
            assert (message.exchange, message.routing_key, message.queue) == ("", prefix, prefix)
