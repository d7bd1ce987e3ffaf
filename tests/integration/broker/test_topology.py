"""What is declared passes verification; each thing that is missing or wrong is found, with a command that helps."""

import asyncio
import contextlib
import json
import shlex
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapter.broker.link import Link
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.render import render
from adapter.broker.subscription import Subscription
from adapter.broker.topology import Topology, declare, verify
from adapter.domain.message import OutgoingMessage, Properties, PublishStatus
from tests.integration.broker.steps import delete_queue
from tests.kit.rabbitmq import eventually, open_link, running


@pytest.fixture
def topology(prefix: str) -> Topology:
    return Topology(prefix, ["one-task", "two-task"])


@contextlib.asynccontextmanager
async def declared(broker: Any, topology: Topology) -> AsyncIterator[Link]:
    async with open_link(broker.url) as link:
        await declare(link, topology)
        yield link


async def test_what_is_declared_is_proven(broker: Any, topology: Topology) -> None:
    async with declared(broker, topology) as link:
        await declare(link, topology)
        assert await verify(link, topology) == []
        assert link.generation == 1


async def test_the_proof_works_in_a_setup_and_leaves_no_queue_behind(broker: Any, topology: Topology) -> None:
    found: list[object] = []

    async def setup(link: Link) -> None:
        await declare(link, topology)
        found.append(await verify(link, topology))

    async with open_link(broker.url, setup=setup):
        assert found == [[]]
    listed = await asyncio.to_thread(broker.ctl, "list_queues", "name")
    assert f"{topology.prefix}.probe" not in listed


async def test_the_proof_works_beside_consumers_and_they_never_see_a_probe(broker: Any, topology: Topology) -> None:
    async with declared(broker, topology) as link, contextlib.AsyncExitStack() as stack:
        queues = [queue.name for queue in topology.queues()]
        subscriptions = [Subscription(link, name, prefetch=10, max_bytes=1000) for name in queues]
        for subscription in subscriptions:
            await stack.enter_async_context(running(subscription.run()))
            await subscription.wait_consuming(10)
        assert await verify(link, topology) == []
        await eventually(lambda: all(each.held == 0 for each in subscriptions))
        channel = await link.open_channel()
        assert [await channel.declare_queue(name, passive=True) for name in queues] == [0] * len(queues)


async def test_missing_objects_are_listed_and_the_command_makes_them(broker: Any, topology: Topology) -> None:
    async with open_link(broker.url) as link:
        problems = await verify(link, topology)
        names = {*topology.own_names()}
        assert {name for name in names if any(name in problem.message for problem in problems)} == names
        assert "import_definitions" in problems[0].command
        _import(broker, render(topology, "definitions"))
        assert await verify(link, topology) == []


def _import(broker: Any, text: str) -> None:
    path = broker.directory / "definitions.json"
    path.write_text(text)
    broker.ctl("import_definitions", str(path))


async def test_a_requests_exchange_without_an_alternate_is_found(broker: Any, topology: Topology) -> None:
    async with open_link(broker.url) as link:
        channel = await link.open_channel()
        await channel.declare_exchange(topology.requests_exchange)
        for exchange in topology.exchanges():
            if exchange.name != topology.requests_exchange:
                await channel.declare_exchange(exchange.name, exchange.kind)
        for queue in topology.queues():
            await channel.declare_queue(queue.name, arguments=queue.arguments)
        for binding in topology.bindings():
            await channel.bind(binding.queue, binding.exchange, binding.routing_key)
        problems = await verify(link, topology, timeout_seconds=6)
        assert ["alternate exchange" in problem.message for problem in problems] == [True]
        assert "set_policy" in problems[0].command
        await asyncio.to_thread(_run, broker, problems[0].command)
        assert await verify(link, topology) == []


