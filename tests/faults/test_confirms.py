"""Confirms that come late, in any order, for several, never, or as a no: each result leads where it should."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pika import spec

from adapter.broker.errors import ChannelLost
from adapter.broker.link import Link
from adapter.broker.publisher import BrokerPublisher
from adapter.domain.message import OutgoingMessage, Properties, PublishOutcome, PublishStatus
from tests.kit.application import hold_model, serving, ticket_sample
from tests.kit.fake_broker import FakeBroker, OnPublish, confirm, refuse, say_nothing
from tests.kit.fake_peer import Peer, Published, Settled
from tests.kit.rabbitmq import eventually, open_link

CONFIRMED, NACKED, UNKNOWN = PublishStatus.CONFIRMED, PublishStatus.NACKED, PublishStatus.UNKNOWN


def message(message_id: str) -> OutgoingMessage:
    return OutgoingMessage("", "q", b"{}", Properties(message_id=message_id))


@contextlib.asynccontextmanager
async def sending(
    fake: FakeBroker, count: int, **options: Any
) -> AsyncIterator[tuple[Link, list[Published], "list[asyncio.Task[PublishOutcome]]"]]:
    """Messages on their way, none of them confirmed."""
    fake.on_publish = say_nothing
    async with open_link(fake.url, "publish") as link:
        publisher = BrokerPublisher(link, **options)
        waiting = [asyncio.create_task(publisher.publish(message(f"m{number}"))) for number in range(count)]
        yield link, await fake.saw(count), waiting
        assert publisher.in_flight == 0


async def statuses(waiting: "list[asyncio.Task[PublishOutcome]]") -> list[PublishStatus]:
    async with asyncio.timeout(60):
        return [outcome.status for outcome in await asyncio.gather(*waiting)]


async def test_confirms_out_of_order_and_for_several_settle_each_message_rightly() -> None:
    async with FakeBroker() as fake, sending(fake, 6) as (_, sent, waiting):
        [peer] = fake.peers
        peer.nack(sent[4])
        peer.ack(sent[2])
        peer.give_back(sent[1])
        peer.ack(sent[3], multiple=True)
        peer.ack(sent[2])
        peer.nack(sent[5], multiple=True)
        unroutable = PublishStatus.UNROUTABLE
        assert await statuses(waiting) == [CONFIRMED, unroutable, CONFIRMED, CONFIRMED, NACKED, NACKED]


async def test_what_was_on_a_channel_that_closes_is_unknown_and_its_requests_fail_with_the_code() -> None:
    async with FakeBroker() as fake, sending(fake, 3) as (link, sent, waiting):
        [peer] = fake.peers
        channel = await link.open_channel()
        fake.unanswered.add(spec.Basic.Qos)
        asking = asyncio.ensure_future(channel.qos(1))
        await eventually(lambda: peer.count(spec.Basic.Qos) == 1)
        for number in (sent[0].channel, sent[0].channel + 1):
            peer.close_channel(number, 541, "INTERNAL_ERROR - gone")
        assert await statuses(waiting) == [UNKNOWN] * 3
        with pytest.raises(ChannelLost, match="541"):
            await asking
        assert channel.pending_requests == 0
        assert link.generation == 1


async def test_one_of_several_that_closes_the_channel_is_found_and_the_others_are_sent() -> None:
    """A message of a foreign user closes the channel (406); the broker does not say which it was."""
    async with FakeBroker() as fake, open_link(fake.url, "publish") as link:
        publisher = BrokerPublisher(link)

        def close_over_m2(peer: Peer, published: Published) -> None:
            if published.properties.message_id == "m2":
                peer.close_channel(published.channel, 406, "PRECONDITION_FAILED - user_id property set to 'x'")

        def confirm_others(peer: Peer, published: Published) -> None:
            close_over_m2(peer, published)
            if published.properties.message_id != "m2":
                confirm(peer, published)

        fake.on_publish = close_over_m2
        first = await asyncio.gather(*(publisher.publish(message(f"m{number}")) for number in range(4)))
        assert {outcome.status for outcome in first} == {UNKNOWN}
        fake.on_publish = confirm_others
        second = await asyncio.gather(*(publisher.publish(message(f"m{number}")) for number in range(4)))
        assert [outcome.status for outcome in second] == [CONFIRMED, CONFIRMED, PublishStatus.REFUSED, CONFIRMED]
        assert link.generation == 1


def reset(peer: Peer, _published: Published) -> None:
    """Take it, and cut the connection before the confirm."""
    peer.reset()


@pytest.mark.parametrize(
    "trouble", [reset, say_nothing, refuse], ids=["reset before the confirm", "confirm never came", "nacked"]
)
async def test_a_result_that_was_not_confirmed_is_sent_again_with_the_same_id(
    tmp_path: Path, prefix: str, trouble: OnPublish
) -> None:
    queue = f"{prefix}.requests.classify-ticket"
    results = f"{prefix}.results"

    def results_of(fake: FakeBroker) -> list[Published]:
        return [one for one in fake.published if one.exchange == results]

    def first_in_trouble(peer: Peer, published: Published) -> None:
        in_trouble = published.exchange == results and len(results_of(peer.broker)) == 1
        (trouble if in_trouble else confirm)(peer, published)

    async with FakeBroker() as fake:
        fake.on_publish = first_in_trouble
        async with serving(tmp_path, fake.url, prefix, confirm_seconds=3) as application:
            model, peer = hold_model(application), await fake.consumer(queue)
            model.go.set()
            fake.deliver(queue, ticket_sample(), spec.BasicProperties(message_id="r1", content_type="application/json"))
            await eventually(lambda: len(results_of(fake)) >= 2)
            await eventually(lambda: Settled(spec.Basic.Ack, ticket_sample()) in peer.settled)
            store = application.core.store
            async with asyncio.timeout(60):
                while await store.pending_publications():  # noqa: ASYNC110 - the store tells nobody
                    await asyncio.sleep(0.01)
            assert model.calls == 1
        assert len({one.properties.message_id for one in results_of(fake)}) == 1
        assert len(results_of(fake)) == 2
