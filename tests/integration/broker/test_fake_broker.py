"""The fake broker behaves as the real one where both can do it: the same steps, the same things seen by a client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pika
import pytest

from adapter.broker.errors import ChannelLost
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.subscription import RebuildTimes, Settlement, Subscription
from adapter.domain.message import OutgoingMessage, Properties, PublishStatus
from tests.kit.fake_broker import FakeBroker, give_back
from tests.kit.rabbitmq import eventually, open_link, running

QUICK = RebuildTimes(first_backoff_seconds=0.01, max_backoff_seconds=0.05)


@pytest.fixture(params=["real", "fake"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Give the address of the real broker, then of the fake one."""
    if request.param == "real":
        yield request.getfixturevalue("broker").url
        return
    async with FakeBroker() as fake:
        yield fake.url


@contextlib.asynccontextmanager
async def consumed(url: str, queue: str) -> AsyncIterator[tuple[BrokerPublisher, Subscription]]:
    """A queue with a consumer, and a publisher beside it."""
    async with open_link(url) as link, open_link(url, "publish") as sending:
        channel = await link.open_channel()
        await channel.declare_queue(queue, arguments={"x-queue-type": "quorum"})
        await channel.close()
        publisher = BrokerPublisher(sending)
        subscription = Subscription(link, queue, prefetch=10, max_bytes=1_000_000, times=QUICK)
        async with running(subscription.run()):
            await subscription.wait_consuming(10)
            yield publisher, subscription
            await publisher.close()


async def test_a_message_is_confirmed_delivered_as_it_was_sent_and_settled(url: str, prefix: str) -> None:
    async with consumed(url, prefix) as (publisher, subscription):
        sent = Properties(message_id="m1", correlation_id="c", content_type="text/plain", headers={"llm-x": 7})
        outcome = await publisher.publish(OutgoingMessage("", prefix, b"x" * 200_000, sent))
        assert outcome.status is PublishStatus.CONFIRMED
        delivery = await subscription.get()
        message = delivery.message
        assert (message.body, message.routing_key, message.redelivered) == (b"x" * 200_000, prefix, False)
        assert message.properties.message_id == "m1"
        assert message.properties.headers["llm-x"] == 7
        assert delivery.ack() is Settlement.SETTLED
        await subscription.close()


async def test_a_tag_that_is_not_of_its_channel_closes_it(url: str, prefix: str) -> None:
    async with consumed(url, prefix) as (publisher, subscription):
        await publisher.publish(OutgoingMessage("", prefix, b"x", Properties()))
        delivery = await subscription.get()
        delivery.tag += 100
        delivery.ack()
        await eventually(lambda: subscription.generation == 2 and subscription.consuming)


async def test_pikas_own_client_connects_and_asks_as_it_does_with_the_real_one(url: str, prefix: str) -> None:
    def ask() -> tuple[str, bool]:
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            channel = connection.channel()
            declared = channel.queue_declare(prefix, durable=True).method
            channel.confirm_delivery()
            channel.basic_publish("", prefix, b"x", mandatory=False)
            channel.basic_qos(prefetch_count=3)
            tag = channel.basic_consume(prefix, lambda *_: None)
            channel.basic_cancel(tag)
            return declared.queue, channel.is_open

    assert await asyncio.to_thread(ask) == (prefix, True)


async def test_a_message_that_comes_back_is_unroutable(broker: Any, prefix: str) -> None:
    async with FakeBroker() as fake:
        fake.on_publish = give_back
        outcomes = []
        for url in (broker.url, fake.url):
            async with open_link(url, "publish") as link:
                publisher = BrokerPublisher(link)
                outcomes.append(await publisher.publish(OutgoingMessage("", prefix, b"x", Properties())))
                await publisher.close()
        assert outcomes[0] == outcomes[1]
        assert outcomes[0].status is PublishStatus.UNROUTABLE


async def test_a_channel_that_is_closed_by_script_fails_what_waits_on_it() -> None:
    async with FakeBroker() as fake, open_link(fake.url) as link:
        channel = await link.open_channel()
        fake.unanswered.add(pika.spec.Queue.Declare)
        waiting = asyncio.ensure_future(channel.declare_queue("q"))
        [peer] = fake.peers
        await eventually(lambda: peer.count(pika.spec.Queue.Declare) == 1)
        peer.close_channel(1, 541, "INTERNAL_ERROR")
        with pytest.raises(ChannelLost, match="541 INTERNAL_ERROR"):
            await waiting


async def test_what_goes_wrong_in_a_script_fails_the_test() -> None:
    def stumble(*_: object) -> None:
        raise ZeroDivisionError

    async def publish() -> None:
        async with FakeBroker() as fake:
            fake.on_publish = stumble
            async with open_link(fake.url, "publish") as link:
                await BrokerPublisher(link, confirm_timeout_seconds=0.1).publish(
                    OutgoingMessage("", "q", b"x", Properties())
                )

    with pytest.raises(ZeroDivisionError):
        await publish()
