"""Consuming really works again after whatever broke it, and what is held is bounded and settled once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapter.broker.errors import LinkDown, SubscriptionEnded
from adapter.broker.link import Link
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.subscription import RebuildTimes, Settlement, Subscription
from adapter.domain.message import OutgoingMessage, Properties, PublishStatus
from tests.integration.broker.steps import declare_queue, delete_queue
from tests.kit.forwarder import Forwarder
from tests.kit.rabbitmq import EventLog, eventually, open_link, running

QUICK = RebuildTimes(first_backoff_seconds=0.02, max_backoff_seconds=0.1, failed_retry_seconds=0.2)


async def await_ready(link: Link, name: str, count: int) -> None:
    """Wait until a queue has so many messages that nobody holds: what was returned is counted a moment later."""
    channel = await link.open_channel()
    async with asyncio.timeout(60):
        while await channel.declare_queue(name, passive=True) != count:  # noqa: ASYNC110 - it is the broker's to know
            await asyncio.sleep(0.01)
    await channel.close()


async def send(link: Link, queue: str, *bodies: bytes, **properties: Any) -> None:
    publisher = BrokerPublisher(link)
    outcomes = await asyncio.gather(
        *(publisher.publish(OutgoingMessage("", queue, body, Properties(**properties))) for body in bodies)
    )
    await publisher.close()
    assert {outcome.status for outcome in outcomes} == {PublishStatus.CONFIRMED}


@contextlib.asynccontextmanager
async def subscribed(link: Link, queue: str, **options: Any) -> AsyncIterator[Subscription]:
    settings: dict[str, Any] = {"prefetch": 10, "max_bytes": 1_000_000, "times": QUICK} | options
    subscription = Subscription(link, queue, **settings)
    async with running(subscription.run()):
        await subscription.wait_consuming(10)
        yield subscription


async def take(subscription: Subscription, within_seconds: float = 60.0) -> bytes:
    async with asyncio.timeout(within_seconds):
        delivery = await subscription.get()
    assert delivery.ack() is Settlement.SETTLED
    return delivery.message.body


@pytest.mark.parametrize("how", ["stop_app", "kill"])
async def test_a_fresh_message_arrives_after_the_broker_restarted(broker: Any, prefix: str, how: str) -> None:
    async with open_link(broker.url) as link, open_link(broker.url, "publish") as sending:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix) as subscription:
            await send(sending, prefix, b"before")
            assert await take(subscription) == b"before"
            if how == "kill":
                # A quorum queue is forgotten by a kill within half a second of its making.
                await asyncio.to_thread(broker.ctl, "eval", "[dets:sync(Table) || Table <- dets:all()].")
                await asyncio.to_thread(broker.kill)
                await asyncio.to_thread(broker.start)
            else:
                await asyncio.to_thread(broker.stop_app)
                await asyncio.to_thread(broker.start_app)
            await eventually(lambda: link.generation > 1 and sending.generation > 1, 20)
            await sending.wait_open(30)
            await subscription.wait_consuming(10)
            await send(sending, prefix, b"after")
            assert await take(subscription) == b"after"


async def test_a_delivery_of_a_lost_link_is_stale_and_comes_again(broker: Any, prefix: str) -> None:
    async with Forwarder.to(broker.url) as forwarder, open_link(forwarder.url(broker.url)) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix) as subscription:
            await send(link, prefix, b"once")
            first = await subscription.get()
            forwarder.reset()
            await eventually(lambda: subscription.generation == 2 and subscription.consuming)
            assert first.ack() is Settlement.STALE
            again = await subscription.get()
            assert (again.message.body, again.message.redelivered) == (b"once", True)
            assert again.message.delivery_count == 1
            assert again.ack() is Settlement.SETTLED


async def test_a_second_settling_changes_nothing(broker: Any, prefix: str) -> None:
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix) as subscription:
            await send(link, prefix, b"one", b"two")
            delivery = await subscription.get()
            assert delivery.release() is Settlement.SETTLED
            assert delivery.ack() is Settlement.SETTLED
            assert {await take(subscription), await take(subscription)} == {b"one", b"two"}
            assert subscription.generation == 1


async def test_a_deleted_queue_is_consumed_again_once_it_is_back(broker: Any, prefix: str) -> None:
    log, link_log = EventLog(), EventLog()
    async with open_link(broker.url, on_event=link_log) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix, on_event=log) as subscription:
            await delete_queue(link, prefix)
            await eventually(lambda: "404" in subscription.problem)
            assert "adapter topology show" in subscription.problem
            with pytest.raises(LinkDown, match="404"):
                await subscription.wait_consuming(0.05)
            await declare_queue(link, prefix)
            await subscription.wait_consuming(10)
            await send(link, prefix, b"back")
            assert await take(subscription) == b"back"
        # What counts is that a fresh message came; this broker sometimes ends the connection, too, and it is rebuilt.
        assert link.generation <= 2, link_log.events
        assert log.names().count("object_missing") == 1


async def test_a_closed_channel_is_replaced(broker: Any, prefix: str) -> None:
    """Acking an unknown tag makes the broker close the channel (406), as a consumer timeout would."""
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix) as subscription:
            await send(link, prefix, b"held")
            delivery = await subscription.get()
            delivery.tag += 1000
            delivery.ack()
            await eventually(lambda: subscription.generation == 2)
            assert await take(subscription) == b"held"
            assert link.generation == 1


async def test_no_more_than_the_prefetch_is_held(broker: Any, prefix: str) -> None:
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix, prefetch=3) as subscription:
            await send(link, prefix, *[b"x"] * 10)
            held = [await subscription.get() for _ in range(3)]
            with pytest.raises(TimeoutError):
                await take(subscription, 0.1)
            assert subscription.held == 3
            await await_ready(link, prefix, 7)
            for delivery in held:
                delivery.ack()
            for _ in range(7):
                await take(subscription)


async def test_no_more_than_the_bytes_are_held(broker: Any, prefix: str) -> None:
    log = EventLog()
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        await send(link, prefix, *[b"x" * 100_000] * 40)
        async with subscribed(link, prefix, prefetch=40, max_bytes=500_000, on_event=log) as subscription:
            await eventually(lambda: not subscription.consuming)
            assert subscription.held_bytes <= 700_000
            for _ in range(40):
                await take(subscription)
            assert subscription.held == 0
        started_with = [int(fields["prefetch"]) for name, fields in log.events if name == "subscription_consuming"]
        assert started_with[0] == 40
        assert max(started_with[1:]) <= 7


async def test_a_pause_gives_back_what_nobody_took_and_keeps_what_is_held(broker: Any, prefix: str) -> None:
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix) as subscription:
            await send(link, prefix, b"a", b"b", b"c")
            held = await subscription.get()
            await subscription.pause()
            assert (subscription.consuming, subscription.held) == (False, 1)
            await await_ready(link, prefix, 2)
            assert held.ack() is Settlement.SETTLED
            await subscription.resume()
            assert {await take(subscription), await take(subscription)} | {held.message.body} == {b"a", b"b", b"c"}


async def test_a_pause_outlives_a_reconnect(broker: Any, prefix: str) -> None:
    async with Forwarder.to(broker.url) as forwarder, open_link(forwarder.url(broker.url)) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix) as subscription:
            await subscription.pause()
            forwarder.reset()
            await eventually(lambda: subscription.generation == 2)
            await send(link, prefix, b"waits")
            with pytest.raises(TimeoutError):
                await take(subscription, 0.1)
            await subscription.resume()
            assert await take(subscription) == b"waits"


async def test_closing_releases_what_is_held_and_ends_the_readers(broker: Any, prefix: str) -> None:
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix) as subscription:
            await send(link, prefix, b"a", b"b", b"c")
            taken = await subscription.get()
            reader = asyncio.ensure_future(collect(subscription))
            await eventually(lambda: subscription.held == 3)
            await subscription.drain()
            assert len(await reader) <= 2
            with pytest.raises(SubscriptionEnded):
                await subscription.get()
            assert taken.ack() is Settlement.SETTLED
            await subscription.close()
        await await_ready(link, prefix, 2)


async def collect(subscription: Subscription) -> list[bytes]:
    return [delivery.message.body async for delivery in subscription]


async def test_cancelling_run_gives_everything_back(broker: Any, prefix: str) -> None:
    async with open_link(broker.url) as link:
        await declare_queue(link, prefix)
        async with subscribed(link, prefix) as subscription:
            await send(link, prefix, b"a", b"b")
            await subscription.get()
        await await_ready(link, prefix, 2)


async def test_a_rejected_delivery_goes_to_the_dead_letters(broker: Any, prefix: str) -> None:
    dead = f"{prefix}.dead"
    async with open_link(broker.url) as link:
        await declare_queue(link, dead)
        await declare_queue(link, prefix, **{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
        async with subscribed(link, prefix) as subscription, subscribed(link, dead) as dead_letters:
            await send(link, prefix, b"bad", message_id="m1", correlation_id="c1")
            delivery = await subscription.get()
            assert delivery.reject() is Settlement.SETTLED
            letter = await dead_letters.get()
            assert (letter.message.body, letter.message.properties.message_id) == (b"bad", "m1")
            assert letter.message.properties.headers["x-first-death-reason"] == "rejected"