async def test_queues_that_do_not_dead_letter_are_found(broker: Any, topology: Topology) -> None:
    async with declared(broker, topology) as link:
        channel = await link.open_channel()
        queue = topology.request_queue("one-task")
        await channel.delete_queue(queue)
        await channel.declare_queue(queue, arguments={"x-queue-type": "quorum"})
        for key in ("one-task", "one-task.*"):
            await channel.bind(queue, topology.requests_exchange, key)
        problems = await verify(link, topology, timeout_seconds=6)
        assert {problem.message.split()[0] for problem in problems} == {queue}
        assert "does not dead-letter" in problems[0].message
        await asyncio.to_thread(_run, broker, problems[0].command)
        assert await verify(link, topology) == []


def _run(broker: Any, command: str) -> None:
    broker.ctl(*shlex.split(command)[1:])


async def test_a_missing_binding_is_found(broker: Any, topology: Topology) -> None:
    async with declared(broker, topology) as link:
        queue = topology.request_queue("two-task")
        await delete_queue(link, queue)
        channel = await link.open_channel()
        arguments = next(each.arguments for each in topology.queues() if each.name == queue)
        await channel.declare_queue(queue, arguments=arguments)
        await channel.bind(queue, topology.requests_exchange, "two-task")
        problems = await verify(link, topology, timeout_seconds=6)
        assert [problem.message.split()[0] for problem in problems] == [queue]
        assert "two-task.v0" in problems[0].message


async def test_a_backlog_leaves_the_dead_letters_unproven_not_wrong(broker: Any, topology: Topology) -> None:
    async with declared(broker, topology) as link:
        publisher = BrokerPublisher(link)
        waiting = OutgoingMessage(topology.requests_exchange, "one-task", b"{}", Properties(message_id="m"))
        assert (await publisher.publish(waiting)).status is PublishStatus.CONFIRMED
        assert await verify(link, topology, timeout_seconds=6) == []
        problems = await verify(link, topology, timeout_seconds=6, with_unproven=True)
        assert [problem.is_certain for problem in problems] == [False, False]
        assert "not proven yet" in problems[0].message


async def test_the_least_rights_are_enough_and_fewer_are_told(broker: Any, topology: Topology, prefix: str) -> None:
    async with declared(broker, topology):
        await asyncio.to_thread(broker.ctl, "add_user", prefix, "secret")
        command = render(topology, "permissions", user=prefix).splitlines()[-1]
        await asyncio.to_thread(_run, broker, command)
        async with open_link(broker.url.replace("guest:guest", f"{prefix}:secret")) as link:
            assert await verify(link, topology) == []
        await asyncio.to_thread(broker.ctl, "set_permissions", prefix, "^$", ".*", ".*")
        async with open_link(broker.url.replace("guest:guest", f"{prefix}:secret")) as link:
            problems = await verify(link, topology)
            assert [problem.command for problem in problems] == [command]
            assert "403" in problems[0].message


async def test_a_rendered_definition_holds_what_declare_makes(broker: Any, topology: Topology) -> None:
    document = json.loads(render(topology, "definitions"))
    _import(broker, json.dumps(document))
    async with open_link(broker.url) as link:
        await declare(link, topology)
        assert link.generation == 1


async def test_an_unknown_task_and_an_expired_request_are_kept(broker: Any, topology: Topology) -> None:
    async with declared(broker, topology) as link, open_link(broker.url, "publish") as sending:
        publisher = BrokerPublisher(sending)
        unrouted = Subscription(link, topology.unrouted_queue, prefetch=5, max_bytes=1000)
        dead = Subscription(link, topology.dead_letter_queue, prefetch=5, max_bytes=1000)
        async with running(unrouted.run()), running(dead.run()):
            unknown = OutgoingMessage(topology.requests_exchange, "no-such-task", b"{}", Properties(message_id="u"))
            expired = OutgoingMessage(topology.requests_exchange, "one-task.v1", b"{}", Properties(expiration="1"))
            for message in (unknown, expired):
                assert (await publisher.publish(message)).status is PublishStatus.CONFIRMED
            assert (await unrouted.get()).message.routing_key == "no-such-task"
            assert (await dead.get()).message.properties.headers["x-first-death-reason"] == "expired"
