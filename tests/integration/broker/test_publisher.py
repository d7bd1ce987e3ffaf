"""Each outcome of a publish, and who is blamed when the broker closes the channel."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapter.broker.link import Link, LinkState
from adapter.broker.publisher import BrokerPublisher
from adapter.domain.message import OutgoingMessage, Properties, PublishOutcome, PublishStatus
from tests.integration.broker.steps import declare_queue
from tests.kit.forwarder import Forwarder, Mode
from tests.kit.rabbitmq import EventLog, eventually, open_link

CONFIRMED = PublishStatus.CONFIRMED
UNROUTABLE = PublishStatus.UNROUTABLE
REFUSED = PublishStatus.REFUSED
UNKNOWN = PublishStatus.UNKNOWN
NOT_SENT = PublishStatus.NOT_SENT


def message(queue: str, body: bytes = b"{}", exchange: str = "", **properties: Any) -> OutgoingMessage:
    return OutgoingMessage(exchange, queue, body, Properties(**properties))


async def publish_all(publisher: BrokerPublisher, *messages: OutgoingMessage) -> list[PublishOutcome]:
    return await asyncio.gather(*(publisher.publish(each) for each in messages))


def statuses(outcomes: list[PublishOutcome]) -> list[PublishStatus]:
    return [outcome.status for outcome in outcomes]


@contextlib.asynccontextmanager
async def publishing(url: str, **options: Any) -> AsyncIterator[tuple[Link, BrokerPublisher]]:
    async with open_link(url, "publish") as link:
        publisher = BrokerPublisher(link, **options)
        yield link, publisher
        await publisher.close()


async def test_a_message_that_a_queue_took_is_confirmed(broker: Any, prefix: str) -> None:
    async with publishing(broker.url) as (link, publisher):
        await declare_queue(link, prefix)
        assert (await publisher.publish(message(prefix))).status is CONFIRMED
        assert publisher.in_flight == 0


async def test_a_message_for_no_queue_is_unroutable(broker: Any, prefix: str) -> None:
    async with publishing(broker.url) as (_, publisher):
        outcome = await publisher.publish(message(prefix))
        assert outcome.status is UNROUTABLE
        assert "312" in outcome.detail


async def test_each_message_of_a_window_gets_its_own_outcome(broker: Any, prefix: str) -> None:
    """Confirms come for several at once, returns in between; the same message_id twice must not confuse them."""
    async with publishing(broker.url, window=50) as (link, publisher):
        await declare_queue(link, prefix)
        nowhere = f"{prefix}.nowhere"
        sent = [message(nowhere if index % 7 == 3 else prefix, message_id=f"m{index // 2}") for index in range(300)]
        outcomes = await publish_all(publisher, *sent)
        expected = [UNROUTABLE if each.routing_key == nowhere else CONFIRMED for each in sent]
        assert statuses(outcomes) == expected


async def test_a_full_queue_nacks(broker: Any, prefix: str) -> None:
    async with publishing(broker.url) as (link, publisher):
        await declare_queue(link, prefix, **{"x-max-length": 1, "x-overflow": "reject-publish"})

        async def is_full() -> PublishStatus:
            async with asyncio.timeout(60):
                while (outcome := await publisher.publish(message(prefix))).status is CONFIRMED:
                    pass
            return outcome.status

        assert await is_full() is PublishStatus.NACKED


async def test_nothing_is_sent_while_the_link_is_down(broker: Any, prefix: str) -> None:
    async with (
        Forwarder.to(broker.url) as forwarder,
        publishing(forwarder.url(broker.url)) as (link, publisher),
    ):
        assert (await publisher.publish(message(prefix))).status is UNROUTABLE
        forwarder.set_mode(Mode.REFUSE)
        forwarder.reset()
        await eventually(lambda: bool(link.problem))
        before = link.problem
        outcome = await publisher.publish(message(prefix))
        assert outcome.status is NOT_SENT
        assert outcome.detail in {before, link.problem}
        forwarder.set_mode(Mode.PASS)
        await link.wait_open(30)
        assert (await publisher.publish(message(prefix))).status is UNROUTABLE


async def test_nothing_is_sent_after_close(broker: Any, prefix: str) -> None:
    async with publishing(broker.url) as (_, publisher):
        await publisher.close()
        assert (await publisher.publish(message(prefix))).status is NOT_SENT


async def test_a_message_on_its_way_when_the_link_is_cut_is_unknown(broker: Any, prefix: str) -> None:
    async with (
        Forwarder.to(broker.url) as forwarder,
        publishing(forwarder.url(broker.url)) as (link, publisher),
    ):
        await declare_queue(link, prefix)
        await publisher.publish(message(prefix))
        forwarder.set_mode(Mode.BLACKHOLE)
        waiting = asyncio.ensure_future(publisher.publish(message(prefix)))
        await eventually(lambda: publisher.in_flight == 1)
        forwarder.reset()
        assert (await waiting).status is UNKNOWN


async def test_a_confirm_that_does_not_come_is_unknown_and_a_late_one_does_no_harm(broker: Any, prefix: str) -> None:
    log = EventLog()
    async with (
        Forwarder.to(broker.url) as forwarder,
        publishing(forwarder.url(broker.url), confirm_timeout_seconds=5.0, on_event=log) as (link, publisher),
    ):
        await declare_queue(link, prefix)
        await publisher.publish(message(prefix))
        forwarder.set_mode(Mode.BLACKHOLE)
        assert statuses(await publish_all(publisher, message(prefix), message(prefix))) == [UNKNOWN, UNKNOWN]
        assert publisher.in_flight == 0
        forwarder.set_mode(Mode.PASS)
        await eventually(lambda: log.names().count("confirm_late") == 2)
        assert (await publisher.publish(message(prefix))).status is CONFIRMED


async def test_waiting_for_a_slot_is_bounded(broker: Any, prefix: str) -> None:
    async with (
        Forwarder.to(broker.url) as forwarder,
        publishing(forwarder.url(broker.url), window=2, slot_timeout_seconds=0.1, confirm_timeout_seconds=1) as (
            link,
            publisher,
        ),
    ):
        await declare_queue(link, prefix)
        await publisher.publish(message(prefix))
        forwarder.set_mode(Mode.BLACKHOLE)
        outcomes = await publish_all(publisher, *[message(prefix)] * 3)
        forwarder.set_mode(Mode.PASS)
        assert sorted(statuses(outcomes)) == sorted([UNKNOWN, UNKNOWN, NOT_SENT])


async def test_a_blocked_broker_is_told_at_once_and_publishing_goes_on_afterwards(broker: Any, prefix: str) -> None:
    async with publishing(broker.url) as (link, publisher):
        await declare_queue(link, prefix)
        try:
            await asyncio.to_thread(broker.ctl, "set_vm_memory_high_watermark", "0.00000001")
            waiting = asyncio.ensure_future(publisher.publish(message(prefix)))
            await eventually(lambda: link.state is LinkState.BLOCKED)
            outcome = await publisher.publish(message(prefix))
            assert outcome.status is NOT_SENT
            assert "alarm" in outcome.detail
        finally:
            await asyncio.to_thread(broker.ctl, "set_vm_memory_high_watermark", "0.4")
        assert (await waiting).status is CONFIRMED
        await eventually(lambda: link.state is LinkState.OPEN)
        assert (await publisher.publish(message(prefix))).status is CONFIRMED


@pytest.mark.parametrize(
    "bad",
    [
        {"message_id": "x" * 256},
        {"correlation_id": "ü" * 128},
        {"headers": {"llm-cost": 0.5}},
        {"headers": {"llm-input-tokens": 2**63}},
        {"timestamp": -1},
        {"expiration": "soon"},
    ],
)
async def test_a_property_that_amqp_cannot_carry_is_refused_and_hurts_nobody(
    broker: Any, prefix: str, bad: dict[str, Any]
) -> None:
    async with publishing(broker.url) as (link, publisher):
        await declare_queue(link, prefix)
        outcomes = await publish_all(publisher, message(prefix), message(prefix, **bad), message(prefix))
        assert statuses(outcomes) == [CONFIRMED, REFUSED, CONFIRMED]
        assert link.generation == 1


async def test_a_body_over_our_limit_is_refused(broker: Any, prefix: str) -> None:
    async with publishing(broker.url, max_body_bytes=10) as (_, publisher):
        assert (await publisher.publish(message(prefix, b"x" * 11))).status is REFUSED


async def test_an_exchange_that_does_not_exist_refuses_only_its_own_messages(broker: Any, prefix: str) -> None:
    async with publishing(broker.url) as (link, publisher):
        await declare_queue(link, prefix)
        stranger = message("key", exchange=f"{prefix}.missing")
        sent = [message(prefix) if index != 20 else stranger for index in range(40)]
        outcomes = await publish_all(publisher, *sent)
        assert statuses(outcomes) == [REFUSED if each is stranger else CONFIRMED for each in sent]
        assert "404" in outcomes[20].detail
        assert link.generation == 1


async def test_the_guilty_message_is_found_when_it_comes_again(broker: Any, prefix: str) -> None:
    """A foreign user_id is refused by closing the channel (406): all on it are UNKNOWN, then only one is guilty."""
    log = EventLog()
    async with publishing(broker.url, on_event=log) as (link, publisher):
        await declare_queue(link, prefix)
        sent = [message(prefix, message_id=f"m{index}") for index in range(9)]
        sent.insert(4, message(prefix, message_id="guilty", user_id="somebody"))
        first = await publish_all(publisher, *sent)
        assert first[4].status is UNKNOWN
        assert "publishes_unknown" in log.names()
        again = [each for each, outcome in zip(sent, first, strict=True) if outcome.status is UNKNOWN]
        second = await publish_all(publisher, *again)
        assert statuses(second) == [REFUSED if each.properties.user_id else CONFIRMED for each in again]
        assert (await publisher.publish(message(prefix))).status is CONFIRMED
        assert link.generation == 1


async def test_missing_rights_are_refused_with_the_broker_s_words(broker: Any, prefix: str) -> None:
    await asyncio.to_thread(broker.ctl, "add_user", prefix, "secret")
    await asyncio.to_thread(broker.ctl, "set_permissions", prefix, "", "", "")
    url = broker.url.replace("guest:guest", f"{prefix}:secret")
    async with publishing(url) as (_, publisher):
        outcome = await publisher.publish(message("key", exchange="amq.topic"))
        assert outcome.status is REFUSED
        assert "403" in outcome.detail
        assert "--as permissions" in outcome.detail


async def test_a_caller_that_goes_away_leaves_its_slot(broker: Any, prefix: str) -> None:
    async with (
        Forwarder.to(broker.url) as forwarder,
        publishing(forwarder.url(broker.url), window=1) as (link, publisher),
    ):
        await declare_queue(link, prefix)
        await publisher.publish(message(prefix))
        forwarder.set_mode(Mode.BLACKHOLE)
        waiting = asyncio.ensure_future(publisher.publish(message(prefix)))
        await eventually(lambda: publisher.in_flight == 1)
        waiting.cancel()
        await asyncio.wait({waiting})
        forwarder.set_mode(Mode.PASS)
        assert (await publisher.publish(message(prefix))).status is CONFIRMED
