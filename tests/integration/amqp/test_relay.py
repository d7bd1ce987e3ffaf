"""Stored publications reach a real broker, whatever it says at first, and the store knows what became of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pika
import pytest

from adapter.broker.link import Link
from adapter.broker.publisher import BrokerPublisher
from adapter.broker.topology import Topology
from adapter.domain.job import Route
from adapter.inbound.amqp.direct_reply_to import is_genuine
from adapter.outbound.amqp.lanes import Backoff
from adapter.outbound.amqp.relay import Relay, RelaySettings
from adapter.outbound.sql.store import SqlJobStore
from adapter.outbound.system_clock import SystemClock
from adapter.service.answers import result_route
from tests.integration.amqp.jobs import ended_job
from tests.integration.amqp.parts import DEADLINE_SECONDS, bind, declare_queue, receive
from tests.kit.rabbitmq import eventually
from tests.unit.inbound_amqp.messages import direct_reply_to
from tests.unit.outbound_amqp.fakes import CountingObserver

if TYPE_CHECKING:
    from deploy.rabbitmq.private_broker import PrivateBroker


@contextlib.asynccontextmanager
async def relaying(
    store: SqlJobStore, link: Link, observer: CountingObserver | None = None, **changes: Any
) -> AsyncIterator[Relay]:
    publisher = BrokerPublisher(link)
    settings: dict[str, Any] = {"poll_seconds": 0.05, "link_pause_seconds": 0.05, "backoff": Backoff(0.05, 0.2)}
    relay = Relay(
        store, publisher, observer or CountingObserver(), SystemClock(), RelaySettings(**{**settings, **changes})
    )
    run = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        await relay.drain(0)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await run
        await publisher.close()


async def holds(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that only the store knows."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await condition():  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.01)


async def nothing_pending(store: SqlJobStore) -> None:
    async def is_empty() -> bool:
        return await store.pending_publications() == 0

    await holds(is_empty)


def address_of_a_requester_who_left(url: str) -> str:
    """Ask with direct reply-to, and hang up."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.basic_consume("amq.rabbitmq.reply-to", lambda *_: None, auto_ack=True)
        channel.basic_publish("", queue, b"", pika.BasicProperties(reply_to="amq.rabbitmq.reply-to"))
        properties = None
        while properties is None:
            _, properties, _ = channel.basic_get(queue, auto_ack=True)
        return str(properties.reply_to)


async def test_an_outcome_is_published_to_all_its_routes_and_marked(
    link: Link, topology: Topology, store: SqlJobStore
) -> None:
    replies, results = f"{topology.prefix}.replies", f"{topology.prefix}.in"
    await declare_queue(link, replies)
    await declare_queue(link, results, (topology.results_exchange, "classify.v1.*.crm"))
    async with relaying(store, link) as relay:
        routes = Route("", replies, "c-1"), result_route(topology.results_exchange, "c-1")
        _, publications = await ended_job(store, *routes, content=b'{"x":1.10}')
        relay.offer(publications)
        await nothing_pending(store)
    [reply] = await receive(link, replies, 1)
    [result] = await receive(link, results, 1)
    assert (reply.body, result.body) == (b'{"x":1.10}', b'{"x":1.10}')
    assert result.routing_key == "classify.v1.succeeded.crm"
    assert {reply.properties.message_id, result.properties.message_id} == {each.publication_id for each in publications}
    assert reply.properties.headers["llm-verdict"] == "ACCEPTED"
    assert reply.properties.correlation_id == "c-1"


async def test_a_result_that_nobody_takes_arrives_once_its_queue_is_bound(
    link: Link, topology: Topology, store: SqlJobStore
) -> None:
    observer, queue = CountingObserver(), f"{topology.prefix}.late"
    await declare_queue(link, queue)
    async with relaying(store, link, observer) as relay:
        _, publications = await ended_job(store, result_route(topology.results_exchange, ""))
        relay.offer(publications)
        await eventually(lambda: observer.counts["unroutable"] >= 2)
        assert await store.pending_publications() == 1
        await bind(link, queue, topology.results_exchange, "#")
        await nothing_pending(store)
    [result] = await receive(link, queue, 1)
    assert result.properties.message_id == publications[0].publication_id


async def test_a_result_that_nobody_takes_for_long_is_said_on_the_job(
    link: Link, topology: Topology, store: SqlJobStore
) -> None:
    async with relaying(store, link, unroutable_wait_seconds=0.2) as relay:
        job, publications = await ended_job(store, Route("", f"{topology.prefix}.replies.gone", "c"))
        relay.offer(publications)

        async def is_said() -> bool:
            stored = await store.get(job.job_id)
            return stored is not None and stored.remark is not None

        await holds(is_said)
    stored = await store.get(job.job_id)
    assert stored is not None
    assert stored.remark is not None
    assert stored.remark.reason == "RESULT_UNDELIVERABLE"
    assert stored.result is not None
    assert await store.pending_publications() == 0


