"""A consumer is proven by a message: by a probe of ours where no other comes, which ends where it arrives."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from adapter.broker.channel import Settle
from adapter.broker.consumer import Consumer
from adapter.broker.events import Events
from adapter.broker.probes import new_probe, sign_of_life
from adapter.broker.proof import Prover
from adapter.broker.times import ProofTimes
from adapter.domain.message import OutgoingMessage, PublishOutcome, PublishStatus, ReceivedMessage
from tests.kit.rabbitmq import EventLog

QUICK = ProofTimes(probe_seconds=0.001, silent_after_probes=3)


class FakeChannel:
    """Delivers what it is given, and remembers how it was settled."""

    is_open = True

    def __init__(self) -> None:
        self.settled: list[Settle] = []
        self.deliver: Any = None

    async def qos(self, prefetch: int) -> None:
        del prefetch

    async def consume(self, queue: str, on_delivery: Any, on_cancelled: Any) -> str:
        del queue, on_cancelled
        self.deliver = on_delivery
        return "tag"

    def settle(self, delivery_tag: int, how: Settle) -> bool:
        del delivery_tag
        self.settled.append(how)
        return True


class FakePublisher:
    """Answers as told, the last answer for ever; what is confirmed arrives if there is a channel for it."""

    def __init__(self, *answers: PublishStatus, channel: FakeChannel | None = None) -> None:
        self.sent: list[OutgoingMessage] = []
        self._answers: Iterator[PublishStatus] = iter(answers)
        self._answer = PublishStatus.NOT_SENT
        self._channel = channel

    async def publish(self, message: OutgoingMessage) -> PublishOutcome:
        self.sent.append(message)
        self._answer = next(self._answers, self._answer)
        if self._channel is not None and self._answer is PublishStatus.CONFIRMED:
            self._channel.deliver(1, as_received(message))
        return PublishOutcome(self._answer)


def as_received(message: OutgoingMessage) -> ReceivedMessage:
    return ReceivedMessage(message.body, message.properties, message.exchange, message.routing_key, "q")


async def consumer_on(channel: FakeChannel, log: EventLog) -> Consumer:
    consumer = Consumer(
        channel,  # type: ignore[arg-type]  # as much of a channel as a consumer needs
        "q",
        generation=1,
        on_delivery=lambda _: None,
        on_held=lambda: None,
        on_ended=lambda: None,
        events=Events(log),
    )
    await consumer.start(10)
    return consumer


async def proven(publisher: FakePublisher | None, channel: FakeChannel, log: EventLog, *, was_lost: bool) -> Consumer:
    consumer = await consumer_on(channel, log)
    prover = Prover("q", publisher, QUICK, Events(log))
    if was_lost:
        prover.lost()
    async with asyncio.timeout(5):
        await prover.prove(consumer)
    return consumer


async def test_a_probe_is_sent_until_one_comes_and_ends_there() -> None:
    log, channel = EventLog(), FakeChannel()
    publisher = FakePublisher(PublishStatus.NOT_SENT, PublishStatus.CONFIRMED, channel=channel)
    consumer = await proven(publisher, channel, log, was_lost=True)
    assert consumer.proven.is_set()
    assert channel.settled == [Settle.ACK]
    assert [(each.exchange, each.routing_key, each.body) for each in publisher.sent] == [("", "q", b"")] * 2
    assert log.names() == ["subscription_recovered"]


async def test_what_was_never_lost_is_not_recovered() -> None:
    log, channel = EventLog(), FakeChannel()
    await proven(FakePublisher(PublishStatus.CONFIRMED, channel=channel), channel, log, was_lost=False)
    assert log.names() == []


async def test_a_consumer_that_gets_none_of_several_is_given_up() -> None:
    log, channel = EventLog(), FakeChannel()
    consumer = await proven(FakePublisher(PublishStatus.CONFIRMED), channel, log, was_lost=True)
    assert not consumer.proven.is_set()
    assert not consumer.is_consuming
    assert log.names() == []


async def test_where_we_may_not_write_to_the_queue_the_broker_is_trusted() -> None:
    log, channel = EventLog(), FakeChannel()
    publisher = FakePublisher(PublishStatus.REFUSED)
    consumer = await proven(publisher, channel, log, was_lost=True)
    assert consumer.proven.is_set()
    assert len(publisher.sent) == 1
    assert log.names() == ["probe_refused"]


@pytest.mark.parametrize(
    ("probe", "how"),
    [(sign_of_life("q"), Settle.ACK), (new_probe("x", "k", expiration_milliseconds=1), Settle.REJECT)],
    ids=["a sign of life", "of verify, on its way to the dead letters"],
)
async def test_a_probe_goes_where_it_is_awaited_and_to_nobody_else(probe: OutgoingMessage, how: Settle) -> None:
    channel = FakeChannel()
    consumer = await consumer_on(channel, EventLog())
    channel.deliver(1, as_received(probe))
    assert channel.settled == [how]
    assert consumer.held == {}
