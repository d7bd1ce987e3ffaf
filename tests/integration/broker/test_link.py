"""A link says where it stands, comes back by itself, and asks for a person where nothing else helps."""

import asyncio
import socket
from typing import Any

import pytest

from adapter.broker import topology as wiring
from adapter.broker.errors import BrokerTimeout, ChannelLost, LinkDown
from adapter.broker.link import Link, LinkSettings, LinkState
from adapter.broker.properties import to_pika
from adapter.broker.topology import Topology
from adapter.domain.message import Properties
from tests.integration.broker.steps import declare_queue
from tests.kit.forwarder import Forwarder, Mode
from tests.kit.rabbitmq import FAST, EventLog, eventually, open_link, running


async def test_another_url_is_taken_when_one_is_dead(broker: Any) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        urls = [f"amqp://guest:guest@127.0.0.1:{dead.getsockname()[1]}/", broker.url]
        link = Link(LinkSettings(urls=urls, **FAST), "consume")
        async with running(link.run()):
            await link.wait_open(30)
            assert link.problem == ""


async def test_a_link_that_cannot_connect_says_why_and_keeps_trying(broker: Any) -> None:
    async with Forwarder.to(broker.url) as forwarder:
        forwarder.set_mode(Mode.REFUSE)
        link = Link(LinkSettings(urls=[forwarder.url(broker.url)], **FAST), "consume")
        async with running(link.run()):
            await eventually(lambda: forwarder.connections >= 3)
            with pytest.raises(LinkDown, match="broker up"):
                await link.wait_open(0.01)
            assert link.state is not LinkState.FAILED
            forwarder.set_mode(Mode.PASS)
            await link.wait_open(30)


@pytest.mark.parametrize(
    ("change", "told"), [(("guest:guest", "guest:wrong"), "user or password"), (("%2F", "no-such-vhost"), "vhost")]
)
async def test_a_refused_login_needs_a_person_and_is_tried_slowly(
    broker: Any, change: tuple[str, str], told: str
) -> None:
    log = EventLog()
    settings = LinkSettings(urls=[broker.url.replace(*change)], **(FAST | {"failed_retry_seconds": 30.0}))
    link = Link(settings, "consume", on_event=log)
    async with running(link.run()):
        await eventually(lambda: link.state is LinkState.FAILED)
        assert told in link.problem
        with pytest.raises(LinkDown):
            await link.wait_open(0.3)
        assert log.names() == ["link_needs_person", "link_refused"]
        assert "wrong" not in link.problem


async def test_a_topology_that_differs_needs_a_person_and_recovers_once_it_is_changed(broker: Any, prefix: str) -> None:
    topology = Topology(prefix, ["a-task"])
    queue = topology.request_queue("a-task")
    link = Link(LinkSettings(urls=[broker.url], **FAST), "consume", setup=lambda link: wiring.declare(link, topology))
    async with open_link(broker.url) as other:
        channel = await other.open_channel()
        await channel.declare_queue(queue, arguments={"x-queue-type": "classic"})
        async with running(link.run()):
            await eventually(lambda: link.state is LinkState.FAILED)
            assert "406" in link.problem
            assert queue in link.problem
            assert "other arguments" in link.problem
            generation = link.generation
            await channel.delete_queue(queue)
            await link.wait_open(30)
            assert link.generation > generation


async def test_a_silent_connection_is_noticed_by_its_heartbeat(broker: Any) -> None:
    """It takes long: pika looks after the heartbeat plus five seconds."""
    log = EventLog()
    async with (
        Forwarder.to(broker.url) as forwarder,
        open_link(forwarder.url(broker.url), heartbeat_seconds=1, on_event=log) as link,
    ):
        forwarder.set_mode(Mode.BLACKHOLE)
        await eventually(lambda: "link_heartbeat_lost" in log.names(), 15)
        assert not link.is_open
        forwarder.reset()
        forwarder.set_mode(Mode.PASS)
        await eventually(lambda: link.is_open, 20)


