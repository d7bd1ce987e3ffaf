"""What the tests with a real broker do again and again: send, receive, count, run consumers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from adapter.broker.link import Link
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.subscription import Subscription
from adapter.broker.topology import Topology
from adapter.domain.message import OutgoingMessage, Properties, PublishOutcome, ReceivedMessage
from adapter.inbound.amqp.consumers import Consumers, consumers_of
from adapter.inbound.amqp.settings import AmqpFaceSettings, ConsumerSettings
from adapter.outbound.system_clock import SystemClock
from tests.kit.rabbitmq import eventually, running
from tests.unit.inbound_amqp.fakes import FakeQueueService

QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}
DEADLINE_SECONDS = 60.0


async def send(
    link: Link, exchange: str, routing_key: str, body: bytes = b"{}", *, mandatory: bool = True, **properties: Any
) -> PublishOutcome:
    """Publish one message with a message id of its own."""
    publisher = BrokerPublisher(link)
    message = OutgoingMessage(
        exchange, routing_key, body, Properties(**{"message_id": "id-1", **properties}), mandatory=mandatory
    )
    outcome = await publisher.publish(message)
    await publisher.close()
    return outcome


async def declare_queue(link: Link, name: str, *bindings: tuple[str, str], **arguments: Any) -> None:
    """Declare a queue of the monolith, and bind it to (exchange, routing key)s."""
    channel = await link.open_channel()
    await channel.declare_queue(name, arguments=QUORUM | arguments)
    for exchange, routing_key in bindings:
        await channel.bind(name, exchange, routing_key)
    await channel.close()


async def bind(link: Link, queue: str, exchange: str, routing_key: str) -> None:
    channel = await link.open_channel()
    await channel.bind(queue, exchange, routing_key)
    await channel.close()


async def await_ready(link: Link, queue: str, count: int) -> None:
    """Wait until a queue has so many messages that nobody holds."""
    channel = await link.open_channel()
    async with asyncio.timeout(DEADLINE_SECONDS):
        while await channel.declare_queue(queue, passive=True) != count:  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.02)
    await channel.close()


async def receive(link: Link, queue: str, count: int) -> list[ReceivedMessage]:
    """Take and acknowledge so many messages."""
    subscription = Subscription(link, queue, prefetch=100, max_bytes=100_000_000)
    received: list[ReceivedMessage] = []
    async with running(subscription.run()), asyncio.timeout(DEADLINE_SECONDS):
        while len(received) < count:
            delivery = await subscription.get()
            received.append(delivery.message)
            delivery.ack()
        await subscription.close()
    return received


async def reject_one(link: Link, queue: str) -> None:
    """Take a message and send it to the dead letters."""
    subscription = Subscription(link, queue, prefetch=1, max_bytes=1_000_000)
    async with running(subscription.run()), asyncio.timeout(DEADLINE_SECONDS):
        (await subscription.get()).reject()
        await subscription.close()


@contextlib.asynccontextmanager
async def consuming(
    link: Link, topology: Topology, service: FakeQueueService, *tasks: str, **changes: Any
) -> AsyncIterator[Consumers]:
    """Consumers of the topology's queues, or only of some of its tasks."""
    face = AmqpFaceSettings(
        requests_queue_prefix=f"{topology.prefix}.requests.",
        results_exchange=topology.results_exchange,
        own_names=topology.own_names(),
    )
    consumers = consumers_of(
        link,
        Topology(topology.prefix, tasks or topology.tasks),
        service,
        clock=SystemClock(),
        face=face,
        settings=ConsumerSettings(**{"pause_after_bug_seconds": 0.01, **changes}),
    )
    run = asyncio.create_task(consumers.run())
    try:
        await eventually(lambda: all(each.is_consuming for each in consumers.health()))
        yield consumers
    finally:
        await consumers.drain(0)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await run
