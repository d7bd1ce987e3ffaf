"""Connections to the broker that stall, fill up, are refused or cut: said, survived, and left without a trace."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pika import frame, spec

from adapter.broker.link import LinkState
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.subscription import RebuildTimes, Subscription
from adapter.broker.times import ProofTimes
from adapter.domain.message import OutgoingMessage, Properties, PublishStatus
from tests.integration.amqp.parts import declare_queue, receive, send
from tests.kit.application import events_of, hold_model, serving, side_of, ticket_sample
from tests.kit.fake_broker import FakeBroker, say_nothing
from tests.kit.fake_peer import Peer
from tests.kit.rabbitmq import EventLog, eventually, open_link, running
from tests.unit.inbound_amqp.messages import direct_reply_to

JSON = "application/json"
REQUEST = spec.BasicProperties(message_id="r1", content_type=JSON, delivery_mode=2)
QUICK = RebuildTimes(first_backoff_seconds=0.01, max_backoff_seconds=0.05, proof=ProofTimes(0.01, 5))


def half_a_frame(peer: Peer) -> None:
    """Send the beginning of a delivery, then hang up."""
    peer.raw(frame.Method(1, spec.Basic.Deliver("tag", 1, False, "", "q")).marshal()[:9])  # noqa: FBT003 - pika's
    peer.reset()


def garbage(peer: Peer) -> None:
    peer.raw(b"\x01\x00\x01\x00\x00\x00\x04\xff\xff\xff\xff\x00")


def unexpected_frame(peer: Peer) -> None:
    """Send content that no method announced."""
    peer.raw(frame.Body(1, b"x").marshal())


def shut_down(peer: Peer) -> None:
    peer.close(320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'")


def fail_inside(peer: Peer) -> None:
    peer.close(541, "INTERNAL_ERROR")


def call_it_a_bug(peer: Peer) -> None:
    peer.close(505, "UNEXPECTED_FRAME")


@pytest.mark.parametrize("fault", [half_a_frame, garbage, unexpected_frame, shut_down, fail_inside, call_it_a_bug])
async def test_a_fresh_message_arrives_after_whatever_ended_the_connection(fault: Callable[[Peer], None]) -> None:
    log = EventLog()
    async with FakeBroker() as fake, open_link(fake.url, on_event=log) as link, open_link(fake.url) as sending:
        publisher = BrokerPublisher(sending)
        subscription = Subscription(
            link, "q", prefetch=10, max_bytes=1_000_000, times=QUICK, prober=publisher, on_event=log
        )
        async with running(subscription.run()):
            await eventually(lambda: subscription.proven)
            fault(await fake.consumer("q"))
            await eventually(lambda: link.generation == 2 and subscription.proven)
            fake.deliver("q", b"fresh")
            assert (await subscription.get()).message.body == b"fresh"
            await subscription.close()
        await publisher.close()
    assert "subscription_recovered" in log.names()


async def test_a_socket_that_opens_and_brings_nothing_is_not_taken_for_recovered() -> None:
    log = EventLog()
    async with FakeBroker() as fake, open_link(fake.url) as link, open_link(fake.url) as sending:
        fake.on_publish = lambda peer, published: peer.ack(published)
        subscription = Subscription(
            link, "q", prefetch=10, max_bytes=1_000_000, times=QUICK, prober=BrokerPublisher(sending), on_event=log
        )
        async with running(subscription.run()):
            await eventually(lambda: log.names().count("consumer_silent") >= 2)
            assert not subscription.proven
            assert "subscription_recovered" not in log.names()
            await subscription.wait_consuming(10)
            fake.deliver("q", b"fresh")
            await eventually(lambda: subscription.proven)
            await subscription.close()
    assert log.names().count("subscription_recovered") == 1


@pytest.mark.long
async def test_a_broker_that_hears_us_and_says_nothing_any_more_is_noticed_by_its_heartbeat() -> None:
    """Half-open: what we send arrives, nothing comes back. It takes pika the heartbeat and five seconds."""
    log = EventLog()
    async with FakeBroker() as fake, open_link(fake.url, heartbeat_seconds=1, on_event=log) as link:
        [peer] = fake.peers
        peer.is_mute = True
        await eventually(lambda: link.generation == 2, 20)
        assert "link_heartbeat_lost" in log.names()


async def test_a_login_that_is_revoked_is_said_tried_slowly_and_recovers(
    tmp_path: Path, broker: Any, prefix: str
) -> None:
    await asyncio.to_thread(broker.ctl, "add_user", prefix, "right")
    await asyncio.to_thread(broker.ctl, "set_permissions", prefix, ".*", ".*", ".*")
    url = broker.url.replace("guest:guest", f"{prefix}:right")
    async with open_link(broker.url) as beside, serving(tmp_path, url, prefix) as application:
        side = side_of(application)
        results = f"{prefix}-results"
        await declare_queue(beside, results, (f"{prefix}.results", "#"))
        await asyncio.to_thread(broker.ctl, "change_password", prefix, "other")
        await asyncio.to_thread(broker.ctl, "close_all_connections", "revoked")
        await eventually(lambda: side.consume_link.state is LinkState.FAILED, 20)
        assert "amqp.urls" in side.states()["broker.consume"]
        assert "right" not in str(side.states())
        attempts = side.consume_link.generation
        await asyncio.to_thread(broker.ctl, "change_password", prefix, "right")
        await eventually(lambda: set(side.states().values()) == {"open", "consuming"}, 20)
        assert side.consume_link.generation == attempts + 1
        assert events_of(application, "link_refused") >= 2
        await beside.wait_open(10)
        await send(beside, f"{prefix}.requests", "classify-ticket", ticket_sample(), message_id="r1", content_type=JSON)
        [result] = await receive(beside, results, 1)
        assert result.properties.headers["llm-outcome"] == "succeeded"


@pytest.mark.parametrize(
    ("alarm", "over"),
    [
        (("set_vm_memory_high_watermark", "0.00000001"), ("set_vm_memory_high_watermark", "0.4")),
        (("set_disk_free_limit", "1000GB"), ("set_disk_free_limit", "64MB")),
    ],
    ids=["memory", "disk"],
)
async def test_an_alarm_stops_results_and_not_the_work_and_they_come_once_it_is_over(
    tmp_path: Path, broker: Any, prefix: str, alarm: tuple[str, ...], over: tuple[str, ...]
) -> None:
    jobs = 5
    async with open_link(broker.url) as beside, serving(tmp_path, broker.url, prefix) as application:
        model, side = hold_model(application), side_of(application)
        results = f"{prefix}-results"
        await declare_queue(beside, results, (f"{prefix}.results", "#"))
        for number in range(jobs):
            await send(
                beside,
                f"{prefix}.requests",
                "classify-ticket",
                ticket_sample(),
                message_id=f"r{number}",
                content_type=JSON,
            )
        await eventually(lambda: model.calls == jobs)
        try:
            await asyncio.to_thread(broker.ctl, *alarm)
            model.go.set()
            await eventually(lambda: len(application.core.runs) == 0)
            await eventually(lambda: side.publish_link.state is LinkState.BLOCKED)
            assert side.consume_link.is_open
            assert "alarm" in side.states()["broker.publish"]
            assert await application.core.store.pending_publications() == jobs
        finally:
            await asyncio.to_thread(broker.ctl, *over)
        received = await receive(beside, results, jobs)
        assert len({one.properties.message_id for one in received}) == jobs
        assert model.calls == jobs


async def test_direct_replies_to_forged_addresses_cost_other_results_nothing(
    tmp_path: Path, broker: Any, prefix: str
) -> None:
    """This broker (before 4.2) closes the connection over a well-made address of a node that it does not know."""
    async with open_link(broker.url) as beside, serving(tmp_path, broker.url, prefix) as application:
        side = side_of(application)
        await declare_queue(beside, prefix)
        forged = OutgoingMessage("", direct_reply_to("reply@1"), b"{}", Properties(), mandatory=False)
        sound = OutgoingMessage("", prefix, b"{}", Properties())
        outcomes = await asyncio.gather(*(side.publisher.publish(one) for one in [sound, forged] * 20))
        assert {outcome.status for outcome in outcomes[::2]} == {PublishStatus.CONFIRMED}
        assert PublishStatus.CONFIRMED not in {outcome.status for outcome in outcomes[1::2]}
        assert side.publish_link.generation == 1
        assert "broker.replies" in side.states()


async def test_publishing_ends_at_once_while_the_broker_is_blocked_by_word_and_goes_on_after_it() -> None:
    async with FakeBroker() as fake, open_link(fake.url, "publish") as link:
        publisher = BrokerPublisher(link)
        message = OutgoingMessage("", "q", b"{}", Properties())
        fake.on_publish = say_nothing
        on_its_way = asyncio.create_task(publisher.publish(message))
        [sent] = await fake.saw(1)
        [peer] = fake.peers
        peer.block()
        await eventually(lambda: link.state is LinkState.BLOCKED)
        assert (await publisher.publish(message)).status is PublishStatus.NOT_SENT
        peer.unblock()
        peer.ack(sent)
        assert (await on_its_way).status is PublishStatus.CONFIRMED
        await eventually(lambda: link.state is LinkState.OPEN)
        await publisher.close()