async def test_a_full_queue_holds_up_only_itself(link: Link, topology: Topology, store: SqlJobStore) -> None:
    observer = CountingObserver()
    full, sound = f"{topology.prefix}.full", f"{topology.prefix}.sound"
    await declare_queue(link, full, **{"x-max-length": 1, "x-overflow": "reject-publish"})
    await declare_queue(link, sound)
    async with relaying(store, link, observer) as relay:
        for _ in range(10):
            for queue in (full, sound):
                _, publications = await ended_job(store, Route("", queue, "c"))
                relay.offer(publications)
        assert len(await receive(link, sound, 10)) == 10
        await eventually(lambda: observer.counts["nacked"] >= 3)
        received = await receive(link, full, 10)
        await nothing_pending(store)
    assert len({each.properties.message_id for each in received}) == 10


async def test_a_missing_exchange_is_waited_for(link: Link, topology: Topology, store: SqlJobStore) -> None:
    observer, exchange, queue = CountingObserver(), f"{topology.prefix}.events", f"{topology.prefix}.q"
    await declare_queue(link, queue)
    async with relaying(store, link, observer) as relay:
        _, publications = await ended_job(store, Route(exchange, "done", "c"))
        _, sound = await ended_job(store, Route("", queue, "c"))
        relay.offer([*publications, *sound])
        await eventually(lambda: observer.counts["refused"] >= 2)
        channel = await link.open_channel()
        await channel.declare_exchange(exchange, "topic")
        await channel.close()
        await bind(link, queue, exchange, "#")
        await nothing_pending(store)
    ids = {each.properties.message_id for each in await receive(link, queue, 2)}
    assert ids == {publications[0].publication_id, sound[0].publication_id}


async def test_a_direct_reply_to_somebody_who_left_is_sent_at_best(
    broker: "PrivateBroker", link: Link, store: SqlJobStore
) -> None:
    observer, address = CountingObserver(), await asyncio.to_thread(address_of_a_requester_who_left, broker.url)
    assert is_genuine(address)
    async with relaying(store, link, observer) as relay:
        job, publications = await ended_job(store, Route("", address, "c", mandatory=False))
        relay.offer(publications)
        await nothing_pending(store)
    assert observer.counts == {"confirmed": 1}
    stored = await store.get(job.job_id)
    assert stored is not None
    assert stored.remark is None


@pytest.mark.parametrize(
    "address", [direct_reply_to("reply@1"), "amq.rabbitmq.reply-to.g1h2AA5yZXBseUAxMjM0NQAAAAAAAAAAAAAAAA==.abc=="]
)
async def test_a_direct_reply_that_the_broker_falls_over_is_not_tried_for_ever(
    link: Link, topology: Topology, store: SqlJobStore, address: str
) -> None:
    observer, queue = CountingObserver(), f"{topology.prefix}.q"
    await declare_queue(link, queue)
    async with relaying(store, link, observer) as relay:
        _, publications = await ended_job(store, Route("", address, "c", mandatory=False))
        _, sound = await ended_job(store, Route("", queue, "c"))
        relay.offer([*publications, *sound])
        await nothing_pending(store)
    assert observer.counts["unknown"] <= 8  # four tries, each perhaps together with the sound one
    assert len(await receive(link, queue, 1)) == 1


async def test_a_result_that_is_too_large_for_a_message_is_said_on_the_job(
    link: Link, topology: Topology, store: SqlJobStore
) -> None:
    observer = CountingObserver()
    async with relaying(store, link, observer, max_message_bytes=1000) as relay:
        job, publications = await ended_job(
            store, Route("", f"{topology.prefix}.q", "c"), content=b'"' + b"x" * 1000 + b'"'
        )
        relay.offer(publications)
        await nothing_pending(store)
    stored = await store.get(job.job_id)
    assert stored is not None
    assert stored.remark is not None
    assert stored.remark.reason == "RESULT_TOO_LARGE"


async def test_what_another_replica_left_is_sent(link: Link, topology: Topology, store: SqlJobStore) -> None:
    queue = f"{topology.prefix}.q"
    await declare_queue(link, queue)
    _, publications = await ended_job(store, Route("", queue, "c"))
    await store.publication_failed(publications[0], "left", 0)
    async with relaying(store, link):
        await nothing_pending(store)
    assert len(await receive(link, queue, 1)) == 1


async def test_results_survive_a_broker_that_restarts(
    broker: "PrivateBroker", link: Link, topology: Topology, store: SqlJobStore
) -> None:
    observer, queue = CountingObserver(), f"{topology.prefix}.q"
    await declare_queue(link, queue)
    expected = set()
    async with relaying(store, link, observer) as relay:
        stopping = asyncio.create_task(asyncio.to_thread(broker.stop_app))
        while not (stopping.done() and relay.link_is_down):
            _, publications = await ended_job(store, Route("", queue, "c"))
            expected |= {each.publication_id for each in publications}
            relay.offer(publications)
        await stopping
        await asyncio.to_thread(broker.start_app)
        await nothing_pending(store)
    received: set[str] = set()
    while received != expected:
        received |= {each.properties.message_id for each in await receive(link, queue, len(expected - received))}
