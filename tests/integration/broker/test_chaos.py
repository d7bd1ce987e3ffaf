"""Under resets in the middle of everything: what was confirmed arrives, every publish ends, nothing leaks."""

import asyncio
import random
from typing import Any

from adapter.broker.publisher import BrokerPublisher
from adapter.broker.subscription import RebuildTimes, Subscription
from adapter.domain.message import OutgoingMessage, Properties, PublishStatus
from tests.integration.broker.steps import declare_queue
from tests.kit.forwarder import Forwarder
from tests.kit.rabbitmq import eventually, open_link, running

MESSAGES = 600
CUTS = 12
QUICK = RebuildTimes(first_backoff_seconds=0.01, max_backoff_seconds=0.05)


async def test_nothing_confirmed_is_lost_while_links_are_cut_again_and_again(broker: Any, prefix: str) -> None:
    async with (
        Forwarder.to(broker.url) as forwarder,
        open_link(forwarder.url(broker.url), max_backoff_seconds=0.05) as link,
        open_link(forwarder.url(broker.url), "publish", max_backoff_seconds=0.05) as sending,
    ):
        await declare_queue(link, prefix)
        publisher = BrokerPublisher(sending, window=50)
        subscription = Subscription(link, prefix, prefetch=20, max_bytes=1_000_000, times=QUICK)
        confirmed: set[str] = set()
        received: set[str] = set()
        attempts = 0

        async def send(message_id: str) -> None:
            nonlocal attempts
            message = OutgoingMessage("", prefix, b"x" * 500, Properties(message_id=message_id))
            while (await publisher.publish(message)).status is not PublishStatus.CONFIRMED:
                attempts += 1
                await sending.wait_open(20)
            confirmed.add(message_id)

        async def take() -> None:
            async for delivery in subscription:
                received.add(delivery.message.properties.message_id)
                await asyncio.sleep(0)
                delivery.ack()

        async def cut() -> None:
            for number in range(1, CUTS + 1):
                await eventually(lambda: len(received) >= MESSAGES * number // (CUTS + 1), 30)  # noqa: B023 - awaited here
                forwarder.reset()

        async with running(subscription.run()), running(take()), running(take()):
            async with asyncio.timeout(60):
                ids = [f"m{number}" for number in range(MESSAGES)]
                random.shuffle(ids)
                await asyncio.gather(cut(), *(send(message_id) for message_id in ids))
                await eventually(lambda: received == confirmed, 20)
                await eventually(lambda: subscription.held == 0 and subscription.consuming, 20)
        assert len(confirmed) == MESSAGES
        assert link.generation > CUTS // 2
        assert publisher.in_flight == 0
        await publisher.close()