async def test_requests_fail_when_their_channel_closes(broker: Any, prefix: str) -> None:
    async with open_link(broker.url) as link:
        channel = await link.open_channel()
        requests = [
            asyncio.ensure_future(channel.declare_queue(f"{prefix}.missing", passive=True)),
            asyncio.ensure_future(channel.qos(1)),
            asyncio.ensure_future(channel.bind(prefix, "amq.topic", "x")),
        ]
        async with asyncio.timeout(60):
            failed = await asyncio.gather(*requests, return_exceptions=True)
        assert [type(each) for each in failed] == [ChannelLost] * 3
        assert (await channel.closed).code == 404
        assert channel.pending_requests == 0
        with pytest.raises(ChannelLost, match="404"):
            await channel.qos(1)


async def test_requests_fail_when_the_link_is_cut(broker: Any) -> None:
    async with Forwarder.to(broker.url) as forwarder, open_link(forwarder.url(broker.url)) as link:
        channel = await link.open_channel()
        forwarder.set_mode(Mode.BLACKHOLE)
        request = asyncio.ensure_future(channel.qos(1))
        await eventually(lambda: channel.pending_requests == 1)
        forwarder.reset()
        with pytest.raises(ChannelLost):
            await request


async def test_a_request_without_an_answer_costs_its_channel_but_not_the_connection(broker: Any, prefix: str) -> None:
    async with (
        Forwarder.to(broker.url) as forwarder,
        open_link(forwarder.url(broker.url), rpc_timeout_seconds=6.0) as link,
    ):
        channel = await link.open_channel()
        forwarder.set_mode(Mode.BLACKHOLE)
        with pytest.raises(BrokerTimeout, match=r"basic\.qos"):
            await channel.qos(1)
        assert not channel.is_open
        forwarder.set_mode(Mode.PASS)
        await channel.closed
        await declare_queue(link, prefix)
        assert link.generation == 1


async def test_an_exception_in_a_callback_does_not_kill_the_connection(broker: Any, prefix: str) -> None:
    log = EventLog()

    def explode(_tag: int, _message: object) -> None:
        raise RuntimeError("a bug of ours")

    async with open_link(broker.url, on_event=log) as link:
        await declare_queue(link, prefix)
        channel = await link.open_channel()
        await channel.consume(prefix, explode, lambda: None)
        await channel.confirm_select(lambda *_: None, lambda *_: None)
        sender = await link.open_channel()
        await sender.confirm_select(explode_too, lambda *_: None)
        channel_publish(sender, prefix)
        await eventually(lambda: log.names().count("broker_callback_failed") == 2)
        await channel.qos(1)
        assert link.generation == 1


def explode_too(*_: object) -> None:
    raise RuntimeError("another bug of ours")


def channel_publish(channel: Any, queue: str) -> None:
    channel.publish("", queue, b"x", to_pika(Properties()), mandatory=True)


async def test_a_setup_that_crashes_shows_in_the_state(broker: Any) -> None:
    async def crash(_link: Link) -> None:
        raise KeyError("a bug of ours")

    link = Link(LinkSettings(urls=[broker.url], **FAST), "consume", setup=crash)
    async with running(link.run()):
        await eventually(lambda: link.state is LinkState.FAILED)
        assert "KeyError" in link.problem


async def test_a_cancelled_link_leaves_no_connection_behind(broker: Any, prefix: str) -> None:
    async with open_link(broker.url, prefix) as link:
        assert link.is_open
    assert link.state is LinkState.CLOSED
    listed = await asyncio.to_thread(broker.ctl, "list_connections", "client_properties")
    assert f"llm-adapter {prefix}" not in listed


async def test_a_link_can_be_cancelled_while_it_connects(broker: Any) -> None:
    async with Forwarder.to(broker.url) as forwarder:
        forwarder.set_mode(Mode.BLACKHOLE)
        link = Link(LinkSettings(urls=[forwarder.url(broker.url)], **FAST), "consume")
        async with running(link.run()):
            await eventually(lambda: forwarder.connections == 1)
        assert link.state is LinkState.CLOSED


@pytest.mark.parametrize("url", ["http://localhost", "amqp://guest:hunter2@localhost:port/", "localhost:5672"])
def test_a_bad_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="broker URL") as told:
        Link(LinkSettings(urls=[url]), "consume")
    assert "hunter2" not in str(told.value)
    assert "hunter2" not in repr(LinkSettings(urls=[url]))
